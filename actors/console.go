package actors

import (
	"context"
	"sync"
	"time"

	"execd/actors/msg"
	"execd/shell"
)

// console is what a terminal is, apart from its actor. All methods may be
// called from any goroutine.
type console struct {
	id      string
	dir     string
	command string
	extra   map[string]string
	retry   msg.Retry
	created time.Time

	env []string // once it is ready

	mu      sync.Mutex
	ready   bool
	failure error
	waiting []msg.Reply[msg.Terminal]
	current *execution // its process now or last
	running bool
	base    int64 // what processes before the current one have printed
	pipes   bool
	holder  *seat
}

// whenReady answers r with the terminal once it can be opened.
func (c *console) whenReady(r msg.Reply[msg.Terminal]) {
	c.mu.Lock()
	ready, failure := c.ready, c.failure
	if !ready && failure == nil {
		c.waiting = append(c.waiting, r)
	}
	c.mu.Unlock()
	switch {
	case failure != nil:
		r.Fail(failure)
	case ready:
		r.Answer(c.snapshot())
	}
}

// isReady answers who waits; with an error where it is not.
func (c *console) isReady(failure error) {
	c.mu.Lock()
	c.ready, c.failure = failure == nil, failure
	waiting := c.waiting
	c.waiting = nil
	c.mu.Unlock()
	for _, r := range waiting {
		if failure != nil {
			r.Fail(failure)
			continue
		}
		r.Answer(c.snapshot())
	}
}

// seat is the place of whoever types on a terminal.
type seat struct{ lost chan struct{} }

// take takes a seat at the current process. It fails where somebody else has
// it and is not to lose it.
func (c *console) take(observer, takeover bool) (msg.Seat, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &seat{lost: make(chan struct{})}
	place := msg.Seat{Execution: c.current.snapshot(), Base: c.base, Pipes: c.pipes, Lost: s.lost, Leave: func() {}}
	if observer {
		place.Execution.Input = nil
		return place, nil
	}
	if c.holder != nil && !takeover {
		return msg.Seat{}, errHeld
	}
	if c.holder != nil {
		close(c.holder.lost)
	}
	c.holder = s
	place.Leave = func() { c.leave(s) }
	return place, nil
}

var errHeld = msg.Errorf(msg.AlreadyConnected,
	"somebody is connected to this terminal; take it over with takeover=1, or watch with role=observer")

func (c *console) leave(s *seat) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holder == s {
		c.holder = nil
	}
}

// begin makes x the current process.
func (c *console) begin(x *execution, pipes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		_, end := c.current.output.Range()
		c.base += end
	}
	c.current, c.running, c.pipes = x, true, pipes
}

func (c *console) ended() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = false
}

func (c *console) snapshot() msg.Terminal {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := msg.Terminal{ID: c.id, Running: c.running, Held: c.holder != nil, Offset: c.base, Created: c.created}
	if c.current != nil {
		_, end := c.current.output.Range()
		t.Execution, t.Offset = c.current.id, c.base+end
	}
	return t
}

// screen is the process of a terminal, on a terminal of its own or on pipes.
type screen struct {
	process  *shell.Process
	terminal *shell.Terminal // nil on pipes
}

// startingSize is that of a terminal that nobody has seen yet: a VT100's.
var startingSize = shell.Size{Columns: 80, Rows: 24}

// openScreen starts the process of x.
func (c *console) openScreen(x *execution, dir string, pipes bool) (*screen, error) {
	env := x.journey.environ(c.env)
	command := shell.Command{Argv: shell.Interactive(env, c.command), Dir: dir, Env: env, ID: x.id}
	if pipes {
		return c.openPipes(x, command)
	}
	t, err := shell.StartTerminal(command, startingSize)
	if err != nil {
		return nil, err
	}
	x.accept(&keyboard{inputTo(t.Master())})
	return &screen{t.Process, t}, nil
}

func (c *console) openPipes(x *execution, command shell.Command) (*screen, error) {
	stdin, in, err := newInput()
	if err != nil {
		return nil, err
	}
	defer stdin.Close() //nolint:errcheck // the process has its own
	command.Stdin = stdin
	p, err := shell.Start(command)
	if err != nil {
		_ = in.close() // never written to
		return nil, err
	}
	x.accept(in)
	return &screen{process: p}, nil
}

// keyboard types on a terminal. Its end is the end-of-file character, which a
// process reads only at the beginning of a line (POSIX.1-2017, XBD 11.1.9).
type keyboard struct{ *input }

var _ msg.Input = (*keyboard)(nil)

// Close implements msg.Input.
func (k *keyboard) Close(ctx context.Context) error {
	const endOfFile = "\x04"
	_, err := k.Write(ctx, []byte(endOfFile))
	return err
}
