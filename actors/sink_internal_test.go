package actors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"execd/actors/event"
	"execd/shell"
)

// TestSink_CutCharacters: however output in bytes mode is cut, an event ends
// inside a character only where what follows does not complete it.
func TestSink_CutCharacters(t *testing.T) {
	pieces := []string{"a", "ä", "€", "𝄞", "\n", "\xff", "\xf0\x9f", "\xe2\x82", "\x80", "\xc3"}
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		log, output := event.NewStore(t.TempDir(), event.Limits{}, nil).NewLogOver("x")
		k := newSink(&execution{log: log, output: output})
		var want []string
		var cut [2]string
		for range 40 {
			var p string
			for range 1 + random.IntN(5) {
				p += pieces[random.IntN(len(pieces))]
			}
			at := random.IntN(len(p)) // which may be inside a character
			for _, p := range []string{p[:at], p[at:]} {
				if p == "" {
					continue // a read of a pipe brings something
				}
				s := random.IntN(2)
				k.Output(shell.Stream(s), []byte(p))
				text := cut[s] + p
				n := wholeCharacters([]byte(text))
				if cut[s] = text[n:]; n > 0 {
					want = append(want, fmt.Sprintf("%d %q", s, text[:n]))
				}
			}
		}
		k.finish()
		k.Output(shell.Stdout, []byte("late"))
		log.End(event.Event{Type: event.TypeComplete})
		for s, text := range cut {
			if text != "" {
				want = append(want, fmt.Sprintf("%d %q", s, text))
			}
		}
		if got := printed(t, log); !slices.Equal(got, want) {
			t.Fatalf("seed %d:\n%v\nwant\n%v", seed, got, want)
		}
		output.Close()
		log.Remove()
		output.Remove()
	}
}

// printed is what the log has of each stream.
func printed(t *testing.T, log *event.Log) (texts []string) {
	t.Helper()
	c := log.Cursor(0)
	defer c.Close()
	for {
		chunk, err := c.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return texts
		}
		if err != nil {
			t.Fatal(err)
		}
		for frame := range strings.SplitSeq(strings.TrimSuffix(string(chunk.Frames), "\n\n"), "\n\n") {
			var e struct {
				Type   event.Type
				Text   string
				Base64 []byte
			}
			_, data, _ := strings.Cut(frame, "\ndata: ")
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				t.Fatal(err)
			}
			text := e.Text
			if e.Base64 != nil {
				text = string(e.Base64)
			}
			if e.Type != event.TypeComplete {
				texts = append(texts, fmt.Sprintf("%d %q", slices.Index([]event.Type{event.TypeStdout, event.TypeStderr}, e.Type), text))
			}
		}
	}
}
