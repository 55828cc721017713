package httpapi

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"execd/fsops"
)

// FuzzHit: what is appended is what encoding/json reads and would write.
func FuzzHit(f *testing.F) {
	f.Add("/a b/ä", "", "file", `"etag"`, "text", int64(1), int64(2), 1, 2)
	f.Add("/\xff\n\x00", "\\", "\u2028", "\x7f", "<&>", int64(-1), int64(1<<62), 0, 0)
	f.Fuzz(func(t *testing.T, path, owner, typ, etag, text string, sec, size int64, line, column int) {
		h := fsops.Hit{Info: fsops.Info{
			Path: path, Type: typ, Size: size, Owner: owner, Group: owner, Mode: line, ETag: etag,
			ModifiedAt: time.Unix(sec%(1<<33), 5).UTC(), CreatedAt: time.Unix(sec, 0).UTC(),
		}, Line: max(line, 0), Column: max(column, 1), Text: text}
		if h.Line == 0 {
			h.Column = 0
		}
		if len(path)%2 == 0 {
			h.PathBase64 = []byte(path + "x")
		}
		got := appendHit(nil, h)
		var back, want fsops.Hit
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if year := h.CreatedAt.Year(); year < 0 || year > lastYear {
			h.CreatedAt = back.CreatedAt
		}
		text2, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text2, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, want) {
			t.Errorf("%s reads as %+v, want %+v", got, back, want)
		}
	})
}
