package shell

import (
	"strings"
	"syscall"
)

// Run is Begin and End.
func (s *Session) Run(r Run, sink Sink) (exit Exit, late <-chan struct{}, err error) {
	u, err := s.Begin(r, sink)
	if err != nil {
		return Exit{}, nil, err
	}
	exit, late = u.End()
	return exit, late, nil
}

// Underway is a run that the shell has been given.
type Underway struct {
	session *Session
	driver  *driver
	before  Usage
	ended   <-chan int // the status
	lasts   <-chan struct{}
	release func()
}

// Begin has the shell run a script whose output goes to sink. It waits for
// nothing but a shell, where there has to be a fresh one. The run has to be
// ended by End, and until then there is no other.
func (s *Session) Begin(r Run, sink Sink) (*Underway, error) {
	if strings.ContainsRune(r.Script, 0) {
		return nil, ErrNUL
	}
	d, err := s.begin(r.ID)
	if err != nil {
		return nil, err
	}
	s.printing.Lock()
	u := &Underway{session: s, driver: d, lasts: r.Lasts}
	if err = s.lanes.begin(sink, func() { _ = d.process.Signal(syscall.SIGKILL) }); err == nil {
		u.before = d.used()
		u.ended, u.release, err = d.tell(r, &s.lanes)
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

// End waits for the end of the run, and returns how it ended, which is how the
// shell did if that is what the script made it do; Usage is the CPU time
// that was used meanwhile, by what earlier runs have left running too. Output
// of what the script has left in the background goes to the sink until late is
// closed.
func (u *Underway) End() (exit Exit, late <-chan struct{}) {
	s, d := u.session, u.driver
	defer s.retire()
	defer s.printing.Unlock()
	exit = d.followRun(u.ended, u.lasts, s.lanes.follow)
	exit.Usage = usedBetween(u.before, d.used())
	u.release()
	s.end(d)
	return exit, s.lanes.settle()
}
