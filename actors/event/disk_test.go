package event_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"execd/actors/event"
)

// failures counts what a store was told, and keeps the last.
type failures struct {
	n    atomic.Int32
	last atomic.Value
}

func (f *failures) note(err error) {
	f.n.Add(1)
	f.last.Store(err)
}

func (f *failures) expect(t *testing.T, n int32, want error) {
	t.Helper()
	if f.n.Load() != n {
		t.Errorf("told %d times, want %d", f.n.Load(), n)
	}
	if err, _ := f.last.Load().(error); !errors.Is(err, want) {
		t.Errorf("told %v, want %v", err, want)
	}
}

// unwritable is a directory that cannot be made, for root neither.
func unwritable(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(file, "events")
}

// full is a file system with size bytes.
func full(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("execd-test", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("needs a file system of its own: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// Where nothing can be written, the newest part stays in memory, and who asks
// for the rest is told.
func TestDisk_Unwritable(t *testing.T) {
	var told failures
	store := event.NewStore(unwritable(t), event.Limits{MemoryPerLog: 256 * kib}, told.note)
	l := store.NewLog("x")
	defer l.Remove()
	fill(l, 2*mib, func() {
		if m := store.Usage().Memory; m > 256*kib+slack {
			t.Fatalf("%d bytes in memory", m)
		}
	})
	l.End(event.Event{Type: event.TypeComplete})
	told.expect(t, 1, syscall.ENOTDIR)
	r := l.Range()
	if u := store.Usage(); r.Oldest == 1 || r.Bytes < 128*kib || u.Disk != 0 || u.Evicted == 0 {
		t.Errorf("%+v %+v", r, u)
	}
	evictedBelow(t, l, r.Oldest)
}

// A file can be made on a full disk, but not written to.
func TestDisk_Full(t *testing.T) {
	for _, size := range []string{"4k", "100k", "1m"} {
		t.Run(size, func(t *testing.T) {
			var told failures
			dir := full(t, size)
			store := event.NewStore(dir, event.Limits{MemoryPerLog: 128 * kib, DiskPerLog: 3 * mib}, told.note)
			l := store.NewLog("x")
			defer l.Remove()
			fill(l, 4*mib, nil)
			l.End(event.Event{Type: event.TypeComplete})
			told.expect(t, 1, syscall.ENOSPC)
			if bytes, _ := diskOf(t, dir); bytes != store.Usage().Disk {
				t.Errorf("%d bytes in files, %+v", bytes, store.Usage())
			}
			evictedBelow(t, l, l.Range().Oldest)
			if r := l.Range(); r.Oldest > r.Last-32 {
				t.Errorf("more was given up than had to be: %+v", r)
			}
		})
	}
}

// Each log says it once; the exact output does the same.
func TestDisk_FullForMany(t *testing.T) {
	var told failures
	store := event.NewStore(unwritable(t), event.Limits{MemoryPerLog: 64 * kib}, told.note)
	for _, id := range []string{"a", "b"} {
		l, o := store.NewLog(id), store.NewOutput(id)
		fill(l, 512*kib, nil)
		for range 512 {
			o.Write(make([]byte, kib))
		}
		if oldest, end := o.Range(); oldest == 0 || end != 512*kib {
			t.Errorf("the output is from %d to %d", oldest, end)
		}
		l.Remove()
		o.Remove()
	}
	told.expect(t, 4, syscall.ENOTDIR)
	if u := store.Usage(); u.Memory != 0 || u.Disk != 0 {
		t.Errorf("%+v", u)
	}
}

// To leave the memory is a wish: an ended log whose files cannot be written
// is still there, all of it.
func TestDisk_UnloadRefused(t *testing.T) {
	var told failures
	store := event.NewStore(unwritable(t), event.Limits{}, told.note)
	l := store.NewLog("x")
	defer l.Remove()
	fill(l, 256*kib, nil)
	l.End(event.Event{Type: event.TypeComplete})
	before := readAll(t, l, 0)
	l.Unload()
	if readAll(t, l, 0) != before || store.Usage().Memory != int64(len(before)) {
		t.Errorf("%+v %+v", l.Range(), store.Usage())
	}
	told.expect(t, 1, syscall.ENOTDIR)
}

// Somebody who empties the directory does not stop the log, and no reader gets
// something else instead.
func TestDisk_Emptied(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "events")
	store := event.NewStore(dir, event.Limits{MemoryPerLog: 64 * kib, DiskPerLog: 512 * kib}, func(err error) { t.Error(err) })
	l := store.NewLog("x")
	defer l.Remove()
	fill(l, 300*kib, nil)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	c := l.Cursor(0)
	if _, err := c.Next(deadline(t)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
	c.Close()
	fill(l, 2*mib, nil)
	l.End(event.Event{Type: event.TypeComplete})
	if all := readAll(t, l, l.Range().Oldest-1); !strings.Contains(all, "execution_complete") {
		t.Error("the end is missing")
	}
}
