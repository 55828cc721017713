//go:build linux

package shell

// Run has the shell run a script, and waits for its end.
func (s *Session) Run(r Run, sink Sink) (exit Exit, late <-chan struct{}, err error) {
	return s.run1(r, sink, true)
}

// RunBrief is Run for what is over at once.
func (s *Session) RunBrief(r Run, sink Sink) (exit Exit, late <-chan struct{}, err error) {
	return s.run1(r, sink, false)
}

func (s *Session) run1(r Run, sink Sink, lasts bool) (exit Exit, late <-chan struct{}, err error) {
	done := make(chan struct{})
	u, err := s.Begin(r, sink, func(*Underway) { close(done) })
	if err != nil {
		return Exit{}, nil, err
	}
	if lasts {
		u.Lasts()
	}
	<-done
	exit, late = u.End()
	return exit, late, nil
}
