package jupyter

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"execd/kernel/wire"
)

// subprotocol is the one whose frames hold a message as the kernel sent it.
// Without it the server decodes and encodes all JSON, and buffers are apart.
const subprotocol = "v1.kernel.websocket.jupyter.org"

// errFrame is a frame to drop.
var errFrame = errors.New("not a kernel message: drop it")

// plain takes messages apart whose signature the server has seen to.
var plain = wire.NewCodec("")

// delimiter and an empty signature make the parts of a frame those of a
// message between kernel and server.
var delimiter = []byte("<IDS|MSG>")

// The dictionaries of a message, in their order.
const (
	headerPart = iota
	parentPart
	metadataPart
	contentPart
	bufferParts
)

// word is the size of a number in the head of a v1 frame.
const word = 8

// encodeV1 makes a frame of subprotocol v1: the number of offsets, the offsets
// of all parts and of the end, in little endian, then the parts.
func encodeV1(channel string, m wire.Message) []byte {
	parts := append([][]byte{[]byte(channel), orEmpty(m.Header), orEmpty(m.Parent), orEmpty(m.Metadata), orEmpty(m.Content)}, m.Buffers...)
	at := word * (len(parts) + 2)
	size := at
	for _, p := range parts {
		size += len(p)
	}
	b := make([]byte, 0, size)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(parts)+1))
	for _, p := range parts {
		b = binary.LittleEndian.AppendUint64(b, uint64(at))
		at += len(p)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(at))
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func orEmpty(dict []byte) []byte {
	if len(dict) == 0 {
		return []byte("{}")
	}
	return dict
}

// decodeV1 takes a frame apart; what it returns points into b.
func decodeV1(b []byte) (channel string, m wire.Message, err error) {
	parts, err := splitV1(b, false)
	if err != nil {
		return "", m, err
	}
	m, err = assemble(parts[1:])
	return string(parts[0]), m, err
}

// headV1 reads the headers of a frame whose end was thrown away.
func headV1(b []byte) (channel string, m wire.Message, err error) {
	parts, err := splitV1(b, true)
	if err != nil {
		return "", m, err
	}
	m, err = wire.DecodeHead(append([][]byte{delimiter, nil}, parts[1:]...))
	return string(parts[0]), m, err
}

// splitV1 returns the channel and the parts. Of a frame that was cut off it
// returns those that are whole, which must be more than the headers.
func splitV1(b []byte, cutOff bool) ([][]byte, error) {
	if len(b) < word {
		return nil, fmt.Errorf("%d bytes: %w", len(b), errFrame)
	}
	n := binary.LittleEndian.Uint64(b)
	if n < 2+bufferParts || n > uint64(len(b)/word) {
		return nil, fmt.Errorf("%d offsets: %w", n, errFrame)
	}
	head := b[word:]
	if uint64(len(head)) < n*word {
		return nil, fmt.Errorf("%d offsets in %d bytes: %w", n, len(b), errFrame)
	}
	parts := make([][]byte, 0, n+1) // and one for assemble
	from := binary.LittleEndian.Uint64(head)
	for i := uint64(1); i < n; i++ {
		to := binary.LittleEndian.Uint64(head[i*word:])
		if cutOff && to > uint64(len(b)) && len(parts) > 1+parentPart {
			return parts, nil
		}
		if from > to || to > uint64(len(b)) {
			return nil, fmt.Errorf("offset %d of %d bytes: %w", to, len(b), errFrame)
		}
		parts = append(parts, b[from:to])
		from = to
	}
	return parts, nil
}

// assemble makes a message of its dictionaries and buffers.
func assemble(parts [][]byte) (wire.Message, error) {
	frames := append(make([][]byte, 0, len(parts)+2), delimiter, nil)
	return plain.Decode(append(frames, parts...))
}

// legacy is a message in the protocol without a name: JSON in a text frame.
type legacy struct {
	Channel  string          `json:"channel"`
	Header   json.RawMessage `json:"header"`
	Parent   json.RawMessage `json:"parent_header"`
	Metadata json.RawMessage `json:"metadata"`
	Content  json.RawMessage `json:"content"`
	Buffers  []struct{}      `json:"buffers"` // always empty: they are apart
}

// encodeLegacy makes the JSON of a message. Buffers go behind it in a binary
// frame, see splitLegacy; execd sends none.
func encodeLegacy(channel string, m wire.Message) ([]byte, error) {
	return json.Marshal(legacy{
		Channel: channel, Header: orEmpty(m.Header), Parent: orEmpty(m.Parent),
		Metadata: orEmpty(m.Metadata), Content: orEmpty(m.Content), Buffers: []struct{}{},
	})
}

// decodeLegacy takes a text or binary frame apart; what it returns points into
// b or is new.
func decodeLegacy(b []byte, binaryFrame bool) (channel string, m wire.Message, err error) {
	var buffers [][]byte
	if binaryFrame {
		if b, buffers, err = splitLegacy(b); err != nil {
			return "", m, err
		}
	}
	var l struct {
		legacy
		Buffers json.RawMessage `json:"buffers"`
	}
	if err := json.Unmarshal(b, &l); err != nil {
		return "", m, fmt.Errorf("%w: %w", errFrame, err)
	}
	parts := [][]byte{orEmpty(l.Header), orEmpty(l.Parent), orEmpty(l.Metadata), orEmpty(l.Content)}
	m, err = assemble(append(parts, buffers...))
	return l.Channel, m, err
}

// splitLegacy takes the JSON and the buffers out of a binary frame: the number
// of parts and their offsets in big endian, then the parts.
func splitLegacy(b []byte) (text []byte, buffers [][]byte, err error) {
	const size = 4
	if len(b) < size {
		return nil, nil, fmt.Errorf("%d bytes: %w", len(b), errFrame)
	}
	n := uint64(binary.BigEndian.Uint32(b))
	if n < 1 || n > uint64(len(b)/size-1) {
		return nil, nil, fmt.Errorf("%d parts: %w", n, errFrame)
	}
	for i := uint64(1); i <= n; i++ {
		from, to := uint64(binary.BigEndian.Uint32(b[i*size:])), uint64(len(b))
		if i < n {
			to = uint64(binary.BigEndian.Uint32(b[(i+1)*size:]))
		}
		if from > to || to > uint64(len(b)) {
			return nil, nil, fmt.Errorf("offset %d of %d bytes: %w", to, len(b), errFrame)
		}
		buffers = append(buffers, b[from:to])
	}
	return buffers[0], buffers[1:], nil
}

// headLegacy reads the headers of a text frame whose end was thrown away. The
// server puts them first.
func headLegacy(b []byte) (m wire.Message, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return m, fmt.Errorf("no object: %w", errFrame)
	}
	var header, parent json.RawMessage
	for header == nil || parent == nil {
		var value json.RawMessage
		key, err := d.Token()
		if err == nil {
			err = d.Decode(&value)
		}
		if err != nil {
			return m, fmt.Errorf("%w: %w", errFrame, err)
		}
		switch key {
		case "header":
			header = value
		case "parent_header":
			parent = value
		}
	}
	return wire.DecodeHead([][]byte{delimiter, nil, header, parent})
}
