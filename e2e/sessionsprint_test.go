package e2e_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"
)

// sprint has a client do short runs, one right behind the other, and checks each.
func (s *session) sprint(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		s.prints(t, "echo "+strconv.Itoa(i), strconv.Itoa(i))
	}
}

// Whoever does one short run after the other loses nothing by what makes that
// fast, whatever comes in between: a run that ends the shell or lasts, one that
// leaves something behind, a client that leaves, others that come.
func TestSession_Sprint(t *testing.T) { // alone, or there is none
	d := start(t)
	s := d.newSession(t, nil)
	s.sprint(t, 100)

	s.run(t, "x=1; exit 3").ends(t, exitStatus(3, "3"))
	r := s.run(t, "echo ${x-gone}")
	if !slices.Equal(r.stdout(), []string{"gone"}) || !slices.Equal(r.statuses(), []string{"fresh_shell"}) {
		t.Errorf("%q, %q behind a shell that has ended", r.stdout(), r.statuses())
	}
	s.sprint(t, 30)

	s.prints(t, "echo first; sleep 0.3; echo second", "first", "second")
	s.sprint(t, 30)

	s.prints(t, "(sleep 0.1; echo late) & echo now", "now")
	s.sprint(t, 30)

	gone := s.open(t, "echo begun; sleep 0.2; y=2; true")
	gone.untilText(t, "begun")
	gone.close()
	s.prints(t, "echo $y", "2") // waits for its turn
	s.sprint(t, 30)

	s.prints(t, "seq 100000 | tail -n 1", "100000")
	s.prints(t, "echo a; echo; echo b", "a", "\n", "b")
	s.sprint(t, 30)

	var all sync.WaitGroup
	for range 4 {
		other := d.newSession(t, nil)
		all.Go(func() { other.sprint(t, 100) })
	}
	s.sprint(t, 100)
	all.Wait()
	s.sprint(t, 30)
	if now := s.now(t); now.Running != "" || now.Queued != 0 {
		t.Errorf("at the end: %+v", now)
	}
}
