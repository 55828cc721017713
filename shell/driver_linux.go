package shell

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// driver is the bash process of a session.
type driver struct {
	process  *Process
	feed     *feed    // its script
	reports  *reports // where it tells
	token    string   // begins each report: the shell knows it, its children do not
	thorough *os.File // a script that reports the end of a run, and the exported variables
	kept     *os.File // the state that it begins with, if any; closed when it has
	counter  *CPUCounter
	told     Usage // by counter; touched by who begins and ends runs
	toldAt   time.Time
	over     chan struct{}
	exit     Exit // set before over is closed

	assigned  bool // a script may have changed them; touched by who begins runs
	pristine  bool // its standard output is the pipe of the reports; likewise
	signalled bool // during the run; under the lock of the session

	mu     sync.Mutex
	buf    []byte
	state  state
	run    *Underway     // whose end will be reported
	synced chan struct{} // closed when what sync gave it is done, which is not a run
	fault  string        // why it was given up
	place  int64         // how far it had read its script when it ended, if it told

	heard, onReturn string // its RETURN trap, before and after the report of the end that it comes with
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
	d := &driver{token: newToken(), over: make(chan struct{})}
	if d.reports, err = newReports(d.parse, d.waitedFor); err != nil {
		return nil, err
	}
	begun, err := s.launch(d, bash)
	if err != nil {
		d.reports.close()
		d.release()
		return nil, err
	}
	if err := d.reported(begun, startPatience); err != nil {
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
func (s *Session) launch(d *driver, bash string) (begun <-chan struct{}, err error) {
	if begun, err = d.begin(s.config.ID, s.keep); err != nil {
		return nil, err
	}
	env, bare := s.config.Env, s.keep.exports == "" && s.keep.all == ""
	if !bare {
		env = nil // what was unset must not come back
	}
	var stdout *os.File
	if d.pristine = bare && !slices.ContainsFunc(env, bringsFunctions); d.pristine {
		stdout = d.reports.inlet
	}
	d.process, err = Start(Command{
		Argv: []string{bash, "--norc", "--noprofile", "/dev/fd/3"},
		Dir:  existing(s.keep.dir), Env: env, ID: s.config.ID, Quiet: true, Stdout: stdout,
		Files: []*os.File{d.feed.file},
	})
	if err != nil {
		return nil, err
	}
	d.counter = NewCPUCounter(d.process)
	d.reports.watch()
	go d.wait()
	return begun, nil
}

func newToken() string {
	var b [8]byte
	_, _ = rand.Read(b[:])                // never fails
	return "t" + hex.EncodeToString(b[:]) // a digit would belong to the \0 before it
}

// wait collects the exit of the shell and everything that it told before.
func (d *driver) wait() {
	d.exit = d.process.Run(nil)
	d.reports.take()
	d.reports.close()
	close(d.over)
	d.breakOff()
}

// breakOff ends the run that there is when the shell has ended.
func (d *driver) breakOff() {
	if u := d.takeRun(); u != nil {
		d.mu.Lock()
		u.unread = d.place == u.from
		d.mu.Unlock()
		u.conclude(d.exit)
	}
}

// awaits reports whether the end of a run is still to come.
func (d *driver) awaits(u *Underway) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.run == u
}

// waitedFor reports whether there is anything whose end is still to come.
func (d *driver) waitedFor() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.run != nil || d.synced != nil
}

// takeRun returns the run whose end is to come, and has nobody else end it.
func (d *driver) takeRun() *Underway {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.run
	d.run = nil
	return u
}

// release closes the files of a shell that has ended, or did not start.
func (d *driver) release() {
	if d.counter != nil {
		d.counter.Close()
	}
	if d.feed != nil {
		d.feed.close()
	}
	for _, f := range []*os.File{d.thorough, d.kept, d.reports.inlet} {
		if f != nil {
			_ = f.Close() // nothing was written to it here
		}
	}
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

// tell has the shell do a run.
func (d *driver) tell(r Run, u *Underway) error {
	part, file, err := d.runText(r, &u.session.lanes)
	if err != nil {
		return err
	}
	u.release = func() {
		if file != nil {
			_ = file.Close() // only read from
		}
	}
	u.from, u.prolix = d.feed.size(), d.assigned || file != nil
	d.mu.Lock()
	d.run = u
	d.mu.Unlock()
	if err := d.feed.push(part); err != nil && !errors.Is(err, errFeedClosed) {
		d.takeRun()
		u.release()
		return err
	}
	if d.isOver() { // perhaps since before there was a run
		go d.breakOff()
	}
	return nil
}

// parse takes reports: each begins and ends with a NUL and begins with the
// token, then a letter that says what it is. It returns the run that has ended,
// if one has.
func (d *driver) parse(p []byte) (ended *Underway, exit Exit) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.buf = append(d.buf, p...)
	for {
		chunk, rest, found := bytes.Cut(d.buf, []byte{0})
		if !found {
			break
		}
		if code, ok := d.take(chunk); ok {
			exit = exitedWith(code)
			ended, d.run = d.run, nil
		}
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
	return ended, exit
}

// take returns the status of a run that has ended.
func (d *driver) take(chunk []byte) (code int, ended bool) {
	heard := d.heard
	d.heard = ""
	text, ok := strings.CutPrefix(string(chunk), d.token+" ")
	if !ok && strings.HasPrefix(text, "trap -- ") && strings.HasSuffix(text, " RETURN\n") {
		d.heard = text
	}
	if !ok || text == "" {
		return 0, false // empty, or written by something else
	}
	kind, text := text[0], text[1:]
	switch kind {
	case reportRun:
		status, dir, _ := strings.Cut(text, " ")
		d.state.dir, d.onReturn = dir, heard
		n, err := strconv.Atoi(status)
		if d.synced != nil {
			close(d.synced)
			d.synced = nil
			return 0, false
		}
		return n, err == nil && d.run != nil
	case reportExports:
		d.state.exports = text
	case reportAll:
		d.state.all = d.withoutOurs(text) + d.onReturn
	case reportExit:
		d.state.dir = text
	case reportPlace:
		d.place = parsePlace(text)
	}
	return 0, false
}

// group is the control group of the shell and all it has started. A nil
// driver has none.
func (d *driver) group() *cgroup {
	if d == nil {
		return nil
	}
	return d.process.child.group
}
