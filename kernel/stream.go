package kernel

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// scanStream reads the content of a stream message, {"name":…,"text":…}, in
// one pass. encoding/json would need three, which is felt with megabytes, and
// would replace bytes that are not UTF-8; ipykernel sends those as they are
// (a file name that print got from os.listdir). ok is false for anything but
// an object of strings; encoding/json then says what it is.
func scanStream(b []byte) (name, text string, ok bool) {
	b, ok = bytes.CutPrefix(trimSpace(b), []byte("{"))
	for ok {
		var key, value string
		if key, b, ok = cutString(trimSpace(b)); !ok {
			break
		}
		if b, ok = bytes.CutPrefix(trimSpace(b), []byte(":")); !ok {
			break
		}
		if value, b, ok = cutString(trimSpace(b)); !ok {
			break
		}
		switch key {
		case "name":
			name = value
		case "text":
			text = value
		}
		b = trimSpace(b)
		if string(b) == "}" {
			return name, text, true
		}
		b, ok = bytes.CutPrefix(b, []byte(","))
	}
	return "", "", false
}

// trimSpace trims what is white space in JSON (RFC 8259, section 2).
func trimSpace(b []byte) []byte { return bytes.Trim(b, " \t\r\n") }

// cutString takes the JSON string that b begins with.
func cutString(b []byte) (s string, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return "", nil, false
	}
	b = b[1:]
	n, escapes := measure(b)
	if n < 0 {
		return "", nil, false
	}
	if escapes == 0 {
		return string(b[:n]), b[n+1:], true
	}
	out, ok := unescape(b[:n])
	return string(out), b[n+1:], ok
}

// measure returns the length of a string up to its closing quote, -1 if there
// is none or a control character comes before it, and the number of escapes.
func measure(b []byte) (n, escapes int) {
	for n < len(b) {
		switch c := b[n]; {
		case c == '"':
			return n, escapes
		case c < ' ':
			return -1, 0
		case c == '\\':
			escapes++
			n++
		}
		n++
	}
	return -1, 0
}

// unescape undoes the escapes of RFC 8259, section 7.
func unescape(b []byte) ([]byte, bool) {
	out := make([]byte, 0, len(b))
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			return append(out, b...), true
		}
		out = append(out, b[:i]...)
		b = b[i+1:]
		if len(b) == 0 {
			return nil, false
		}
		if b[0] == 'u' {
			r, size := unescapeRune(b)
			if size == 0 {
				return nil, false
			}
			out, b = utf8.AppendRune(out, r), b[size:]
			continue
		}
		at := strings.IndexByte(`"\/bfnrt`, b[0])
		if at < 0 {
			return nil, false
		}
		out, b = append(out, "\"\\/\b\f\n\r\t"[at]), b[1:]
	}
}

// unescapeRune reads uXXXX, or uXXXX\uXXXX for a surrogate pair; half a pair
// is U+FFFD, as with encoding/json. The size is 0 if it is neither.
func unescapeRune(b []byte) (r rune, size int) {
	first, ok := hex4(b)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(first) {
		return first, 5
	}
	if len(b) > 5 && b[5] == '\\' {
		if second, ok := hex4(b[6:]); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				return r, 11
			}
		}
	}
	return utf8.RuneError, 5
}

// hex4 reads uXXXX.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 5 || b[0] != 'u' {
		return 0, false
	}
	for _, c := range b[1:5] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
