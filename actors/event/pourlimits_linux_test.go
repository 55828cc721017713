package event_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"execd/actors/event"
)

// What is too much for the disk is evicted as it is poured, and the events
// with it.
func TestPour_Evicts(t *testing.T) {
	const limit = 64 * mib
	dir := t.TempDir()
	store := event.NewStore(dir, event.Limits{DiskPerLog: limit}, func(err error) { t.Error(err) })
	l, o := store.NewLogOver("x")
	defer l.Remove()
	defer o.Remove()
	c := newConduit(t)
	p := noise(8, mib)
	for n := range 90 {
		if got := c.pour(t, l, 0, p[:mib-n]); got != mib-n {
			t.Fatalf("%d bytes were taken of %d", got, mib-n)
		}
		if u := store.Usage(); u.Disk > limit || u.Memory > 64*kib {
			t.Fatalf("%+v", u)
		}
	}
	oldest, end := o.Range()
	if held, _ := diskOf(t, dir); oldest == 0 || end-oldest < limit-8*mib || held != end-oldest {
		t.Errorf("from %d to %d, and %d bytes in files", oldest, end, held)
	}
	if got := copied(t, o, end-mib+89, end); !bytes.Equal(got, p[:mib-89]) {
		t.Error("other bytes")
	}
	first := l.Range().Oldest
	for after, gone := range map[int64]bool{0: true, first - 2: true, first - 1: false} {
		cursor := l.Cursor(after)
		chunk, _, err := cursor.Take()
		var evicted *event.EvictedError
		if errors.As(err, &evicted) != gone || !gone && len(chunk.Frames) == 0 {
			t.Errorf("behind %d of %+v: %d bytes, %v", after, l.Range(), len(chunk.Frames), err)
		}
		cursor.Close()
	}
}

// What the disk does not take, and everything where files have to be small,
// stays in the pipe, and then it is printed like anything else.
func TestPour_Refused(t *testing.T) {
	c := newConduit(t)
	for name, limit := range map[string]int64{"full": 0, "small files": 32 * mib} {
		t.Run(name, func(t *testing.T) {
			var told failures
			dir := t.TempDir()
			if limit == 0 {
				dir = full(t, "1m")
			}
			l, o := event.NewStore(dir, event.Limits{DiskPerLog: limit}, told.note).NewLogOver("x")
			defer l.Remove()
			defer o.Remove()
			var want []byte
			for n := range uint64(3) {
				p := noise(n, 700*kib)
				taken := c.pour(t, l, 0, p)
				if limit > 0 && taken != 0 || limit == 0 && n > 0 && taken == len(p) {
					t.Fatalf("%d bytes were taken", taken)
				}
				rest := make([]byte, len(p)-taken)
				if _, err := io.ReadFull(c.r, rest); err != nil || !bytes.Equal(rest, p[taken:]) {
					t.Fatalf("the rest is not in the pipe, behind %d bytes: %v", taken, err)
				}
				whole(l, rest)
				want = append(want, p...)
			}
			oldest, end := o.Range()
			if end != int64(len(want)) || oldest > end-900*kib {
				t.Errorf("from %d to %d", oldest, end)
			}
			if got := copied(t, o, oldest, end); !bytes.Equal(got, want[oldest:]) {
				t.Error("other bytes")
			}
			if limit == 0 {
				told.expect(t, 1, syscall.ENOSPC)
			}
		})
	}
}

// Who closes or removes an output while it is poured into does not disturb,
// and finds what was there before.
func TestPour_EndsInTheMiddle(t *testing.T) {
	c := newConduit(t)
	p := noise(9, 300*kib)
	for _, remove := range []bool{false, true} {
		for range 10 {
			dir := t.TempDir()
			store := event.NewStore(dir, event.Limits{}, func(err error) { t.Error(err) })
			l, o := store.NewLogOver("x")
			begun, done := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(done)
				for n := range 20 {
					whole(l, p[:kib])
					rest := make([]byte, len(p)-c.pour(t, l, 0, p))
					if _, err := io.ReadFull(c.r, rest); err != nil {
						t.Error(err)
					}
					whole(l, rest)
					if n == 2 {
						close(begun)
					}
				}
			}()
			<-begun
			if !remove {
				o.Close()
				o.Unload()
				_, end := o.Range()
				<-done
				o.Unload()
				var want []byte
				for int64(len(want)) < end {
					want = slices.Concat(want, p[:kib], p)
				}
				if got := copied(t, o, 0, end); !bytes.Equal(got, want[:end]) {
					t.Fatal("other bytes")
				}
			}
			o.Remove()
			l.Remove()
			<-done
			if _, files := diskOf(t, dir); files != 0 || store.Usage().Disk != 0 || store.Usage().Memory != 0 {
				t.Fatalf("%d files are left, %+v", files, store.Usage())
			}
		}
	}
}

// A producer is held up for a moment while the owner is far behind, and for
// nobody else.
func TestPour_WaitsAMoment(t *testing.T) {
	c, dir := newConduit(t), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l, o := event.NewStore(dir, event.Limits{}, func(err error) { t.Error(err) }).NewLogOver("x")
		l.Pace()
		p := letters(mib)
		pours := func(n int) time.Duration {
			start := time.Now()
			for range n {
				if got := c.pour(t, l, 0, p); got != len(p) {
					t.Fatalf("%d bytes were taken of %d", got, len(p))
				}
			}
			return time.Since(start)
		}
		other := l.Cursor(0)
		if took := pours(20); took != 0 {
			t.Errorf("waited %v for somebody else", took)
		}
		owner := l.Cursor(l.Head())
		l.Own(owner)
		pours(1) // from there on it is known where the owner is
		if _, _, err := owner.Take(); err != nil {
			t.Fatal(err)
		}
		if took := pours(7); took != 0 {
			t.Errorf("waited %v for an owner that is close behind", took)
		}
		if took := pours(3); took == 0 || took > 10*time.Millisecond {
			t.Errorf("waited %v for an owner that is far behind", took)
		}
		for owner.After() < l.Head() {
			if _, _, err := owner.Take(); err != nil {
				t.Fatal(err)
			}
		}
		if took := pours(1); took != 0 {
			t.Errorf("waited %v for an owner that has caught up", took)
		}
		owner.Close()
		if took := pours(20); took != 0 {
			t.Errorf("waited %v for one that has left", took)
		}
		other.Close()
		o.Remove()
		l.Remove()
	})
}
