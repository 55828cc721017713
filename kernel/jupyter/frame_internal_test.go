package jupyter

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"execd/kernel/wire"
)

func sample() wire.Message {
	return wire.Message{
		Header:  []byte(`{"msg_id":"k_1","msg_type":"stream"}`),
		Parent:  []byte(`{"msg_id":"c_7"}`),
		Content: []byte("{\"name\":\"stdout\",\"text\":\"\xff\"}"),
		Buffers: [][]byte{[]byte("one"), {}, []byte("three")},
	}
}

func check(t *testing.T, channel string, got, want wire.Message) {
	t.Helper()
	if channel != "iopub" || got.ID != "k_1" || got.Type != "stream" || got.ParentID != "c_7" {
		t.Errorf("%s: id %q, type %q, parent %q", channel, got.ID, got.Type, got.ParentID)
	}
	if !bytes.Equal(got.Content, want.Content) || string(got.Metadata) != "{}" || len(got.Buffers) != len(want.Buffers) {
		t.Fatalf("content %q, metadata %q, %d buffers", got.Content, got.Metadata, len(got.Buffers))
	}
	for i := range want.Buffers {
		if !bytes.Equal(got.Buffers[i], want.Buffers[i]) {
			t.Errorf("buffer %d is %q", i, got.Buffers[i])
		}
	}
}

func TestV1_RoundTrip(t *testing.T) {
	m := sample()
	channel, got, err := decodeV1(encodeV1("iopub", m))
	if err != nil {
		t.Fatal(err)
	}
	check(t, channel, got, m)
}

// TestV1_Bytes compares with what jupyter_server's serialize_msg_to_ws_v1
// makes of channel "shell" and four dictionaries.
func TestV1_Bytes(t *testing.T) {
	got := encodeV1("shell", wire.Message{Header: []byte("{}"), Content: []byte(`{"a":1}`)})
	var want []byte
	for _, n := range []uint64{6, 56, 61, 63, 65, 67, 74} {
		want = binary.LittleEndian.AppendUint64(want, n)
	}
	want = append(want, `shell{}{}{}{"a":1}`...)
	if !bytes.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestV1_Head reads the headers of every beginning of a frame that has them.
func TestV1_Head(t *testing.T) {
	b := encodeV1("iopub", sample())
	offsets := int(binary.LittleEndian.Uint64(b))
	head := int(binary.LittleEndian.Uint64(b[word*4:])) // where the metadata begin
	for n := range b {
		_, m, err := headV1(b[:n])
		if whole := n >= head && n >= word*(offsets+1); whole != (err == nil) {
			t.Fatalf("%d of %d bytes: %v", n, len(b), err)
		}
		if err == nil && (m.ParentID != "c_7" || m.Type != "stream") {
			t.Fatalf("%d bytes: parent %q, type %q", n, m.ParentID, m.Type)
		}
		if _, _, err := decodeV1(b[:n]); !errors.Is(err, errFrame) && !errors.Is(err, wire.ErrMalformed) {
			t.Fatalf("%d bytes decoded: %v", n, err)
		}
	}
}

func TestLegacy_RoundTrip(t *testing.T) {
	m := sample()
	m.Content, m.Buffers = []byte(`{"name":"stdout","text":"ü"}`), nil
	text, err := encodeLegacy("iopub", m)
	if err != nil {
		t.Fatal(err)
	}
	channel, got, err := decodeLegacy(text, false)
	if err != nil {
		t.Fatal(err)
	}
	check(t, channel, got, m)
	if head, err := headLegacy(text[:len(text)-20]); err != nil || head.ParentID != "c_7" {
		t.Errorf("head: %+v, %v", head, err)
	}
}

// TestLegacy_Buffers takes apart what jupyter_server's
// serialize_binary_message makes.
func TestLegacy_Buffers(t *testing.T) {
	text := `{"header":{"msg_id":"k_1","msg_type":"stream"},"parent_header":{"msg_id":"c_7"},"metadata":{},"content":{},"channel":"iopub"}`
	var b []byte
	for _, n := range []int{3, 16, 16 + len(text), 16 + len(text) + 3} {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	b = append(append(b, text...), "onetwo!"...)
	channel, got, err := decodeLegacy(b, true)
	if err != nil {
		t.Fatal(err)
	}
	check(t, channel, got, wire.Message{Content: []byte("{}"), Buffers: [][]byte{[]byte("one"), []byte("two!")}})
}

func FuzzV1(f *testing.F) {
	b := encodeV1("iopub", sample())
	f.Add(b)
	f.Add(b[:len(b)-1])
	f.Add([]byte("\x06\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, _ = headV1(b)
		channel, m, err := decodeV1(b)
		if err != nil {
			return
		}
		again, m2, err := decodeV1(encodeV1(channel, m))
		if err != nil || again != channel || m2.ID != m.ID || !bytes.Equal(m2.Content, orEmpty(m.Content)) || len(m2.Buffers) != len(m.Buffers) {
			t.Errorf("%q: %+v is read back as %+v: %v", b, m, m2, err)
		}
	})
}

func FuzzLegacy(f *testing.F) {
	text, _ := encodeLegacy("iopub", wire.Message{Header: []byte(`{"msg_id":"a"}`), Content: []byte(`{"x":[1]}`)})
	f.Add(text, false)
	f.Add(append([]byte{0, 0, 0, 1, 0, 0, 0, 8}, text...), true)
	f.Fuzz(func(t *testing.T, b []byte, binaryFrame bool) {
		_, _ = headLegacy(b)
		channel, m, err := decodeLegacy(b, binaryFrame)
		if err != nil {
			return
		}
		again, err := encodeLegacy(channel, m)
		if err != nil {
			t.Fatalf("%q decodes and does not encode: %v", b, err)
		}
		if _, m2, err := decodeLegacy(again, false); err != nil || m2.ID != m.ID || m2.ParentID != m.ParentID {
			t.Errorf("%q: %+v is read back as %+v: %v", b, m, m2, err)
		}
	})
}
