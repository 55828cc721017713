package fsops

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// FuzzSubstitution holds it to strings.ReplaceAll, with the text moved to
// where a window ends, and whatever pieces it is read in.
func FuzzSubstitution(f *testing.F) {
	f.Add("aaa", "aa", "a", uint8(1))
	f.Add("abcabc", "abc", "", uint8(2))
	f.Add("\xff\x00\xff", "\x00", "\xff\xff", uint8(3))
	f.Add("abababac", "abac", "x", uint8(0))
	f.Add("", "a", "b", uint8(5))
	f.Fuzz(func(t *testing.T, text, old, after string, before uint8) {
		if old == "" {
			return
		}
		// The text begins as far before the end of a window as before says.
		text = strings.Repeat("-", window+2*len(old)-int(before)) + text + text
		want := strings.ReplaceAll(text, old, after)
		s := newSubstitution(strings.NewReader(text), old, after)
		got, err := io.ReadAll(s)
		if err != nil || string(got) != want || s.count != int64(strings.Count(text, old)) {
			t.Errorf("%d bytes, %d times, %v; want %d, %d", len(got), s.count, err, len(want), strings.Count(text, old))
		}
	})
}

// TestSubstitution_Borders puts the text at every place around the end of a
// window.
func TestSubstitution_Borders(t *testing.T) {
	t.Parallel()
	const old = "needle"
	for _, end := range []int{window, window + 2*len(old), 2 * window} {
		for at := end - 2*len(old); at < end+2*len(old); at++ {
			text := strings.Repeat("n", at) + old + old + "needl"
			var got bytes.Buffer
			s := newSubstitution(iotest.HalfReader(strings.NewReader(text)), old, "pin")
			if _, err := io.Copy(&got, s); err != nil || s.count != 2 || got.String() != strings.Repeat("n", at)+"pinpinneedl" {
				t.Fatalf("at %d: %d, %v", at, s.count, err)
			}
		}
	}
}

// TestSubstitution_Random: many matches of few letters, read in pieces.
func TestSubstitution_Random(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	letters := make([]byte, 3*window)
	for i := range letters {
		letters[i] = "ab"[random.IntN(2)]
	}
	for _, old := range []string{"a", "ab", "aba", "abababab", string(letters[:1000]), string(letters[5:window])} {
		s := newSubstitution(bytes.NewReader(letters), old, "<>")
		got, err := io.ReadAll(iotest.HalfReader(s))
		if err != nil || !bytes.Equal(got, bytes.ReplaceAll(letters, []byte(old), []byte("<>"))) {
			t.Errorf("%.10q…: %d bytes, %v", old, len(got), err)
		}
	}
}

func TestSubstitution_Broken(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	s := newSubstitution(io.MultiReader(strings.NewReader("aXa"), iotest.ErrReader(broken)), "X", "Y")
	if _, err := io.ReadAll(s); !errors.Is(err, broken) {
		t.Error(err)
	}
}
