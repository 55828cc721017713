package kernel

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"execd/kernel/wire"
	"execd/kernel/zmtp"
)

const (
	// minRetry and maxRetry bound the wait between two tries to connect; in
	// between it is a retryShare of the time since the start, so that waiting
	// adds little to a fast start and costs little in a slow one. A failed try
	// takes about 10 µs.
	minRetry   = 5 * time.Millisecond
	maxRetry   = 50 * time.Millisecond
	retryShare = 40

	// outputLag is how long after the exit of a process the last of its output
	// may take through the pipe; it is waited for only to explain a failure.
	outputLag = 50 * time.Millisecond
)

// starter starts one kernel; start may be called twice.
type starter struct {
	l        *Local
	spec     StartSpec
	chosen   *kernelspec
	language string
	out      tail
	network  string // of the last try
}

// portTaken reports whether another try with other ports may help: the kernel
// could not listen, or somebody else answered.
func (st *starter) portTaken(err error) bool {
	var exited *exitedError
	return st.network == "tcp" && (errors.As(err, &exited) || errors.Is(err, zmtp.ErrProtocol))
}

// start launches the kernel and returns when it is ready. On failure nothing
// is left.
func (st *starter) start(ctx context.Context) (*session, error) {
	conn, err := newConnection(st.l.cfg.RuntimeDir, st.chosen, &st.l.ports)
	if err != nil {
		return nil, st.failed(err)
	}
	st.network = conn.network
	proc, err := st.launch(conn)
	if err != nil {
		conn.remove()
		return nil, st.failed(err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-proc.Done():
			cancel(&exitedError{proc.ExitText()})
		case <-ctx.Done():
		}
	}()
	s := st.session(conn, proc)
	if err := s.connect(ctx, st.spec.Stdin); err != nil {
		s.giveUp()
		return nil, st.failed(err)
	}
	st.l.remember(s)
	s.run(st.spec.Stdin)
	if err := s.nudge(ctx); err != nil {
		proc.Kill()
		<-s.done
		return nil, st.failed(err)
	}
	s.begin()
	return s, nil
}

func (st *starter) launch(conn *connection) (Process, error) {
	env := st.chosen.environment(st.l.env, st.spec.Env)
	// ipykernel ends when its parent is not this one any more, and when it is
	// 1 without being told so: a daemon that is process 1 must say it.
	env["JPY_PARENT_PID"] = strconv.Itoa(os.Getpid())
	proc, err := st.l.cfg.Launch(LaunchSpec{
		Argv:   st.chosen.command(conn.file, env),
		Dir:    st.spec.Dir,
		Env:    env.list(),
		Output: st.out.write,
	})
	if err != nil {
		return nil, fmt.Errorf("launch: %w", err)
	}
	return proc, nil
}

func (st *starter) session(conn *connection, proc Process) *session {
	id := st.spec.ID
	if id == "" {
		id = rand.Text()
	}
	q := quirkOf(st.chosen)
	s := &session{
		local:    st.l,
		id:       id,
		language: st.language,
		message:  cmp.Or(q.interrupt, st.chosen.InterruptMode) == "message",
		proc:     proc,
		conn:     conn,
		codec:    wire.NewCodec(conn.key),
		lost:     make(chan error, 1),
		client: client{
			name:  rand.Text(),
			asks:  st.spec.Stdin,
			quirk: q,
			grace: st.l.cfg.Grace,
			logf:  func(err error) { st.l.cfg.Logf("kernel %s: %v", id, err) },
		},
	}
	s.init()
	s.transport = s
	return s
}

// failed explains a failure with what the process wrote.
func (st *starter) failed(cause error) error {
	var exited *exitedError
	if errors.As(cause, &exited) {
		time.Sleep(outputLag)
	}
	return &StartError{Kernel: st.chosen.name, Cause: cause, Output: st.out.text()}
}

// connect dials until the kernel listens. iopub is first, so that the
// subscription is there before a request can make the kernel publish, and
// because ipykernel binds it last.
func (s *session) connect(ctx context.Context, stdin bool) (err error) {
	if s.iopub, err = s.dial(ctx, iopubChannel, zmtp.Sub); err != nil {
		return err
	}
	if err := s.iopub.Subscribe(""); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if s.shell, err = s.dial(ctx, shellChannel, zmtp.Dealer); err != nil || !stdin {
		return err
	}
	s.stdin, err = s.dial(ctx, stdinChannel, zmtp.Dealer)
	return err
}

func (s *session) dial(ctx context.Context, ch channel, kind zmtp.SocketType) (*zmtp.Conn, error) {
	o := zmtp.Options{Type: kind, Frame: s.local.cfg.FrameLimit}
	if kind == zmtp.Dealer {
		o.Identity = []byte(s.name) // the same on shell and stdin: the kernel asks on stdin who sent on shell
	}
	for begun := time.Now(); ; {
		c, err := zmtp.Dial(ctx, s.conn.network, s.conn.address(ch), o)
		if err == nil {
			return c, nil
		}
		if errors.Is(err, zmtp.ErrProtocol) {
			return nil, fmt.Errorf("connect: %w", err)
		}
		wait := min(max(time.Since(begun)/retryShare, minRetry), maxRetry)
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}
