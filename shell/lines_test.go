package shell_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"execd/shell"
)

// split feeds text in chunks of n bytes.
func split(text string, n int) (lines []string, partial []bool) {
	var l shell.Lines
	deliver := func(line []byte, p bool) {
		lines, partial = append(lines, string(line)), append(partial, p)
	}
	for chunk := range slices.Chunk([]byte(text), n) {
		l.Feed(chunk, deliver)
	}
	l.Flush(deliver)
	return lines, partial
}

func TestLines(t *testing.T) {
	for text, want := range map[string][]string{
		"":                 nil,
		"a":                {"a"},
		"a\n":              {"a"},
		"a\nb":             {"a", "b"},
		"a\r\nb\r\n":       {"a", "b"},
		"a\n\nb":           {"a", "", "b"},
		"a\r\rb":           {"a", "", "b"},
		"a\n\r\nb":         {"a", "", "b"},
		"a\r\n\r\nb":       {"a", "", "b"},
		"10%\r20%\rdone\n": {"10%", "20%", "done"},
		"\n":               {""},
		"\r":               {""},
		"\r\n":             {""},
		"\n\r":             {"", ""},
		"\x00\xff\n":       {"\x00\xff"},
	} {
		for n := 1; n <= 4; n++ {
			if got, _ := split(text, n); !slices.Equal(got, want) {
				t.Errorf("%q in chunks of %d: %q", text, n, got)
			}
		}
	}
}

// A carriage return shows at once; the line feed behind it may be long in
// coming.
func TestLines_CRAtOnce(t *testing.T) {
	var l shell.Lines
	var got []string
	deliver := func(line []byte, _ bool) { got = append(got, string(line)) }
	l.Feed([]byte("50%\r"), deliver)
	if !slices.Equal(got, []string{"50%"}) {
		t.Fatalf("%q", got)
	}
	l.Feed([]byte("\nnext\n"), deliver)
	if !slices.Equal(got, []string{"50%", "next"}) {
		t.Fatalf("%q", got)
	}
}

func TestLines_Long(t *testing.T) {
	for _, size := range []int{shell.MaxLine - 1, shell.MaxLine, shell.MaxLine + 1, 3*shell.MaxLine + 7} {
		for _, unit := range []string{"x", "é", "€", "𝄞"} {
			text := strings.Repeat(unit, size/len(unit)+1)
			for _, n := range []int{1000, 65536, 1 << 20} {
				lines, partial := split(text+"\nend\n", n)
				if strings.Join(lines[:len(lines)-1], "") != text || lines[len(lines)-1] != "end" {
					t.Fatalf("%d of %s in chunks of %d: not the same", size, unit, n)
				}
				for i, line := range lines {
					if len(line) > shell.MaxLine || !utf8.ValidString(line) || line == "" {
						t.Fatalf("piece %d of %d has %d bytes, valid: %v", i, len(lines), len(line), utf8.ValidString(line))
					}
					if isLast := i >= len(lines)-2; partial[i] == isLast {
						t.Errorf("piece %d of %d: partial %v", i, len(lines), partial[i])
					}
				}
			}
		}
	}
}

// However the text is cut into chunks, the lines are the same, and joined
// they are the text.
func FuzzLines(f *testing.F) {
	for _, seed := range []string{"a\r\nb\n\rc", "\r\r\n\n", "\xe2\x82", "x\x00y\xff\r"} {
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, chunk uint8) {
		n := int(chunk) + 1
		whole, _ := split(string(text), max(len(text), 1))
		cut, _ := split(string(text), n)
		if !slices.Equal(whole, cut) {
			t.Fatalf("in chunks of %d: %q, else %q", n, cut, whole)
		}
		plain := bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
		want := strings.Split(string(plain), "\n")
		if want[len(want)-1] == "" {
			want = want[:len(want)-1]
		}
		if !slices.Equal(whole, want) {
			t.Fatalf("%q, want %q", whole, want)
		}
	})
}

func BenchmarkLines(b *testing.B) {
	text := bytes.Repeat([]byte("hello world, this is a line\n"), 2340)
	var l shell.Lines
	n := 0
	deliver := func([]byte, bool) { n++ }
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		l.Feed(text, deliver)
	}
}
