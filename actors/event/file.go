package event

import (
	"encoding/base64"
	"unicode/utf8"
)

// appendFile appends the fields that say which file an event is about. A name
// that is not UTF-8 is also sent as it is, as text is.
func appendFile(b []byte, e *Event) []byte {
	b = appendPath(b, "path", e.Path)
	if e.From != "" {
		b = appendPath(b, "from", e.From)
	}
	if e.Directory {
		b = append(b, `,"directory":true`...)
	}
	return b
}

func appendPath(b []byte, name, path string) []byte {
	b = append(append(append(b, `,"`...), name...), `":`...)
	b = appendString(b, path)
	if utf8.ValidString(path) {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `_base64":"`...)
	return append(base64.StdEncoding.AppendEncode(b, []byte(path)), '"')
}
