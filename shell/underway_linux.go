package shell

import (
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Underway is a run that the shell has been given. Until it lasts what it
// prints may be delivered at its end.
type Underway struct {
	session *Session
	driver  *driver
	before  Usage
	from    int64 // where in the script of the shell it begins
	exit    Exit  // set before ended is called
	unread  bool  // likewise: the shell has ended in front of it
	prolix  bool  // the shell tells more behind its end
	ended   func(*Underway)
	release func()

	mu   sync.Mutex
	over bool // the lanes are about to be the next run's
}

// Begin has the shell run a script whose output goes to sink. It waits for
// nothing but a shell, where there has to be a fresh one. Ended is called by
// another goroutine when the shell is done with the run, and has to call End;
// until then there is no other run.
func (s *Session) Begin(r Run, sink Sink, ended func(*Underway)) (*Underway, error) {
	if strings.ContainsRune(r.Script, 0) {
		return nil, ErrNUL
	}
	d, err := s.begin(r.ID)
	if err != nil {
		return nil, err
	}
	s.printing.Lock()
	u := &Underway{session: s, driver: d, ended: ended}
	if err = s.lanes.begin(sink, func() { _ = d.process.Signal(syscall.SIGKILL) }); err == nil {
		u.before = d.usedLately()
		err = d.tell(r, u)
	}
	if err != nil {
		s.lanes.close()
		s.printing.Unlock()
		s.end(d)
		s.retire()
		return nil, err
	}
	return u, nil
}

// Look waits for the end of the run, no longer than the limit, in place of
// being told of it: ended is called by this goroutine then. It takes the
// processor meanwhile, unless somebody else wants it.
func (u *Underway) Look(limit time.Duration) {
	u.driver.reports.look(func() bool { return u.driver.awaits(u) }, limit, u.prolix)
}

// Lasts has what the run prints delivered from now on.
func (u *Underway) Lasts() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.over {
		u.driver.reports.watch()
		u.session.lanes.follow()
		u.rouse()
	}
}

// rouse has a shell go on that something has stopped before it began with the
// run: nobody else would, and nothing ever be heard of the run.
func (u *Underway) rouse() {
	p := u.driver.process
	if !p.hold() {
		return
	}
	defer p.release()
	text, _ := os.ReadFile(procPath(p.Pid(), "fdinfo/255")) // where the script is not, nothing is known
	if parsePlace(string(text)) != u.from {
		return
	}
	if s, _ := readStat(p.Pid(), make([]byte, 1024)); s.stopped {
		_ = kill(p.Pid(), syscall.SIGCONT) // gone is as good
	}
}

// End is to be called once the run has ended. It returns how it did, which is
// how the shell did if that is what the script made it do; Usage is the CPU time
// that was used meanwhile, by what earlier runs have left running too. Output
// of what the script has left in the background goes to the sink until late is
// closed.
func (u *Underway) End() (exit Exit, late <-chan struct{}) {
	s, d := u.session, u.driver
	defer s.retire()
	defer s.printing.Unlock()
	exit = u.exit
	exit.Usage = usedBetween(u.before, d.used())
	u.release()
	s.end(d)
	u.mu.Lock()
	u.over = true
	u.mu.Unlock()
	return exit, s.lanes.settle()
}

// Begun reports, once the run has ended, whether the shell may have begun with
// it. Otherwise the end of the shell was the doing of what earlier runs have left,
// a trap for instance, and the run is to be given to the next one. A shell that was
// killed, or whose EXIT trap is not the session's, does not tell.
func (u *Underway) Begun() bool { return !u.unread }

// conclude calls ended, in this goroutine, which is the one that hears of the
// shell, unless it has to go on meanwhile: the shell is to be asked something.
// There is no signal for it after the look at that.
func (u *Underway) conclude(exit Exit) {
	s := u.session
	u.exit = exit
	s.mu.Lock()
	asks := u.driver.signalled
	if !asks {
		s.run = ""
	}
	s.mu.Unlock()
	if asks {
		u.unread = false // it was to end
		go u.ended(u)
		return
	}
	u.ended(u)
}
