package event

import (
	"math/bits"
	"unicode/utf8"
)

const hex = "0123456789abcdef"

// plain says which bytes stand for themselves in a JSON string.
var plain = func() (t [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// appendString appends s as a JSON string (RFC 8259, section 7). A byte that
// is not UTF-8 becomes U+FFFD. All control characters and U+0085, U+2028 and
// U+2029 are escaped, because some clients split lines at them.
func appendString[S ~string | ~[]byte](b []byte, s S) []byte {
	b, _ = appendQuoted(b, s)
	return b
}

// appendQuoted is appendString that also reports whether s is UTF-8.
func appendQuoted[S ~string | ~[]byte](b []byte, s S) (quoted []byte, valid bool) {
	valid = true
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		i += plainBytes(s[i:])
		if i == len(s) {
			break
		}
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			b = append(b, s[start:i]...)
			b = appendEscape(b, c)
			i++
			start = i
			continue
		}
		r, size := decodeRune(s[i:])
		bad := r == utf8.RuneError && size == 1
		valid = valid && !bad
		if bad || r == 0x85 || r == 0x2028 || r == 0x2029 {
			b = append(b, s[start:i]...)
			b = appendUnicode(b, r)
			i += size
			start = i
			continue
		}
		i += size
	}
	b = append(b, s[start:]...)
	return append(b, '"'), valid
}

// load is eight bytes as one word; the compiler makes it one instruction.
func load[S ~string | ~[]byte](s S) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// plainBytes is how many of the first bytes of s stand for themselves, without
// the last few where s ends with those.
func plainBytes[S ~string | ~[]byte](s S) int {
	i := 0
	for ; len(s)-i >= 8; i += 8 {
		if special := specials(load(s[i : i+8])); special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
	}
	return i
}

// specials has the high bit of the first byte of w set that is not plain, and
// of none before it; it is 0 where all eight are plain. A byte below n borrows
// from its high bit when n is subtracted, and so does one that is zero when 1
// is; a borrow that goes on may only call a byte behind it not plain that is.
// (Hacker's Delight, section 6-1.)
func specials(w uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote, slash := w^ones*'"', w^ones*'\\'
	return (w | (w - ones*0x20) | (quote - ones) | (slash - ones)) & highs
}

// appendJSON appends a JSON value that somebody else encoded, with what a
// frame cannot carry escaped as in appendString. Control characters are only
// ever white space between tokens there (RFC 8259, section 2), and go.
func appendJSON(b []byte, s string) []byte {
	for _, r := range s { // a byte that is not UTF-8 is ranged over as U+FFFD
		switch {
		case r < 0x20:
		case r == 0x85 || r == 0x2028 || r == 0x2029:
			b = appendUnicode(b, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

func appendUnicode(b []byte, r rune) []byte {
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

func decodeRune[S ~string | ~[]byte](s S) (rune, int) {
	n := min(len(s), utf8.UTFMax)
	var buf [utf8.UTFMax]byte
	copy(buf[:], s[:n])
	return utf8.DecodeRune(buf[:n])
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
