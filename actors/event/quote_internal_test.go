package event

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// slowly is appendQuoted a rune at a time.
func slowly(s []byte) string {
	var b strings.Builder
	b.WriteByte('"')
	for len(s) > 0 {
		r, size := utf8.DecodeRune(s)
		bad := r == utf8.RuneError && size == 1
		switch {
		case r == '"' || r == '\\':
			fmt.Fprintf(&b, "\\%c", r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20, r == 0x85, r == 0x2028, r == 0x2029, bad:
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
		s = s[size:]
	}
	return b.String() + `"`
}

// Text of any length is quoted the same wherever it ends and however much room
// there is for it, and what is in front of it stays.
func TestQuote_AsSlowly(t *testing.T) {
	pieces := []string{
		"a", "plain ", "text of some words in a row ", "\"", "\\", "\n", "\x00", "\x1f", "\x7f", "ä", "é…", "漢字", "\u2028", "\u2029", "\u0085",
		strings.Repeat("sixteen letters.", 3), strings.Repeat("x", 31), strings.Repeat("y", 64),
		strings.Repeat("a line of thirty-two characters.\n", 9),
		"𝄞", "\uffff", "\xff", "\xe2\x82", "\xed\xa0\x80", "\xe0\x80\x80", "\xf4\x90\x80\x80", "\xc3",
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		var s []byte
		for range random.IntN(12) {
			s = append(s, pieces[random.IntN(len(pieces))]...)
		}
		want := slowly(s)
		room := 5 + random.IntN(3*len(s)+1)
		all := bytes.Repeat([]byte("behind"), room/3+20)
		behind := bytes.Clone(all[room:])
		got, valid := appendQuoted(append(all[:0:room], "front"...), s)
		if !bytes.Equal(all[room:], behind) {
			t.Fatalf("%q is quoted beyond its %d bytes", s, room)
		}
		if string(got) != "front"+want || valid != utf8.Valid(s) {
			t.Fatalf("%q is quoted as %q, valid %v, want %q", s, got, valid, want)
		}
		if again, _ := appendQuoted(nil, string(s)); !bytes.Equal(again, got[len("front"):]) {
			t.Fatalf("%q as a string is %q", s, again)
		}
	}
}

func TestQuote_EveryThreeBytes(t *testing.T) {
	for lead := 0xE0; lead <= 0xF0; lead++ {
		for rest := range 1 << 16 {
			s := []byte{byte(lead), byte(rest >> 8), byte(rest), 'x'}
			r, n := decodeRune(s)
			if want, size := utf8.DecodeRune(s); r != want || n != size {
				t.Fatalf("%x is %U of %d bytes, want %U of %d", s, r, n, want, size)
			}
		}
	}
}
