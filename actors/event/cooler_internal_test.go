package event

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// patient is how long a test waits for what should happen at once.
const patient = 30 * time.Second

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patient); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain waited for %s", what)
		}
	}
}

// Each file is written out some way behind the newest and dropped further
// behind, once each, and those of a log that is short of disk are left alone.
func TestCooler_Due(t *testing.T) {
	s := &spool{store: NewStore(t.TempDir(), Limits{}, nil)}
	seen := map[*extent][]int{}
	for n := range 20 {
		s.extents = append(s.extents, &extent{path: strconv.Itoa(n)})
		for _, x := range s.cooling() {
			seen[x] = append(seen[x], n)
		}
	}
	for i, x := range s.extents {
		var want []int
		for _, behind := range []int{writtenOut, dropped} {
			if i+behind < 20 {
				want = append(want, i+behind)
			}
		}
		if !slices.Equal(seen[x], want) {
			t.Errorf("file %d was due at %v, want %v", i, seen[x], want)
		}
	}
	s.store = NewStore(t.TempDir(), Limits{DiskPerLog: 1 << 20}, nil)
	if due := s.cooling(); due != nil {
		t.Errorf("of a small log %d files are due", len(due))
	}
}

// What is added is done in order, also what is added meanwhile, and then
// nothing is left: no goroutine, see TestMain.
func TestCooler_Ends(t *testing.T) {
	dir := t.TempDir()
	var c cooler
	idle := func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.paths == nil
	}
	for round := range 3 {
		for n := range 50 {
			x := &extent{path: filepath.Join(dir, strconv.Itoa(n))}
			if n%2 == 0 && round == 0 { // the others are gone
				if err := os.WriteFile(x.path, []byte(x.path), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c.add([]*extent{x})
		}
		c.add(nil)
		until(t, "the cooler", idle)
	}
	for n := range 50 {
		path := filepath.Join(dir, strconv.Itoa(n))
		if got, _ := os.ReadFile(path); n%2 == 0 && string(got) != path {
			t.Errorf("%s has %q", path, got)
		}
	}
}
