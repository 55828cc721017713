package event

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
	"unsafe"
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

// room is what there has to be behind the rest of s while it is quoted: for the
// last quote, for what an escape has more than its byte, and for a block.
const room = 1 + len(`\u0000`) + block

// appendQuoted is appendString that also reports whether s is UTF-8. It copies
// whole words and blocks, also where only the first bytes of one stand for
// themselves: to look at it and to copy it at once is cheaper than one after the
// other.
func appendQuoted[S ~string | ~[]byte](b []byte, s S) (quoted []byte, valid bool) {
	valid = true
	dense := 0 // how often blocks are not looked at yet
	b = append(b, '"')
	for i := 0; i < len(s); {
		b = slices.Grow(b, len(s)-i+room)
		d, j := b[:cap(b)], len(b)
		for i < len(s) && len(d)-j >= len(s)-i+room {
			if dense > 0 {
				dense--
			} else if quotesBlocks && len(s)-i >= 2*block {
				n, m := quoteBlocks(unsafe.Pointer(&d[j]), data(s[i:]), len(s)-i, len(d)-j-(len(s)-i+room))
				i, j = i+n, j+m
				if n < block {
					dense = inDense
				}
			}
			for len(s)-i >= 8 {
				w := load(s[i : i+8])
				binary.LittleEndian.PutUint64(d[j:j+8], w)
				if special := specials(w); special != 0 {
					n := bits.TrailingZeros64(special) / 8
					i, j = i+n, j+n
					break
				}
				i, j = i+8, j+8
			}
			for ; i < len(s) && plain[s[i]]; i, j = i+1, j+1 {
				d[j] = s[i]
			}
			if i == len(s) || s[i] >= utf8.RuneSelf {
				break
			}
			j += escape((*[6]byte)(d[j:j+6]), s[i])
			i++
		}
		b = d[:j]
		if i < len(s) && s[i] >= utf8.RuneSelf {
			var n int
			var good bool
			b, n, good = appendRunes(b, s[i:])
			valid = valid && good
			i += n
		}
	}
	return append(b, '"'), valid
}

const (
	block   = 32 // is what quoteBlocks looks at, in bytes
	inDense = 16 // escapes go by without it where it was of no use
)

// data is where the bytes of s are: in both types it is the first word.
func data[S ~string | ~[]byte](s S) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&s)) } //nolint:gosec // it is only read

// escape writes what stands for an ASCII character that does not stand for
// itself, and returns its length.
func escape(d *[6]byte, c byte) int {
	if letter := letters[c]; letter != 0 {
		d[0], d[1] = '\\', letter
		return 2
	}
	*d = [6]byte{'\\', 'u', '0', '0', hex[c>>4], hex[c&15]}
	return 6
}

// letters has what stands behind the backslash in escapes of two characters.
var letters = [256]byte{'"': '"', '\\': '\\', '\n': 'n', '\r': 'r', '\t': 't'}

// appendRunes appends what s has before the next ASCII character, which is n
// bytes, and reports whether those are UTF-8.
func appendRunes[S ~string | ~[]byte](b []byte, s S) (quoted []byte, n int, valid bool) {
	valid = true
	start := 0
	for n < len(s) && s[n] >= utf8.RuneSelf {
		r, size := decodeRune(s[n:])
		bad := r == utf8.RuneError && size == 1
		if bad || r == 0x85 || r == 0x2028 || r == 0x2029 {
			b = append(b, s[start:n]...)
			b = appendUnicode(b, r)
			start = n + size
		}
		valid = valid && !bad
		n += size
	}
	return append(b, s[start:n]...), n, valid
}

// load is eight bytes as one word; the compiler makes it one instruction.
func load[S ~string | ~[]byte](s S) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// specials has the high bit of the first byte of w set that is not plain, and
// of none before it; it is 0 where all eight are plain. A byte below n borrows
// from its high bit when n is subtracted: so do, with 2 flipped, the controls and
// the quote, which is next to the space then, and a zero that the backslash
// is turned into. A borrow that goes on may only call a byte behind it not plain
// that is. (Hacker's Delight, section 6-1.)
func specials(w uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	return (w | (w ^ ones*0x02 - ones*0x21) | (w ^ ones*'\\' - ones)) & highs
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

// decodeRune is utf8.DecodeRune for either type. What most text beyond ASCII
// is made of, three bytes, has a way of its own: the first bytes that are left
// out are those whose second one has other limits (RFC 3629, section 4).
func decodeRune[S ~string | ~[]byte](s S) (rune, int) {
	if len(s) >= 3 && s[0] > 0xE0 && s[0] < 0xF0 && s[0] != 0xED && s[1]&0xC0 == 0x80 && s[2]&0xC0 == 0x80 {
		return rune(s[0]&0x0F)<<12 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	n := min(len(s), utf8.UTFMax)
	var buf [utf8.UTFMax]byte
	copy(buf[:], s[:n])
	return utf8.DecodeRune(buf[:n])
}
