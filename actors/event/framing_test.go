package event_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"execd/actors/event"
)

var update = flag.Bool("update", false, "write the transcripts in testdata")

// framings, by the ending of their transcripts.
var framings = map[string]event.Framing{"sse": event.SSE, "bare": event.Bare, "ndjson": event.NDJSON}

// transcript is one of every event.
func transcript(t *testing.T) string {
	t.Helper()
	at, code := time.UnixMilli(1_700_000_000_000), 0
	l := newLog(t, event.Limits{})
	for _, e := range []event.Event{
		{Type: event.TypeInit, Text: "0123", ExecutionID: "0123"},
		{Type: event.TypeStatus, Status: "queued", Position: 2},
		{Type: event.TypeExecutionCount, ExecutionCount: 7},
		{Type: event.TypeResult, Results: map[string]string{"text/plain": "2", "text/html": "<b>2</b>"}, Metadata: "{\n  \"a\": 1\n}"},
		{Type: event.TypeDisplayUpdate, DisplayID: "d", Results: map[string]string{"text/plain": "\u2028"}},
		{Type: event.TypeClearOutput, Wait: true},
		{Type: event.TypeStatus, Status: "killed", Signal: "SIGKILL", Reason: "timeout", Killed: 3},
	} {
		e.Time = at
		l.Append(e)
	}
	l.Batch(func(b *event.Batch) {
		for _, s := range texts {
			b.Text(event.TypeStdout, []byte(s), false)
		}
		b.Text(event.TypeStderr, []byte("no line end"), true)
	})
	l.End(event.Event{
		Type: event.TypeError, Time: at, Duration: 1500 * time.Millisecond, ExitCode: &code,
		Error: &event.Error{Name: "E", Value: "v\n\x1b[0m", Traceback: []string{"a", "b"}},
	})
	all := readAll(t, l, 0)
	return regexp.MustCompile(`"timestamp":\d+`).ReplaceAllString(all, `"timestamp":1700000000000`)
}

func TestFraming_Transcripts(t *testing.T) {
	all := transcript(t)
	for name, f := range framings {
		got := f.Append([]byte("before"), []byte(all))
		got = got[len("before"):]
		file := "testdata/every." + name
		if *update {
			if err := os.WriteFile(file, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
		}
	}
}

func TestLoose(t *testing.T) {
	ping := event.Loose(event.Event{Type: event.TypePing, Text: "pong", Time: time.UnixMilli(5)})
	const object = `{"type":"ping","text":"pong","timestamp":5}`
	for name, want := range map[string]string{"sse": "data: " + object + "\n\n", "bare": object + "\n\n", "ndjson": object + "\n"} {
		if got := framings[name].Append(nil, ping); string(got) != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// objects are the JSON objects of a stream.
func objects(t *testing.T, f event.Framing, stream string) []string {
	t.Helper()
	end := map[event.Framing]string{event.SSE: "\n\n", event.Bare: "\n\n", event.NDJSON: "\n"}[f]
	if stream == "" {
		return nil
	}
	rest, ok := strings.CutSuffix(stream, end)
	if !ok {
		t.Fatalf("framing %d ends in %q", f, stream[max(0, len(stream)-10):])
	}
	out := strings.Split(rest, end)
	for i, s := range out {
		if f == event.SSE {
			if strings.HasPrefix(s, "id: ") {
				_, s, _ = strings.Cut(s, "\n")
			}
			s, ok = strings.CutPrefix(s, "data: ")
		}
		if !ok || !json.Valid([]byte(s)) || strings.ContainsAny(s, "\r\n") {
			t.Fatalf("framing %d, object %d: %q", f, i, s)
		}
		out[i] = s
	}
	return out
}

// All framings carry the same objects, also of frames without id, and however
// the frames are cut into runs.
func FuzzFraming(f *testing.F) {
	for i, s := range texts {
		f.Add([]byte(s), s, uint8(i), uint8(3*i))
	}
	f.Fuzz(func(t *testing.T, p []byte, s string, n, cut uint8) {
		l := newLog(t, event.Limits{})
		for range n % 8 {
			l.Append(saying(s))
			l.Batch(func(b *event.Batch) { b.Text(event.TypeStderr, p, true) })
		}
		l.End(saying(s))
		frames := readAll(t, l, 0) + string(event.Loose(saying(s)))
		want := objects(t, event.SSE, frames)
		if len(want) < int(n%8)*2+2 {
			t.Fatalf("%d objects", len(want))
		}
		at := 0
		for range int(cut) % len(want) {
			at += strings.Index(frames[at:], "\n\n") + 2
		}
		for name, f := range framings {
			whole := f.Append(nil, []byte(frames))
			if got := f.Append(f.Append(nil, []byte(frames[:at])), []byte(frames[at:])); !bytes.Equal(got, whole) {
				t.Errorf("%s: in two runs %q, in one %q", name, got, whole)
			}
			got := objects(t, f, string(whole))
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	})
}
