//go:build linux

package shell

import (
	"context"
	"os"
	"strings"
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
	r.look(func() bool { asked++; return asked == 1 }, patient, false)
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

// nowhere is a Sink.
type nowhere struct{}

func (nowhere) Output(Stream, []byte) {}

// Variables that are more than the pipe holds are heard of, although nobody
// waits any more when they are told: they are kept when the shell is killed.
func TestReports_LongBehindTheEnd(t *testing.T) {
	s, err := NewSession(SessionConfig{ID: "long-behind", Dir: t.TempDir(), Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	for _, script := range []string{"export LONG=$(head -c 120000 /dev/zero | tr '\\0' a)", "export LAST=2"} {
		ended := make(chan struct{})
		u, err := s.Begin(Run{ID: "run", Script: script}, nowhere{}, func(*Underway) { close(ended) })
		if err != nil {
			t.Fatal(err)
		}
		u.Look(patient)
		<-ended
		u.End()
	}
	waitFor(t, "the variables", func() bool { return strings.Contains(s.driver.lastState(state{}).exports, `LAST="2"`) })
}
