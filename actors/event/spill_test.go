package event_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"execd/actors/event"
)

const (
	kib = 1 << 10
	mib = 1 << 20

	// slack is the segment that grows and the last one filled, which may be
	// over its size by one event.
	slack = 3 * 64 * kib
)

// diskOf is what the files in dir take, and how many there are.
func diskOf(t *testing.T, dir string) (bytes int64, files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		bytes, files = bytes+info.Size(), files+1
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return bytes, files
}

// fill appends about size bytes, in lines of about 1 KiB, and calls each after
// every line.
func fill(l *event.Log, size int, each func()) {
	line := strings.Repeat("x", kib)
	for range size / kib {
		text(l, line)
		if each != nil {
			each()
		}
	}
}

func TestSpill_MemoryIsBounded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "events")
	store := event.NewStore(dir, event.Limits{MemoryPerLog: 256 * kib, MemoryTotal: mib}, func(err error) { t.Error(err) })
	a, b := store.NewLog("a"), store.NewLog("b")
	for _, l := range []*event.Log{a, b} {
		fill(l, 4*mib, func() {
			if m := store.Usage().Memory; m > 2*(256*kib+slack) {
				t.Fatalf("%d bytes in memory", m)
			}
		})
		l.End(event.Event{Type: event.TypeComplete})
	}
	u := store.Usage()
	bytes, files := diskOf(t, dir)
	if u.Disk != bytes || files < 2 || u.Evicted != 0 || u.Memory+u.Disk != a.Range().Bytes+b.Range().Bytes {
		t.Errorf("%+v; %d bytes in %d files", u, bytes, files)
	}
	if n := strings.Count(readAll(t, a, 0), "\n\n"); n != 4*kib+1 {
		t.Errorf("%d events", n)
	}
	a.Remove()
	b.Remove()
	bytes, files = diskOf(t, dir)
	if u := store.Usage(); u != (event.Usage{}) || files != 0 {
		t.Errorf("%+v; %d bytes in %d files are left", u, bytes, files)
	}
}

// A log within its own share spills when all together are over theirs.
func TestSpill_MemoryTotal(t *testing.T) {
	const logs = 8
	store := event.NewStore(t.TempDir(), event.Limits{MemoryPerLog: mib, MemoryTotal: mib}, func(err error) { t.Error(err) })
	for n := range logs {
		l := store.NewLog(fmt.Sprint(n))
		t.Cleanup(l.Remove)
		fill(l, 512*kib, nil)
	}
	if m := store.Usage().Memory; m > mib+logs*slack || store.Usage().Disk == 0 {
		t.Errorf("%+v", store.Usage())
	}
	if !store.Crowded() {
		t.Error("not crowded")
	}
}

func TestSpill_Private(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "events")
	store := event.NewStore(dir, event.Limits{MemoryPerLog: 1}, func(err error) { t.Error(err) })
	l := store.NewLog("x")
	defer l.Remove()
	fill(l, 256*kib, nil)
	names, err := filepath.Glob(dir + "/*")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range append(names, dir) {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}

func TestSpill_DiskPerLog(t *testing.T) {
	for _, limit := range []int64{64 * kib, 256 * kib, mib, 8 * mib} {
		t.Run(fmt.Sprint(limit>>10, "KiB"), func(t *testing.T) {
			dir := t.TempDir()
			store := event.NewStore(dir, event.Limits{MemoryPerLog: 64 * kib, DiskPerLog: limit}, func(err error) { t.Error(err) })
			l := store.NewLog("x")
			defer l.Remove()
			fill(l, int(limit)+2*mib, func() {
				if d := store.Usage().Disk; d > max(limit, 2*66*kib) {
					t.Fatalf("%d bytes in files", d)
				}
			})
			l.End(event.Event{Type: event.TypeComplete})
			bytes, _ := diskOf(t, dir)
			u, r := store.Usage(), l.Range()
			if bytes != u.Disk || bytes < limit/8*6 || u.Evicted == 0 || r.Oldest == 1 {
				t.Errorf("%d bytes on disk; %+v %+v", bytes, u, r)
			}
			evictedBelow(t, l, r.Oldest)
		})
	}
}

// evictedBelow checks that what is below oldest is announced as gone, and that
// all the rest is there.
func evictedBelow(t *testing.T, l *event.Log, oldest int64) {
	t.Helper()
	for after := range oldest - 1 {
		c := l.Cursor(after)
		_, err := c.Next(deadline(t))
		c.Close()
		var evicted *event.EvictedError
		if !errors.As(err, &evicted) || evicted.Asked != after+1 || evicted.Oldest != oldest {
			t.Fatalf("after %d of %d evicted: %v", after, oldest-1, err)
		}
	}
	all := readAll(t, l, oldest-1)
	if n := int64(strings.Count(all, "\n\n")); n != l.Range().Last-oldest+1 || !strings.HasPrefix(all, fmt.Sprintf("id: %d\n", oldest)) {
		t.Errorf("%d events from %d to %d", n, oldest, l.Range().Last)
	}
}

func TestSpill_DiskTotal(t *testing.T) {
	const logs, limit = 4, 2 * mib
	store := event.NewStore(t.TempDir(), event.Limits{MemoryPerLog: 64 * kib, DiskTotal: limit}, func(err error) { t.Error(err) })
	var all []*event.Log
	for n := range logs {
		all = append(all, store.NewLog(fmt.Sprint(n)))
	}
	for range 8 {
		for _, l := range all {
			fill(l, 256*kib, nil)
		}
	}
	if u := store.Usage(); u.Disk > limit+logs*limit/8 || u.Evicted == 0 {
		t.Errorf("%+v", u)
	}
	for _, l := range all {
		l.End(event.Event{Type: event.TypeComplete})
		evictedBelow(t, l, l.Range().Oldest)
		l.Remove()
	}
	if store.Usage().Disk != 0 || store.OverBudget() {
		t.Errorf("%+v", store.Usage())
	}
}

func TestSpill_Unload(t *testing.T) {
	store := event.NewStore(t.TempDir(), event.Limits{}, func(err error) { t.Error(err) })
	l := store.NewLog("x")
	defer l.Remove()
	fill(l, 10*kib, nil)
	l.Unload()
	if store.Usage().Disk != 0 {
		t.Error("a log that goes on was unloaded")
	}
	c := l.Cursor(3)
	defer c.Close()
	if _, err := c.Next(deadline(t)); err != nil {
		t.Fatal(err)
	}
	l.End(event.Event{Type: event.TypeComplete})
	before := readAll(t, l, 0)
	l.Unload()
	l.Unload()
	if u := store.Usage(); u.Memory != 0 || u.Disk != int64(len(before)) {
		t.Errorf("%+v", u)
	}
	if readAll(t, l, 0) != before {
		t.Error("not the same afterwards")
	}
	chunk, err := c.Next(deadline(t))
	if err != nil || !strings.Contains(string(chunk.Frames), "execution_complete") {
		t.Errorf("%q %v", chunk.Frames, err)
	}
}
