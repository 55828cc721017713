package event_test

import (
	"bytes"
	"testing"

	"execd/actors/event"
)

// What a reader was given stays as it is until it asks for more, also where it
// has gone to a file meanwhile and the memory is used for other things.
func TestBuffer_NotReusedUnderAReader(t *testing.T) {
	store := event.NewStore(t.TempDir(), event.Limits{MemoryPerLog: 128 * kib}, func(err error) { t.Error(err) })
	l, o := store.NewLog("x"), store.NewOutput("x")
	defer l.Remove()
	defer o.Remove()
	grow := func(letter byte) {
		p := bytes.Repeat([]byte{letter}, 4*kib)
		for range 128 { // four times what may be in memory
			l.Batch(func(b *event.Batch) { b.Text(event.TypeStdout, p, false) })
			o.Write(p)
		}
	}
	for range 4 {
		grow('x')
		c, tail := l.Cursor(l.Head()-1), o.Tail(1<<40)
		o.Write([]byte("some"))
		chunk, _, err := c.Take() // of the newest, which are in memory
		if err != nil {
			t.Fatal(err)
		}
		_, raw, _, err := tail.Take()
		if err != nil {
			t.Fatal(err)
		}
		frames, some := bytes.Clone(chunk.Frames), bytes.Clone(raw)
		grow('y')
		if !bytes.Equal(chunk.Frames, frames) || !bytes.Equal(raw, some) {
			t.Fatal("the bytes changed under their reader")
		}
		c.Close()
		tail.Close()
	}
}
