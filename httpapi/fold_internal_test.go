package httpapi

import (
	"encoding/json"
	"strings"
	"testing"
)

// folds applies events, a JSON object a line, and returns the outputs as JSON.
func folds(t *testing.T, events string) string {
	t.Helper()
	f := &fold{}
	for line := range strings.Lines(events) {
		var e shownEvent
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		f.take(&e)
	}
	text, err := json.Marshal(f.finish())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFold(t *testing.T) {
	out := func(text string) string { return `{"type":"stdout","text":"` + text + `"}` + "\n" }
	stream := func(name, text string) string {
		return `{"name":"` + name + `","output_type":"stream","text":"` + text + `"}`
	}
	const shown = `{"data":{"text/plain":"a"},"metadata":{},"output_type":"display_data"}`
	const display = `{"type":"result","results":{"text/plain":"a","text":"a"}}` + "\n"
	for name, test := range map[string]struct{ events, want string }{
		"nothing":         {`{"type":"init"}`, ``},
		"merged":          {out("a") + display + out("b"), stream("stdout", "ab") + "," + shown},
		"stderr second":   {`{"type":"stderr","text":"e"}` + "\n" + out("o"), stream("stdout", "o") + "," + stream("stderr", "e")},
		"cleared":         {out("a") + `{"type":"clear_output"}` + "\n" + out("b"), stream("stdout", "b")},
		"cleared later":   {out("a") + `{"type":"clear_output","wait":true}` + "\n" + display, shown},
		"not cleared":     {out("a") + `{"type":"clear_output","wait":true}` + "\n" + `{"type":"execution_count"}`, stream("stdout", "a")},
		"not shown":       {`{"type":"error","error":{"ename":"KernelDied"}}`, ``},
		"shown":           {`{"type":"error","shown":true,"error":{"ename":"E"}}`, `{"ename":"E","output_type":"error"}`},
		"shown before":    {`{"type":"status","status":"error_shown","error":{"ename":"E"}}`, `{"ename":"E","output_type":"error"}`},
		"updated by none": {display + `{"type":"display_update","display_id":"x","results":{"text/plain":"b"}}`, shown},
		"JSON": {
			`{"type":"result","execution_count":3,"metadata":{"m":1},"results":{"application/json":"{\"a\":1}","a/b":"{}"}}`,
			`{"data":{"a/b":"{}","application/json":{"a":1}},"execution_count":3,"metadata":{"m":1},"output_type":"execute_result"}`,
		},
	} {
		if got := folds(t, test.events); got != "["+test.want+"]" {
			t.Errorf("%s: %s, want [%s]", name, got, test.want)
		}
	}
}

// TestOverwritten has what the regular expression of nbclient gives, ".*\r(?=[^\n])".
func TestOverwritten(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "\n": "\n", "a\n": "a\n", "a\rb": "b", "a\r": "a\r", "a\r\n": "a\r\n", "a\rb\r\n": "b\r\n", "\r\r": "\r",
		"a\nb\rc\nd": "a\nc\nd", "1\r2\r3": "3", "a\r\r\nb": "\r\nb", "\rx": "x", "é\r漢\n": "漢\n",
	} {
		if got := overwritten(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
