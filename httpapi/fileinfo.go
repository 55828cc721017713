package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"execd/fsops"
)

// appendInfo appends what is known of a file as encoding/json would, in a
// fraction of the time: a search tells of thousands.
func appendInfo(b []byte, i fsops.Info) []byte { return append(appendInfoFields(b, i), '}') }

func appendInfoFields(b []byte, i fsops.Info) []byte {
	b = appendQuoted(append(b, `{"path":`...), i.Path)
	if i.PathBase64 != nil {
		b = base64.StdEncoding.AppendEncode(append(b, `,"path_base64":"`...), i.PathBase64)
		b = append(b, '"')
	}
	b = appendQuoted(append(b, `,"type":`...), i.Type)
	b = strconv.AppendInt(append(b, `,"size":`...), i.Size, 10)
	b = appendTime(append(b, `,"modified_at":`...), i.ModifiedAt)
	b = appendTime(append(b, `,"created_at":`...), i.CreatedAt)
	b = appendQuoted(append(b, `,"owner":`...), i.Owner)
	b = appendQuoted(append(b, `,"group":`...), i.Group)
	b = strconv.AppendInt(append(b, `,"mode":`...), int64(i.Mode), 10)
	return appendQuoted(append(b, `,"etag":`...), i.ETag)
}

// appendHit appends what a search has found.
func appendHit(b []byte, h fsops.Hit) []byte {
	b = appendInfoFields(b, h.Info)
	if h.Line > 0 {
		b = strconv.AppendInt(append(b, `,"line":`...), int64(h.Line), 10)
		b = strconv.AppendInt(append(b, `,"column":`...), int64(h.Column), 10)
	}
	if h.Text != "" {
		b = appendQuoted(append(b, `,"text":`...), h.Text)
	}
	return append(b, '}')
}

// appendQuoted appends a string. Most are plain.
func appendQuoted(b []byte, s string) []byte {
	start := len(b)
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c > '~':
			text, _ := json.Marshal(s) //nolint:errchkjson // a string never fails
			return append(b[:start], text...)
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// appendTime appends a time (RFC 3339). A file may be from a year that has
// more than four digits, which that does not know.
func appendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	switch year := t.Year(); {
	case year > lastYear:
		t = time.Date(lastYear, time.December, 31, 23, 59, 59, 0, time.UTC)
	case year < 0:
		t = time.Date(0, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	return append(t.AppendFormat(b, time.RFC3339Nano), '"')
}

const lastYear = 9999

// sendJSON sends what is JSON already, and has no more use for text then.
func sendJSON(c echo.Context, text []byte) error {
	r := c.Response()
	r.Header()["Content-Type"] = typeJSON
	r.WriteHeader(http.StatusOK)
	_, err := r.Write(text)
	return err //nolint:wrapcheck // the client has gone
}

var typeJSON = []string{echo.MIMEApplicationJSON} // shared by all responses, and never changed

// infosBody is what is known of files, by their paths as they were asked for.
type infosBody struct {
	text  []byte
	count int
	first string
	more  map[string]bool // than the first, which most are alone
}

// infoSize is what most files take.
const infoSize = 512

// infoTexts are used again once they have been sent.
var infoTexts = sync.Pool{New: func() any { return new([infoSize]byte) }}

// free ends the use of what json has returned.
func (b *infosBody) free() {
	if cap(b.text) == infoSize { // else it had to grow
		infoTexts.Put((*[infoSize]byte)(b.text[:infoSize]))
	}
	b.text = nil
}

// add adds a file, once.
func (b *infosBody) add(asked string, i fsops.Info) {
	sep := byte(',')
	switch {
	case b.count == 0:
		b.text, b.first, sep = infoTexts.Get().(*[infoSize]byte)[:0], asked, '{'
	case asked == b.first || b.more[asked]:
		return
	case b.more == nil:
		b.more = map[string]bool{asked: true}
	default:
		b.more[asked] = true
	}
	b.count++
	b.text = append(appendQuoted(append(b.text, sep), asked), ':')
	b.text = appendInfo(b.text, i)
}

// json is the object.
func (b *infosBody) json() []byte {
	if b.count == 0 {
		return []byte("{}\n")
	}
	b.text = append(b.text, "}\n"...)
	return b.text
}

// listJSON is a list of what an appender appends.
func listJSON[T any](list []T, one func([]byte, T) []byte) []byte {
	b := []byte{'['}
	for i, item := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, item)
	}
	return append(b, "]\n"...)
}
