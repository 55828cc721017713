package event_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"execd/actors/event"
)

// object is an event as a client decodes it.
type object struct {
	Type      string            `json:"type"`
	Text      string            `json:"text"`
	Base64    *string           `json:"base64"`
	Partial   bool              `json:"partial"`
	Timestamp int64             `json:"timestamp"`
	Results   map[string]string `json:"results"`
	Metadata  json.RawMessage   `json:"metadata"`
	ID        string            `json:"execution_id"`
	Display   string            `json:"display_id"`
	Status    string            `json:"status"`
	Reason    string            `json:"reason"`
	Prompt    string            `json:"prompt"`
	Late      bool              `json:"late"`
	Buffers   [][]byte          `json:"buffers"`
	Comm      struct {
		Kind   string          `json:"msg_type"`
		ID     string          `json:"comm_id"`
		Target string          `json:"target_name"`
		Data   json.RawMessage `json:"data"`
	} `json:"comm"`
	Error *struct {
		Name      string   `json:"ename"`
		Value     string   `json:"evalue"`
		Traceback []string `json:"traceback"`
	} `json:"error"`
}

// decode checks that frames are whole frames with dense ids from first on, of
// lines that no client splits, and returns the objects in them.
func decode(t *testing.T, frames string, first int) (out []object) {
	t.Helper()
	for i, frame := range strings.Split(strings.TrimSuffix(frames, "\n\n"), "\n\n") {
		data, ok := strings.CutPrefix(frame, fmt.Sprintf("id: %d\ndata: ", first+i))
		if !ok || !strings.HasSuffix(frames, "\n\n") {
			t.Fatalf("frame %d: %.100q", first+i, frame)
		}
		var o object
		if err := json.Unmarshal([]byte(data), &o); err != nil || !utf8.ValidString(data) {
			t.Fatalf("%.200q: %v", data, err)
		}
		if len(frame) >= mib {
			t.Fatalf("a frame of %d bytes", len(frame))
		}
		for _, sep := range separators {
			if i := strings.Index(data, sep); i >= 0 {
				t.Fatalf("%q is not escaped: %.100q", sep, data[max(0, i-20):])
			}
		}
		out = append(out, o)
	}
	return out
}

// separators are where some client splits lines, or what it stumbles over:
// Python's str.splitlines splits at the most.
var separators = func() []string {
	s := []string{"\u0085", "\u2028", "\u2029"}
	for c := range rune(0x20) {
		s = append(s, string(c))
	}
	return s
}()

// exactly puts together what a process wrote.
func exactly(t *testing.T, objects []object) (out []byte) {
	t.Helper()
	for i, o := range objects {
		if o.Partial != (i < len(objects)-1) {
			t.Fatalf("piece %d of %d: partial is %v", i, len(objects), o.Partial)
		}
		piece := []byte(o.Text)
		if o.Base64 != nil {
			var err error
			if piece, err = base64.StdEncoding.DecodeString(*o.Base64); err != nil {
				t.Fatal(err)
			}
			if utf8.Valid(piece) {
				t.Fatalf("base64 of what is UTF-8: %.100q", piece)
			}
			if o.Text != string([]rune(string(piece))) {
				t.Fatalf("%.100q is %.100q", piece, o.Text)
			}
		}
		out = append(out, piece...)
	}
	return out
}

// texts are what is hard to send.
var texts = []string{
	"", "hi", "a\x00b", "\x1b[31mred\x1b[0m", "a\u2028b\u2029c\u0085d", "\v\f\x1c\x1d\x1e\x1f\x7f", "a\rb\r\nc\n\td", `"\/'<&>`,
	"\xed\xa0\x80", "\xed\xb0\x80x", "\xff\xfe", "a\xc3", "\xe2\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\x85",
	"é漢😀\ufffd\ufeff", "\n\ndata: x\n\n",
	"\xf0\x9f\x98\x80\xf0\x9f\x98", `{"type":"error"}`,
}

// bytesOf sends p as a process prints it and returns what came.
func bytesOf(t *testing.T, p []byte) []object {
	t.Helper()
	l := newLog(t, event.Limits{})
	l.Batch(func(b *event.Batch) { b.Text(event.TypeStdout, p, false) })
	c := l.Cursor(0)
	defer c.Close()
	var all []byte
	for c.After() < l.Range().Last {
		chunk, _, err := c.Take()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, chunk.Frames...)
	}
	return decode(t, string(all), 1)
}

func TestFrame_TextIsExact(t *testing.T) {
	for _, s := range texts {
		if got := exactly(t, bytesOf(t, []byte(s))); string(got) != s {
			t.Errorf("%q came as %q", s, got)
		}
	}
}

// Text is looked at in words of eight bytes: none hides another.
func TestFrame_EveryByteAtEveryPlace(t *testing.T) {
	l := newLog(t, event.Limits{})
	var want []byte
	for c := range 256 {
		p := bytes.Repeat([]byte{' '}, 18*17)
		for i := range 17 {
			p[18*i+i] = byte(c)
		}
		want = append(want, p...)
	}
	l.Batch(func(b *event.Batch) { b.Text(event.TypeStdout, want, false) })
	l.End(event.Event{Type: event.TypeComplete})
	objects := decode(t, readAll(t, l, 0), 1)
	if got := exactly(t, objects[:len(objects)-1]); !bytes.Equal(got, want) {
		t.Error("not the same")
	}
}

// Long text comes in pieces that join to what it was, cut between characters
// where there are any.
func TestFrame_LongText(t *testing.T) {
	for name, unit := range map[string]string{
		"ascii": "x", "escaped": "\x00", "two": "é", "three": "漢", "four": "😀",
		"odd": "a😀é", "invalid": "\xff", "continuation": "\x80", "mixed": "漢\xff",
	} {
		t.Run(name, func(t *testing.T) {
			p := bytes.Repeat([]byte(unit), (2*event.MaxText+kib)/len(unit))
			objects := bytesOf(t, p)
			if n := (len(p) + event.MaxText - 1) / event.MaxText; len(objects) < n || len(objects) > n+1 {
				t.Errorf("%d pieces, want about %d", len(objects), n)
			}
			if !bytes.Equal(exactly(t, objects), p) {
				t.Error("not the same")
			}
			for _, o := range objects {
				if o.Base64 != nil && utf8.Valid(p) {
					t.Fatal("cut inside a character")
				}
			}
		})
	}
}

// Ten megabytes without a line end are no different, and stay in bounds.
func TestFrame_HugeText(t *testing.T) {
	l := newLog(t, event.Limits{})
	p := bytes.Repeat([]byte("0123456789"), mib)
	l.Batch(func(b *event.Batch) { b.Text(event.TypeStdout, p, false) })
	l.End(event.Event{Type: event.TypeComplete})
	all := readAll(t, l, 0)
	var got strings.Builder
	pieces := strings.Split(all, `"text":"`)[1:]
	for i, piece := range pieces {
		text, rest, _ := strings.Cut(piece, `"`)
		got.WriteString(text)
		if len(text) > event.MaxText || strings.Contains(rest, `"partial":true`) != (i < len(pieces)-1) {
			t.Errorf("piece %d of %d: %d bytes, then %.100q", i, len(pieces), len(text), rest)
		}
	}
	if got.String() != string(p) {
		t.Errorf("%d bytes, not the same", got.Len())
	}
}

// saying is an event with s wherever text from outside may be.
func saying(s string) event.Event {
	return event.Event{
		Type: event.TypeError, Text: s, Time: time.UnixMilli(1), ExecutionID: s, DisplayID: s, Status: s, Reason: s,
		Prompt: s, Comm: &event.Comm{Kind: s, ID: s, Target: s, Data: s}, Buffers: [][]byte{[]byte(s), nil},
		Results: map[string]string{"text/plain": s, s: "x"}, Error: &event.Error{Name: s, Value: s, Traceback: []string{s, "", s}},
	}
}

// heard checks that o says s in all these places.
func heard(t *testing.T, o object, s string) {
	t.Helper()
	if len(o.Buffers) != 2 || string(o.Buffers[0]) != s || len(o.Buffers[1]) != 0 {
		t.Fatalf("%q came in binary as %q", s, o.Buffers)
	}
	if json.Valid([]byte(s)) != (o.Comm.Data != nil) {
		t.Fatalf("data %q came as %s", s, o.Comm.Data)
	}
	s = string([]rune(s)) // as a JSON decoder replaces what is not UTF-8
	for _, got := range []string{
		o.Text, o.ID, o.Display, o.Status, o.Reason, o.Error.Name, o.Error.Value, o.Prompt, o.Comm.Kind, o.Comm.ID, o.Comm.Target,
	} {
		if got != s {
			t.Fatalf("%q came as %q", s, got)
		}
	}
	if want := (map[string]string{"text/plain": s, s: "x"}); s != "text/plain" && !reflect.DeepEqual(o.Results, want) {
		t.Fatalf("results %q, want %q", o.Results, want)
	}
	if want := []string{s, "", s}; !reflect.DeepEqual(o.Error.Traceback, want) {
		t.Fatalf("traceback %q, want %q", o.Error.Traceback, want)
	}
}

func appended(t *testing.T, e event.Event) object {
	t.Helper()
	l := newLog(t, event.Limits{})
	l.Append(e)
	c := l.Cursor(0)
	defer c.Close()
	chunk, err := c.Next(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, string(chunk.Frames), 1)[0]
}

func TestFrame_EveryField(t *testing.T) {
	for _, s := range texts {
		heard(t, appended(t, saying(s)), s)
	}
}

// Metadata is JSON as a kernel wrote it, which may be in several lines.
func TestFrame_Metadata(t *testing.T) {
	for in, want := range map[string]string{
		"{\n\t\"a\": {\r\n \"b\": 1}\n}":     `{"a":{"b":1}}`,
		"{\"a\":\"x\u2028y\u0085z\u2029漢\"}": `{"a":"x\u2028y\u0085z\u2029漢"}`,
		"{\"a\":\"\xff\"}":                   `{"a":"\ufffd"}`,
		`{"a":"\n\ud83d\ude00"}`:             `{"a":"\n😀"}`,
		"{\"a\":\n":                          "",
		"":                                   "",
		"{} x":                               "",
	} {
		o := appended(t, event.Event{Type: event.TypeResult, Metadata: in})
		if want == "" {
			if o.Metadata != nil {
				t.Errorf("%q came as %s", in, o.Metadata)
			}
			continue
		}
		var got, expected any
		if json.Unmarshal(o.Metadata, &got) != nil || json.Unmarshal([]byte(want), &expected) != nil || !reflect.DeepEqual(got, expected) {
			t.Errorf("%q came as %s", in, o.Metadata)
		}
	}
}

func FuzzFrame(f *testing.F) {
	for _, s := range texts {
		f.Add([]byte(s), s)
	}
	f.Add([]byte(strings.Repeat("漢", event.MaxText)), "{\n\"a\":1}")
	f.Fuzz(func(t *testing.T, p []byte, s string) {
		if got := exactly(t, bytesOf(t, p)); !bytes.Equal(got, p) {
			t.Errorf("%q came as %q", p, got)
		}
		e := saying(s)
		e.Metadata = s
		heard(t, appended(t, e), s)
	})
}
