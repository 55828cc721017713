package actors_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"execd/actors"
	"execd/actors/event"
	"execd/actors/msg"
)

func watchFiles(path string, after int64) msg.WatchFiles {
	return msg.WatchFiles{Reply: msg.NewReply[msg.Watch](), Path: path, Recursive: true, After: after}
}

// needsInotify skips where files cannot be watched.
func needsInotify(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("files are watched with inotify(7), which is Linux's")
	}
}

// told reads from a cursor up to an event, and returns what was told, with
// the names below root.
func (s *system) told(c *event.Cursor, root, last string) []string {
	s.t.Helper()
	ctx := deadline(s.t)
	var all []string
	for {
		chunk, err := c.Next(ctx)
		if err != nil {
			s.t.Fatalf("%q is not told: %v; told were %q", last, err, all)
		}
		for line := range bytes.Lines(event.NDJSON.Append(nil, chunk.Frames)) {
			var e struct{ Type, Path, Reason string }
			if err := json.Unmarshal(line, &e); err != nil {
				s.t.Fatal(err)
			}
			all = append(all, e.Type+" "+strings.TrimPrefix(e.Path, root)+e.Reason)
		}
		if slices.Contains(all, last) {
			return all
		}
	}
}

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// watching is how many watches there are.
func (s *system) watching() int {
	n := 0
	for _, a := range s.actors() {
		if a.Kind == "watch" {
			n++
		}
	}
	return n
}

func (s *system) untilWatching(n int) {
	s.t.Helper()
	for ctx := deadline(s.t); s.watching() != n; {
		if ctx.Err() != nil {
			s.t.Fatalf("%d watches, want %d", s.watching(), n)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestWatch_Shared(t *testing.T) {
	needsInotify(t)
	s, root := start(t, nil), t.TempDir()
	a, b := must(s, watchFiles(root, -1)), must(s, watchFiles(root, -1))
	defer a.Cursor.Close()
	defer b.Cursor.Close()
	flat := watchFiles(root, -1)
	flat.Recursive = false
	c := must(s, flat)
	defer c.Cursor.Close()
	if a.Log != b.Log || a.Log == c.Log || s.watching() != 2 {
		t.Errorf("%d watches", s.watching())
	}
	touch(t, root+"/f")
	for _, w := range []msg.Watch{a, b, c} {
		s.told(w.Cursor, root, "created /f")
	}
}

// TestWatch_ComesBack: what happens between two readers is told, as long as
// the watch lives; afterwards the second is told that it may have missed it.
func TestWatch_ComesBack(t *testing.T) {
	needsInotify(t)
	root := t.TempDir()
	s := start(t, func(c *actors.Config) { c.WatchRetention = 50 * time.Millisecond })
	stay := must(s, watchFiles(root, -1))
	gone := must(s, watchFiles(root, -1))
	after := gone.Cursor.After()
	gone.Cursor.Close()
	touch(t, root+"/f")
	s.told(stay.Cursor, root, "created /f")
	back := must(s, watchFiles(root, after))
	if back.Missed {
		t.Error("something was missed")
	}
	s.told(back.Cursor, root, "created /f")
	last := back.Cursor.After()
	back.Cursor.Close()
	stay.Cursor.Close()
	s.untilWatching(0)
	touch(t, root+"/unseen")
	for _, of := range []int64{last, after, 0, 1 << 62} {
		late := must(s, watchFiles(root, of))
		if !late.Missed || late.Cursor.After() == of {
			t.Errorf("after %d: goes on at %d as if nothing had been missed", of, late.Cursor.After())
		}
		late.Cursor.Close()
	}
}

func TestWatch_Limit(t *testing.T) {
	needsInotify(t)
	s := start(t, func(c *actors.Config) { c.MaxWatches = 1 })
	first := must(s, watchFiles(t.TempDir(), -1))
	var refused *msg.Error
	if _, err := ask(s, watchFiles(t.TempDir(), -1)); !errors.As(err, &refused) || refused.Code != msg.TooManyWatches {
		t.Errorf("%v", err)
	}
	first.Cursor.Close()
	must(s, watchFiles(t.TempDir(), -1)).Cursor.Close()
	s.untilWatching(1)
}

// TestWatch_Refused: what cannot be watched is told, and leaves nothing.
func TestWatch_Refused(t *testing.T) {
	needsInotify(t)
	s, root := start(t, nil), t.TempDir()
	if _, err := ask(s, watchFiles(root+"/none", -1)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	s.untilWatching(0)
}

// TestWatch_End: the log ends when the root is gone, and can still be read; a
// new root is watched anew.
func TestWatch_End(t *testing.T) {
	needsInotify(t)
	s, root := start(t, nil), t.TempDir()+"/root"
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	w := must(s, watchFiles(root, -1))
	defer w.Cursor.Close()
	after := w.Cursor.After()
	if err := os.Remove(root); err != nil {
		t.Fatal(err)
	}
	s.told(w.Cursor, root, "ended removed")
	again := must(s, watchFiles(root, after))
	s.told(again.Cursor, root, "ended removed")
	if _, err := again.Cursor.Next(deadline(t)); !errors.Is(err, io.EOF) || again.Missed {
		t.Errorf("behind the end: %v", err)
	}
	again.Cursor.Close()
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	fresh := must(s, watchFiles(root, -1))
	defer fresh.Cursor.Close()
	touch(t, root+"/f")
	s.told(fresh.Cursor, root, "created /f")
	if err := s.Stop(deadline(t)); err != nil {
		t.Error(err)
	}
}

func TestWatch_Shutdown(t *testing.T) {
	needsInotify(t)
	s, root := start(t, nil), t.TempDir()
	w := must(s, watchFiles(root, -1))
	defer w.Cursor.Close()
	if err := s.Drain(deadline(t)); err != nil {
		t.Error(err)
	}
	s.told(w.Cursor, root, "ended shutdown")
	if _, err := ask(s, watchFiles(root, -1)); !errors.Is(err, msg.ErrDraining) {
		t.Errorf("%v", err)
	}
}

// TestWatch_GivenUp: a watch whose actor fails again and again ends, and says
// so; one failure is no end.
func TestWatch_GivenUp(t *testing.T) {
	needsInotify(t)
	root := t.TempDir()
	fails := make(chan bool, 1)
	fails <- false
	s := start(t, func(c *actors.Config) {
		c.Fault = func(class actors.Class, m any) {
			fail := <-fails
			fails <- fail
			if _, asked := m.(msg.WatchFiles); asked && fail && class == "watch" {
				panic("injected")
			}
		}
	})
	w := must(s, watchFiles(root, -1))
	defer w.Cursor.Close()
	<-fails
	fails <- true
	for i := range 4 {
		if i == 1 {
			touch(t, root+"/f")
			s.told(w.Cursor, root, "created /f")
		}
		if _, err := ask(s, watchFiles(root, -1)); !errors.Is(err, msg.ErrCrashed) {
			t.Errorf("%v", err)
		}
	}
	s.told(w.Cursor, root, "ended failed")
	<-fails
	fails <- false
	other := must(s, watchFiles(root, -1))
	other.Cursor.Close()
}

// openWatches watches files for the scenario of the faults, and leaves one
// that somebody reads.
func openWatches(t *testing.T, s *system, _ func(msg.Execution, error) msg.Execution) {
	t.Helper()
	root := t.TempDir() + "/root"
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	if w, err := ask(s, watchFiles(root, -1)); err == nil {
		touch(t, root+"/f")
		s.told(w.Cursor, root, "created /f")
		if err := os.RemoveAll(root); err != nil {
			t.Fatal(err)
		}
		s.told(w.Cursor, root, "ended removed")
		w.Cursor.Close()
	}
	if w, err := ask(s, watchFiles(root, -1)); err == nil { // the root is there yet, as the first was the one that failed
		w.Cursor.Close()
	}
	s.untilWatching(0)
}
