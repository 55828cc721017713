package shell

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
)

// driver is the bash process of a session.
type driver struct {
	process  *Process
	feed     *feed    // its script
	reports  *source  // where it tells
	inlet    *os.File // the other end of that, which it opens to tell
	token    string   // begins each report: the shell knows it, its children do not
	thorough *os.File // a script that reports the end of a run, and the exported variables
	kept     *os.File // the state that it begins with, if any; closed when it has
	counter  *CPUCounter
	told     Usage // by counter; touched by Run alone
	over     chan struct{}
	exit     Exit       // set before over is closed
	synced   <-chan int // the end of what sync has given it

	assigned  bool // a script may have changed them; touched by Run alone
	signalled bool // during the run; under the lock of the session

	mu     sync.Mutex
	buf    []byte
	state  state
	report chan int // of the run in progress
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
	reports, w, err := newSource()
	if err != nil {
		return nil, err
	}
	d := &driver{reports: reports, inlet: os.NewFile(w, "|1"), token: newToken(), over: make(chan struct{})}
	if err := s.launch(d, bash); err != nil {
		reports.close()
		d.release()
		return nil, err
	}
	if err := d.reported(startPatience); err != nil {
		d.process.Kill()
		<-d.over
		d.release()
		return nil, err
	}
	d.feed.seal()
	s.keep.all = "" // given
	return d, nil
}

// launch starts the process, with what it does before its first run.
func (s *Session) launch(d *driver, bash string) error {
	if err := d.begin(s.config.ID, s.keep); err != nil {
		return err
	}
	env := s.config.Env
	if s.keep.exports != "" || s.keep.all != "" {
		env = nil // what was unset must not come back
	}
	var err error
	d.process, err = Start(Command{
		Argv: []string{bash, "--norc", "--noprofile", "/dev/fd/3"},
		Dir:  existing(s.keep.dir), Env: env, ID: s.config.ID, Quiet: true,
		Files: []*os.File{d.feed.file},
	})
	if err != nil {
		return err
	}
	d.counter = NewCPUCounter(d.process)
	go d.reports.pumpReports(d.read)
	go d.wait()
	return nil
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
	close(d.over)
}

// release closes the files of a shell that has ended, or did not start.
func (d *driver) release() {
	if d.counter != nil {
		d.counter.Close()
	}
	if d.feed != nil {
		d.feed.close()
	}
	for _, f := range []*os.File{d.thorough, d.kept, d.inlet} {
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

func (d *driver) awaitEnd(ctx context.Context) {
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

// tell has the shell do a run that prints into lanes, and returns where its
// status will come, and what to call when the run is over.
func (d *driver) tell(r Run, ls *lanes) (report <-chan int, release func(), err error) {
	part, file, err := d.runText(r, ls)
	if err != nil {
		return nil, nil, err
	}
	release = func() {
		if file != nil {
			_ = file.Close() // only read from
		}
	}
	ended := d.expect()
	if err := d.feed.push(part); err != nil && !errors.Is(err, errFeedClosed) {
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
	d.report = report
	return report
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
