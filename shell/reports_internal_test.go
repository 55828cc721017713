//go:build linux

package shell

import (
	"testing"
	"time"
)

// A run may end between the question whether it has and the look for that,
// where somebody who watches ends it: who relies on that for the next one goes on
// being told.
func TestReports_LookAtOneThatEnds(t *testing.T) {
	heard := make(chan string, 1)
	parse := func(p []byte) (*Underway, Exit) {
		heard <- string(p)
		return nil, Exit{}
	}
	r, err := newReports(parse, func() bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	defer r.inlet.Close() //nolint:errcheck // nothing is lost
	r.watch()
	asked := 0
	r.look(func() bool { asked++; return asked == 1 }, patient)
	if _, err := r.inlet.WriteString("next"); err != nil {
		t.Fatal(err)
	}
	select {
	case text := <-heard:
		if text != "next" {
			t.Errorf("%q", text)
		}
	case <-time.After(patient):
		t.Error("nobody hears of it")
	}
}
