package shell

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Session is one long-lived bash that runs scripts one after the other, so
// that its state is real: functions, aliases, variables, options, traps, the
// working directory and jobs are there in the next run.
//
// bash reads its commands from a file of its own and reports the end of each
// run on a pipe; standard input, output and error belong to the run alone.
// So nothing that a script reads or prints can be taken for the protocol.
// When a script ends the shell itself, the next run gets a fresh one.
//
// There is one run at a time, from Begin to End; all other methods may be called
// by any goroutine.
type Session struct {
	config SessionConfig

	printing sync.Mutex // of the run in progress
	lanes    lanes

	mu     sync.Mutex
	driver *driver // nil until the next run
	keep   state   // what a fresh shell begins with
	fresh  string  // why the next run gets a fresh one
	closed bool
	run    string // the id of the run in progress
	began  uint64 // when it did

	former []*cgroup // of shells that have ended and left somebody behind
}

// NewSession starts the shell of a session.
func NewSession(c SessionConfig) (*Session, error) {
	s := &Session{config: c, keep: state{dir: c.Dir}}
	d, err := s.start()
	if err != nil {
		return nil, err
	}
	s.driver = d
	return s, nil
}

// Fresh says why the next run will not find the state of the last one; empty
// when it will.
func (s *Session) Fresh() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.driver != nil && s.driver.isOver() {
		s.bury(s.driver)
	}
	return s.fresh
}

// Prepare makes in advance what the next run needs. It may be called at any
// time, and is best called after the end of a run has been told.
func (s *Session) Prepare() {
	s.mu.Lock()
	d := s.driver
	s.mu.Unlock()
	if d != nil {
		d.feed.prepare()
	}
}

// retire closes the lanes of a session that is closed, unless a run has them:
// that calls it at its end.
func (s *Session) retire() {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed && s.printing.TryLock() {
		s.lanes.close()
		s.printing.Unlock()
	}
}

// begin takes the shell for a run.
func (s *Session) begin(id string) (*driver, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrSessionClosed
	}
	if s.driver != nil && s.driver.isOver() {
		s.bury(s.driver)
	}
	if s.driver == nil {
		d, err := s.start()
		for errors.Is(err, errEndedEarly) && s.keep.lessen() {
			d, err = s.start()
		}
		if err != nil {
			return nil, err
		}
		s.driver = d
	}
	s.run, s.fresh, s.began = id, "", sinceBoot()
	return s.driver, nil
}

// end gives the shell back, or buries it.
func (s *Session) end(d *driver) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for d != nil && d.signalled {
		d.signalled = false
		s.mu.Unlock()
		if done, err := d.sync(""); err == nil { // whether it has outlived the signal: if not, the next run must not be the one to end
			_ = d.reported(done, 0)
		}
		s.mu.Lock()
	}
	s.run = ""
	if d != nil && d.isOver() && s.driver == d {
		s.bury(d)
	}
}

// bury keeps what is known of a shell that has ended. It needs the lock.
func (s *Session) bury(d *driver) {
	s.driver = nil
	s.former = slices.DeleteFunc(append(s.former, d.group()), func(c *cgroup) bool { return len(c.pids()) == 0 })
	d.release()
	s.keep = d.lastState(s.keep)
	s.fresh = fmt.Sprintf("the shell of this session ended (%s); working directory and exported variables are kept", d.ending())
	if s.keep.all != "" {
		s.fresh = "the run before was interrupted; the state of the shell is kept, but not its table of jobs"
	}
}

// Interrupt ends the run in progress and keeps the session: first goes to
// everything that the run has started and SIGINT to the shell, SIGKILL after
// the grace to what is left, and a little later to the shell. It returns when
// they are gone, or ctx is over, and tells how many processes it has seen.
func (s *Session) Interrupt(ctx context.Context, id string, first syscall.Signal, grace time.Duration) int {
	seen := census{}
	kin := s.kin(id, seen)
	find := kin.members
	// The shell before its child: it acts when the child has ended, and would
	// go on with the next command otherwise.
	d, _ := s.signalShell(id, syscall.SIGINT) // gone is as good
	if d != nil {
		_ = d.process.signalLeader(syscall.SIGCONT) // it may have stopped itself
	}
	look := func() ([]member, bool) { return kin.near(d.group()) }
	found, steady := look()
	asked := census{}
	var weather storm
	deadline := time.Now().Add(grace)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		if len(found) == 0 && steady {
			found = find() // who has left the group of the session
		}
		seen.add(found)
		if len(found) == 0 && steady && (d == nil || s.serving(id) != d) {
			return len(seen)
		}
		late := time.Since(deadline)
		switch {
		case late < 0 && !weather.rages(seen, steady):
			askAll(asked.add(settled(found)), first)
		default:
			seen.add(sweep(find, d.group()))
		}
		if late > shellGrace && d != nil {
			d.process.Kill()
		}
		if !sleep(ctx, pause) {
			seen.add(sweep(find, d.group()))
			return len(seen)
		}
		found, steady = look()
	}
}

// kin is who belongs to a run.
func (s *Session) kin(id string, seen census) kin {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := kin{id: id, seen: seen}
	if s.run == id && s.driver != nil {
		k.nest = nest{shell: s.driver.process.Pid(), id: s.config.ID, since: s.began, group: s.driver.group()}
	}
	return k
}

// serving is the shell that has the run in progress, or nil.
func (s *Session) serving(id string) *driver {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run != id {
		return nil
	}
	return s.driver
}

// shellGrace is what the shell has to write its state after its child's end.
const shellGrace = time.Second

// Signal sends a signal to what the run in progress has started, or to the
// shell where that is nothing.
func (s *Session) Signal(id string, sig syscall.Signal) error {
	if s.serving(id) == nil {
		return syscall.ESRCH
	}
	kin := s.kin(id, nil)
	members := kin.members()
	// A run that has just begun may be about to start something, and a shell
	// that is told then waits for that before it acts.
	for began := time.Now(); time.Since(began) < hatching*tick; members = kin.members() {
		hatched := len(members) > 0 || kin.nest.since+hatching < sinceBoot()
		if hatched && len(settled(members)) == len(members) {
			break
		}
		time.Sleep(firstPause)
		if s.serving(id) == nil {
			return syscall.ESRCH
		}
	}
	if len(members) > 0 {
		return signalAll(members, sig)
	}
	_, err := s.signalShell(id, sig)
	return err
}

// signalShell sends a signal to the shell that has the run in progress, and
// returns it. The run does not end before the shell has taken the signal.
func (s *Session) signalShell(id string, sig syscall.Signal) (*driver, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run != id || s.driver == nil {
		return nil, syscall.ESRCH
	}
	s.driver.signalled = true
	return s.driver, s.driver.process.signalLeader(sig)
}

// Dir is the working directory of the shell as it was last told.
func (s *Session) Dir() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.driver != nil {
		return s.driver.lastState(s.keep).dir
	}
	return s.keep.dir
}

// Close ends the session with everything that was started in it, and tells
// how many processes that were. A run in progress ends with the shell.
func (s *Session) Close(ctx context.Context) int {
	s.mu.Lock()
	s.closed = true
	d := s.driver
	s.mu.Unlock()
	n := 0
	if d != nil {
		n = d.process.Stop(ctx, syscall.SIGKILL, 0)
		d.awaitEnd(ctx)
		s.end(d)
	}
	s.retire()
	n += endAll(ctx, kin{id: s.config.ID})
	s.mu.Lock()
	former := s.former
	s.former = nil
	s.mu.Unlock()
	for _, c := range former { // who has no mark of the session
		n += endAll(ctx, kin{group: c})
	}
	return n
}
