package kernel

import (
	"encoding/json"
	"fmt"
	"testing"
	"unicode/utf8"
)

func TestBundle(t *testing.T) {
	got := bundle(map[string]json.RawMessage{
		"text/plain":                json.RawMessage(`"a\nb"`),
		"application/json":          json.RawMessage(`{"a": [1]}`),
		"application/geo+json":      json.RawMessage(`"{\"a\":1}"`),
		"application/x+json; v=1":   json.RawMessage(`"just text"`),
		"application/vnd.something": json.RawMessage(`{"b":2}`),
		"image/png":                 json.RawMessage(`"iVBOR"`),
	})
	for mime, want := range map[string]string{
		"text/plain":                "a\nb",
		"application/json":          `{"a": [1]}`,
		"application/geo+json":      `{"a":1}`,
		"application/x+json; v=1":   `"just text"`,
		"application/vnd.something": `{"b":2}`,
		"image/png":                 "iVBOR",
	} {
		if got[mime] != want {
			t.Errorf("%s: %q, want %q", mime, got[mime], want)
		}
	}
}

func TestExecuteContent(t *testing.T) {
	b, err := executeContent(Request{Code: "print(\"<\u2028>\")\xff", AllowStdin: true})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	if got["code"] != "print(\"<\u2028>\")\ufffd" || fmt.Sprint(got["allow_stdin"], got["silent"], got["stop_on_error"]) != "true false true" {
		t.Errorf("%s", b)
	}
}

func TestScanStream(t *testing.T) {
	name, text, ok := scanStream([]byte("{\"text\": \"\xff\\u00e9\\ud83e\\udd86\\n\", \"name\": \"stderr\"}\n"))
	if !ok || name != "stderr" || text != "\xffé🦆\n" {
		t.Errorf("%q %q %v", name, text, ok)
	}
}

// FuzzScanStream compares with encoding/json: what scanStream takes is what
// encoding/json takes, and means the same where it is UTF-8.
func FuzzScanStream(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		name, text, ok := scanStream(b)
		if !ok {
			return
		}
		var want map[string]string
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatalf("took %q, which is not JSON: %v", b, err)
		}
		if utf8.Valid(b) && (name != want["name"] || text != want["text"]) {
			t.Fatalf("%q: %q %q, want %q", b, name, text, want)
		}
	})
}

func BenchmarkScanStream(b *testing.B) {
	text, _ := json.Marshal(map[string]string{"name": "stdout", "text": string(make([]byte, 1000)) + "line of output\n"})
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, _, ok := scanStream(text); !ok {
			b.Fatal("not taken")
		}
	}
}
