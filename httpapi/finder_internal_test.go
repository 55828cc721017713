package httpapi

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// framesOf are events of stdout as they are on the wire.
func framesOf(tb testing.TB, texts ...string) []byte {
	tb.Helper()
	var b []byte
	for _, text := range texts {
		data, err := json.Marshal(map[string]any{"type": "stdout", "text": text})
		if err != nil {
			tb.Fatal(err)
		}
		b = append(append(append(b, "id: 1\ndata: "...), data...), "\n\n"...)
	}
	return b
}

func TestFinder_InLine(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]bool{
		"ready": true, "a.*b": true, "(?i)READY": true, `on (\d+)`: true, "^[a-z]+$": true, "a|b": true, `\$ $`: true,
		"a\nb": false, "(?s)a.b": false, "[^x]": false, `\s`: false, `(a|[^b])+`: false, `\n`: false, `(?m)^a\nb$`: false,
	} {
		if got := newFinder(regexp.MustCompile(pattern), true).inLine; got != want {
			t.Errorf("%q stays in a line: %v, want %v", pattern, got, want)
		}
	}
}

// What is found in pieces is what is found in the whole.
func TestFinder_InPieces(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	patterns := []string{"abc", "a.*c", "^ab", "(?m)^ca", "(?m)b$", "a\nb", "(?s)a..b", "[^a]a[^b]", "(a|b)c{2}", "bb", `\Ab`, "x"}
	for range 3000 {
		pattern := regexp.MustCompile(patterns[random.IntN(len(patterns))])
		text := make([]byte, 1+random.IntN(30))
		for i := range text {
			text[i] = "abc\n"[random.IntN(4)]
		}
		f := newFinder(pattern, false)
		found := false
		for rest := string(text); rest != "" && !found; {
			var pieces []string
			for range 1 + random.IntN(3) {
				n := min(len(rest), 1+random.IntN(6))
				pieces, rest = append(pieces, rest[:n]), rest[n:]
			}
			_, _, found = f.in(framesOf(t, pieces...))
		}
		whole := pattern.Match(text)
		if strings.HasSuffix(pattern.String(), "$") {
			whole = whole || found // an end that came too early is one of the text so far
		}
		if found != whole {
			t.Fatalf("%q in %q: found %v, want %v", pattern, text, found, whole)
		}
	}
}

func TestFinder_Event(t *testing.T) {
	t.Parallel()
	f := newFinder(regexp.MustCompile("two.*three"), false)
	if _, _, found := f.in(framesOf(t, "one\n", "tw")); found {
		t.Error("found what has not come")
	}
	match, id, found := f.in(framesOf(t, "o ", "three", " four"))
	if match != "two three" || id != 4 || !found {
		t.Errorf("%q in event %d, %v", match, id, found)
	}
	f = newFinder(regexp.MustCompile("word: $"), false)
	if _, id, _ := f.in(framesOf(t, "Pass", "word: ", "more")); id != 2 {
		t.Errorf("the end of the text so far is in event %d, want 2", id)
	}
}

// Of much text each piece is looked at as it comes, and not again with each that follows.
func TestFinder_MuchText(t *testing.T) {
	t.Parallel()
	lines := make([]string, 1000)
	for i := range lines {
		lines[i] = "a line of text that is nothing but long enough to fill the window"
	}
	frames := framesOf(t, lines...)
	for _, pattern := range []string{"(E|X)N[D-F]", "(E|X)N[D-F]\n", "(?m)^(E|X)N[D-F]$"} {
		f := newFinder(regexp.MustCompile(pattern), true)
		for range 5 {
			if _, _, found := f.in(frames); found {
				t.Fatal("found what has not come")
			}
			if f.inLine && len(f.text) > 1 || len(f.text) > 2*matchWindow {
				t.Fatalf("%q: %d bytes will be looked at again", pattern, len(f.text))
			}
		}
		if _, id, found := f.in(framesOf(t, "END")); !found || id != 5001 {
			t.Errorf("%q is found in event %d, %v", pattern, id, found)
		}
	}
	f := newFinder(regexp.MustCompile("^a"), true)
	_, _, _ = f.in(framesOf(t, "b"))
	if _, _, found := f.in(frames); found {
		t.Error("a line in the middle seems to be the beginning")
	}
	f = newFinder(regexp.MustCompile("(?s)^a.*line"), true)
	_, _, _ = f.in(framesOf(t, "b"))
	for range 5 {
		if _, _, found := f.in(frames); found {
			t.Error("what is left of the text seems to be its beginning")
		}
	}
}
