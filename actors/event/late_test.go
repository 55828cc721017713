package event_test

import (
	"testing"

	"execd/actors/event"
)

// What comes behind the end says so, whichever way it is appended.
func TestFrame_Late(t *testing.T) {
	l := event.NewStore(t.TempDir(), event.Limits{}, nil).NewLate("x")
	t.Cleanup(l.Remove)
	l.Append(event.Event{Type: event.TypeClearOutput})
	l.Batch(func(b *event.Batch) { b.Text(event.TypeStdout, []byte("a\xff"), true) })
	c := l.Cursor(0)
	defer c.Close()
	chunk, err := c.Next(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	objects := decode(t, string(chunk.Frames), 1)
	if len(objects) != 2 || !objects[0].Late || !objects[1].Late || !objects[1].Partial || objects[1].Base64 == nil {
		t.Errorf("%s", chunk.Frames)
	}
	if o := appended(t, event.Event{Type: event.TypeClearOutput, Late: true}); o.Late {
		t.Error("an event in time is called late")
	}
}
