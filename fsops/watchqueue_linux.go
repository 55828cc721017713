package fsops

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// wait reads events, or returns because something has to be told.
func (o *observer) wait(ctx context.Context) error {
	if err := o.file.SetReadDeadline(o.deadline()); err != nil {
		return fmt.Errorf("watch %s: %w", o.Root, err)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	n, err := o.file.Read(o.buf)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("watch %s: %w", o.Root, err)
	}
	o.read += int64(n)
	o.rest = append(o.rest[:0], o.buf[:n]...)
	return nil
}

// mostPulled bounds the events that are held.
const mostPulled = 16 << 20

// pull reads the events that there are, without waiting.
func (o *observer) pull() error {
	for {
		n, err := unix.Read(o.fd, o.buf)
		if err != nil || n <= 0 {
			return nil //nolint:nilerr // there are none
		}
		o.read += int64(n)
		if o.rest = append(o.rest, o.buf[:n]...); len(o.rest) > mostPulled {
			return errOverflow
		}
	}
}

// comes reports whether an event that is still to be handled is about what is
// called so.
func (o *observer) comes(at dirEntry) bool {
	for rest := o.rest; len(rest) > 0; {
		var e inotifyEvent
		e, rest = cutEvent(rest)
		if e.wd == at.dir.wd && e.name == at.name && e.is(unix.IN_CREATE|unix.IN_DELETE|unix.IN_MOVE) {
			return true
		}
	}
	return false
}

// inotifyEvent is one of inotify(7).
type inotifyEvent struct {
	wd     int32
	mask   uint32
	cookie uint32
	name   string
}

func (e inotifyEvent) is(bits uint32) bool { return e.mask&bits != 0 }

// cutEvent splits the first event off. The kernel gives whole ones only.
func cutEvent(b []byte) (inotifyEvent, []byte) {
	order := binary.NativeEndian
	e := inotifyEvent{wd: int32(order.Uint32(b)), mask: order.Uint32(b[4:]), cookie: order.Uint32(b[8:])} //nolint:gosec // the kernel's int
	end := unix.SizeofInotifyEvent + int(order.Uint32(b[12:]))
	e.name = strings.TrimRight(string(b[unix.SizeofInotifyEvent:end]), "\x00")
	return e, b[end:]
}

// arrives reports whether the second half of a rename is among them.
func (o *observer) arrives(cookie uint32) bool {
	for rest := o.rest; len(rest) > 0; {
		var e inotifyEvent
		if e, rest = cutEvent(rest); e.cookie == cookie && e.is(unix.IN_MOVED_TO) {
			return true
		}
	}
	return false
}

// queued is where the events end that have happened by now.
func (o *observer) queued() int64 {
	n, err := unix.IoctlGetInt(o.fd, unix.TIOCINQ)
	if err != nil {
		return o.read
	}
	return o.read + int64(n)
}
