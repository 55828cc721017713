package fsops

import (
	"encoding/binary"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// rawEvent is an event as the kernel gives it.
func rawEvent(e inotifyEvent) []byte {
	b := make([]byte, unix.SizeofInotifyEvent, 64)
	order := binary.NativeEndian
	order.PutUint32(b, uint32(e.wd)) //nolint:gosec // the kernel's int
	order.PutUint32(b[4:], e.mask)
	order.PutUint32(b[8:], e.cookie)
	order.PutUint32(b[12:], 16)
	return append(b, append([]byte(e.name), make([]byte, 16-len(e.name))...)...)
}

// TestObserver_MovedToNowhere: what was moved to where nobody watches by now has gone before something new has its name.
func TestObserver_MovedToNowhere(t *testing.T) {
	var told []string
	o := &observer{
		Watch: Watch{Root: "/r"}, dirs: map[int32]*watchedDir{1: {wd: 1}}, dirty: map[dirEntry]struct{}{}, fd: -1, buf: make([]byte, 64),
		told: func(c Change) { told = append(told, string(c.Kind)+" "+c.Path) },
	}
	for _, e := range []inotifyEvent{
		{wd: 1, mask: unix.IN_MOVED_FROM, cookie: 7, name: "a"},
		{wd: 1, mask: unix.IN_CREATE, name: "other"},
		{wd: 99, mask: unix.IN_MOVED_TO, cookie: 7, name: "b"},
		{wd: 1, mask: unix.IN_CREATE, name: "a"},
	} {
		o.rest = append(o.rest, rawEvent(e)...)
	}
	for len(o.rest) > 0 {
		var e inotifyEvent
		e, o.rest = cutEvent(o.rest)
		must(t, o.handle(t.Context(), e))
	}
	if want := []string{"created /r/other", "removed /r/a", "created /r/a"}; !slices.Equal(told, want) || len(o.moves) > 0 {
		t.Errorf("told were %q, want %q; %d moves are left", told, want, len(o.moves))
	}
}
