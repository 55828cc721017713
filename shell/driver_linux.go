package shell

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// driver is the bash process of a session.
type driver struct {
	process *Process
	control *os.File // what bash reads its commands from
	reports *source  // where it tells
	inlet   *os.File // the other end of that, which it opens to tell
	token   string   // begins each report: the shell knows it, its children do not
	short   *os.File // a script that reports the end of a run
	long    *os.File // the same, and reports the exported variables
	counter *CPUCounter
	told    Usage // by counter; touched by Run alone
	over    chan struct{}
	exit    Exit // set before over is closed

	assigned  bool // a script may have changed them; touched by Run alone
	signalled bool // during the run; under the lock of the session

	mu     sync.Mutex
	buf    []byte
	state  state
	report chan int // of the run in progress
	silent bool     // it looked deaf the last time
	fault  string   // why it was given up
}

// maxReport is the size beyond which a report is not kept: a state that large
// is not worth its memory in an idle session.
const maxReport = 16 << 20

// start makes a shell with what is kept of the last one.
func (s *Session) start() (*driver, error) {
	bash, err := findBash(s.config.Env)
	if err != nil {
		return nil, ErrNoBash
	}
	commands, control, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start session: %w", err)
	}
	defer commands.Close() //nolint:errcheck // the shell has its own
	reports, w, err := newSource()
	if err != nil {
		_ = control.Close()
		return nil, err
	}
	inlet := os.NewFile(w, "|1")
	d := &driver{control: control, reports: reports, inlet: inlet, token: newToken(), over: make(chan struct{})}
	env := s.config.Env
	if s.keep.exports != "" || s.keep.all != "" {
		env = nil // what was unset must not come back
	}
	d.process, err = Start(Command{
		Argv: []string{bash, "--norc", "--noprofile", "/dev/fd/3"},
		Dir:  existing(s.keep.dir), Env: env, ID: s.config.ID, Quiet: true,
		Files: []*os.File{commands},
	})
	if err != nil {
		_ = control.Close()
		_ = inlet.Close()
		reports.close()
		return nil, err
	}
	d.counter = NewCPUCounter(d.process)
	go d.reports.pumpReports(d.read)
	go d.wait()
	if err := d.begin(s.config.ID, s.keep); err != nil {
		d.process.Kill()
		<-d.over
		d.release()
		return nil, err
	}
	s.keep.all = "" // given
	return d, nil
}

// existing is dir, or the root where somebody has removed it.
func existing(dir string) string {
	if dir == "" {
		return ""
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "/"
	}
	return dir
}

func newToken() string {
	var b [8]byte
	_, _ = rand.Read(b[:])                // never fails
	return "t" + hex.EncodeToString(b[:]) // a digit would belong to the \0 before it
}

// wait collects the exit of the shell and everything that it told before.
func (d *driver) wait() {
	d.exit = d.process.Run(nil)
	d.reports.drain()
	d.reports.close()
	_ = d.control.Close()
	close(d.over)
}

// release closes the files of a shell that has ended.
func (d *driver) release() {
	d.counter.Close()
	for _, f := range []*os.File{d.short, d.long, d.inlet} {
		if f != nil {
			_ = f.Close() // nothing was written to it here
		}
	}
}

// pumpReports is pump for a pipe that nobody else delivers.
func (s *source) pumpReports(deliver func([]byte)) {
	defer s.end()
	s.pump(deliver)
}

func (d *driver) isOver() bool {
	select {
	case <-d.over:
		return true
	default:
		return false
	}
}

func (d *driver) await(ctx context.Context) {
	select {
	case <-d.over:
	case <-ctx.Done():
	}
}

func (d *driver) lastState(before state) state {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := d.state
	if after.dir == "" {
		after.dir = before.dir
	}
	if after.exports == "" {
		after.exports = before.exports
	}
	return after
}

// tell has the shell do a run, and returns where its status will come, and
// what to call when the run is over.
func (d *driver) tell(r Run, ends []uintptr) (report <-chan int, release func(), err error) {
	text, file, err := d.runText(r, ends)
	if err != nil {
		return nil, nil, err
	}
	release = func() {
		if file != nil {
			_ = file.Close() // only read from
		}
	}
	ended := d.expect()
	if err := d.write(text); err != nil {
		release()
		return nil, nil, err
	}
	return ended, release, nil
}

// expect returns where the next status will come.
func (d *driver) expect() <-chan int {
	report := make(chan int, 1)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.report, d.silent = report, false
	return report
}

// write gives the shell a command. A shell that has ended is no error: its
// exit tells more.
func (d *driver) write(text string) error {
	_, err := d.control.WriteString(text)
	if err != nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("write to session: %w", err)
	}
	return nil
}

// read takes reports: each begins and ends with a NUL and begins with the
// token, then a letter that says what it is.
func (d *driver) read(p []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.buf = append(d.buf, p...)
	for {
		chunk, rest, found := bytes.Cut(d.buf, []byte{0})
		if !found {
			break
		}
		d.take(chunk)
		d.buf = rest
	}
	switch {
	case len(d.buf) == 0:
		d.buf = nil
	case len(d.buf) > maxReport:
		d.buf = d.buf[:len(d.token)] // stays in its place, and is not one any more
	default:
		d.buf = bytes.Clone(d.buf)
	}
}

func (d *driver) take(chunk []byte) {
	text, ok := strings.CutPrefix(string(chunk), d.token+" ")
	if !ok || text == "" {
		return // empty, or written by something else
	}
	kind, text := text[0], text[1:]
	switch kind {
	case reportRun:
		code, dir, _ := strings.Cut(text, " ")
		d.state.dir = dir
		if n, err := strconv.Atoi(code); err == nil && d.report != nil {
			d.report <- n
			d.report = nil
		}
	case reportExports:
		d.state.exports = text
	case reportAll:
		d.state.all = d.withoutOurs(text)
	case reportExit:
		d.state.dir = text
	}
}

// group is the control group of the shell and all it has started. A nil
// driver has none.
func (d *driver) group() *cgroup {
	if d == nil {
		return nil
	}
	return d.process.child.group
}
