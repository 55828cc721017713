package event_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"execd/actors/event"
)

// Whatever the writes were, the streams are told apart exactly, from any
// offset, by one who reads as they grow and by one who comes later.
func TestOutput_Streams(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 1))
		store := event.NewStore(t.TempDir(), event.Limits{MemoryPerLog: 1 << 18, MemoryTotal: 1 << 20}, func(err error) { t.Error(err) })
		o := store.NewOutput("x")
		tail := o.Tail(0)
		var all []byte
		var want, live [2][]byte
		for range 200 {
			stream, p := random.IntN(2), make([]byte, random.IntN(5000))
			for i := range p {
				p[i] = byte(random.Uint32())
			}
			o.WriteStream(stream, p)
			all, want[stream] = append(all, p...), append(want[stream], p...)
			if random.IntN(3) == 0 {
				takeAll(t, tail, &live)
			}
		}
		o.Close()
		takeAll(t, tail, &live)
		tail.Close()
		from := random.Int64N(int64(len(all)))
		late := o.Tail(from)
		var joined []byte
		for {
			_, p, err := late.Next(t.Context())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			joined = append(joined, p...)
		}
		late.Close()
		if !bytes.Equal(joined, all[from:]) {
			t.Fatalf("seed %d: from %d on: not the same", seed, from)
		}
		for stream := range want {
			if !bytes.Equal(live[stream], want[stream]) {
				t.Fatalf("seed %d: stream %d: not the same while it grew", seed, stream)
			}
			copyStream(t, random, o, stream, want[stream])
		}
		o.Remove()
	}
}

func takeAll(t *testing.T, tail *event.Tail, into *[2][]byte) {
	t.Helper()
	for {
		stream, p, more, err := tail.Take()
		if more != nil || errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		into[stream] = append(into[stream], p...)
	}
}

func copyStream(t *testing.T, random *rand.Rand, o *event.Output, stream int, want []byte) {
	t.Helper()
	oldest, end, err := o.StreamRange(stream)
	if oldest != 0 || end != int64(len(want)) || err != nil {
		t.Fatalf("stream %d is from %d to %d, %v; want 0 to %d", stream, oldest, end, err, len(want))
	}
	off := random.Int64N(end + 1)
	var got bytes.Buffer
	if err := o.CopyStream(t.Context(), &got, stream, off, end); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want[off:]) {
		t.Fatalf("stream %d from %d on: not the same", stream, off)
	}
	got.Reset()
	if err := o.CopyStream(t.Context(), &got, stream, end+6, end+6); err != nil || got.Len() > 0 {
		t.Fatalf("beyond the end of stream %d are %d bytes, %v", stream, got.Len(), err)
	}
}

// Streams that alternate byte by byte are exact together, in bounded memory.
func TestOutput_StreamsThatAlternate(t *testing.T) {
	o := event.NewStore(t.TempDir(), event.Limits{}, nil).NewOutput("x")
	defer o.Remove()
	for i := range 1_100_000 {
		o.WriteStream(i%2, []byte{byte('a' + i%2)})
	}
	if _, _, err := o.StreamRange(0); !errors.Is(err, event.ErrUntagged) {
		t.Errorf("told apart: %v", err)
	}
	if err := o.CopyStream(t.Context(), io.Discard, 0, 0, 1); !errors.Is(err, event.ErrUntagged) {
		t.Errorf("told apart: %v", err)
	}
	var got bytes.Buffer
	if err := o.CopyTo(t.Context(), &got, 0, 1_100_000); err != nil || !bytes.Equal(got.Bytes(), bytes.Repeat([]byte("ab"), 550_000)) {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
}
