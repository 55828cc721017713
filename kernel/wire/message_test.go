package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"execd/kernel/wire"
)

var header = wire.Header("session", "session_1", "execute_request", time.Unix(1, 5))

// clone copies frames, because those of Encode are valid until its next call.
func clone(frames [][]byte) [][]byte {
	list := make([][]byte, len(frames))
	for i, f := range frames {
		list[i] = bytes.Clone(f)
	}
	return list
}

func TestCodec_RoundTrip(t *testing.T) {
	want := wire.Message{
		Identities: [][]byte{[]byte("a"), {0, 1}},
		Header:     header, Parent: wire.Header("s", "s_9", "x", time.Unix(0, 0)), Metadata: []byte(`{"m":1}`), Content: []byte(`{"c":2}`),
		Buffers: [][]byte{[]byte("buffer"), {}},
	}
	got, err := wire.NewCodec("key").Decode(clone(wire.NewCodec("key").Encode(want)))
	if err != nil {
		t.Fatal(err)
	}
	want.ID, want.Type, want.ParentID = "session_1", "execute_request", "s_9"
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestCodec_Signature has the value that Python's hmac gives for these.
func TestCodec_Signature(t *testing.T) {
	frames := wire.NewCodec("secret").Encode(wire.Message{Header: []byte(`{"a":1}`), Content: []byte(`{"b":2}`)})
	const want = "9b14d94617bffb278285cea390d9dc17e01ec3188dba313f9548021906557a7b"
	if len(frames) != 6 || string(frames[0]) != "<IDS|MSG>" || string(frames[1]) != want {
		t.Errorf("%q", frames)
	}
	if string(frames[3]) != "{}" || string(frames[4]) != "{}" {
		t.Errorf("empty dictionaries are sent as %q and %q", frames[3], frames[4])
	}
}

// TestCodec_Forged changes one frame at a time.
func TestCodec_Forged(t *testing.T) {
	good := clone(wire.NewCodec("key").Encode(wire.Message{Header: header, Content: []byte(`{"c":2}`)}))
	for i := 1; i < len(good); i++ {
		frames := clone(good)
		frames[i] = append(frames[i], ' ')
		if _, err := wire.NewCodec("key").Decode(frames); !errors.Is(err, wire.ErrSignature) {
			t.Errorf("frame %d changed: %v", i, err)
		}
	}
	good[1] = nil
	if _, err := wire.NewCodec("key").Decode(good); !errors.Is(err, wire.ErrSignature) {
		t.Errorf("without a signature: %v", err)
	}
	if _, err := wire.NewCodec("").Decode(good); err != nil {
		t.Errorf("without a key: %v", err)
	}
}

func TestCodec_Malformed(t *testing.T) {
	for _, frames := range [][]string{
		nil, {"<IDS|MSG>"}, {"a", "b"}, {"<IDS|MSG>", "", "{}"}, {"<IDS|MSG>", "", "{}", "{}", "{}"},
		{"<IDS|MSG>", "", "[]", "{}", "{}", "{}"}, {"<IDS|MSG>", "", "{}", "x", "{}", "{}"}, {"<IDS|MSG>", "", `{"msg_id":1}`, "{}", "{}", "{}"},
	} {
		var list [][]byte
		for _, f := range frames {
			list = append(list, []byte(f))
		}
		if _, err := wire.NewCodec("").Decode(list); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%q: %v", frames, err)
		}
	}
}

func TestDecodeHead(t *testing.T) {
	frames := clone(wire.NewCodec("key").Encode(wire.Message{Identities: [][]byte{[]byte("topic")}, Header: header, Parent: header}))
	m, err := wire.DecodeHead(frames[:5]) // content and metadata were too large
	if err != nil || m.ParentID != "session_1" || m.Type != "execute_request" {
		t.Errorf("%q, %v", m, err)
	}
}

func TestHeader(t *testing.T) {
	var got map[string]string
	if err := json.Unmarshal(header, &got); err != nil {
		t.Fatal(err)
	}
	if got["msg_id"] != "session_1" || got["session"] != "session" || got["msg_type"] != "execute_request" || got["version"] != wire.Version {
		t.Errorf("%v", got)
	}
	if _, err := time.Parse(time.RFC3339Nano, got["date"]); err != nil {
		t.Error(err)
	}
	if id := string(wire.AppendID(nil, "s", 12)); id != "s_12" {
		t.Errorf("id %q", id)
	}
}

// FuzzDecode feeds frames, which are the lines of the input. What is taken
// encodes to a message that is the same.
func FuzzDecode(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		frames := bytes.Split(b, []byte("\n"))
		_, _ = wire.NewCodec("key").Decode(frames)
		m, err := wire.NewCodec("").Decode(frames)
		if err != nil {
			if !errors.Is(err, wire.ErrMalformed) {
				t.Fatalf("%q: %v", frames, err)
			}
			return
		}
		again, err := wire.NewCodec("key").Decode(clone(wire.NewCodec("key").Encode(m)))
		if err != nil {
			t.Fatalf("%q: %v", frames, err)
		}
		if again.ID != m.ID || again.Type != m.Type || again.ParentID != m.ParentID || len(again.Buffers) != len(m.Buffers) ||
			len(again.Identities) != len(m.Identities) {
			t.Fatalf("%q became %q", m, again)
		}
	})
}
