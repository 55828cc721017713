package event_test

import (
	"testing"
	"time"

	"execd/actors/event"
)

// Who waits for an event of a brief log is woken when it is none, and finds nothing new.
func TestLog_Brief(t *testing.T) {
	l := event.NewStore(t.TempDir(), event.Limits{}, nil).NewLog("x")
	t.Cleanup(l.Remove)
	l.Brief(func(time.Duration) {})
	c := l.Cursor(0)
	defer c.Close()
	_, wait, err := c.Take()
	if err != nil || !l.IsBrief() {
		t.Fatal(err, l.IsBrief())
	}
	select {
	case <-wait:
		t.Fatal("woken without a reason")
	default:
	}
	l.Lasts()
	<-wait
	if chunk, again, err := c.Take(); err != nil || again == nil || len(chunk.Frames) > 0 || l.IsBrief() {
		t.Errorf("%q, %v, brief %t", chunk.Frames, err, l.IsBrief())
	}
}
