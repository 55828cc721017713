package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"time"
)

// Version is the protocol version in the headers sent. 5.3 is what every
// kernel in use knows; what came later concerns debuggers and subshells.
const Version = "5.3"

// delimiter separates the routing identities from the message.
const delimiter = "<IDS|MSG>"

// The frames after the delimiter, in their order.
const (
	signatureAt = iota
	headerAt
	parentAt
	metadataAt
	contentAt
	buffersAt
)

// Errors of Decode. A message that has one is to be dropped, not answered.
var (
	ErrMalformed = errors.New("not a Jupyter message: drop it")
	ErrSignature = errors.New("signature does not match the kernel's key: drop the message")
)

// Message is a Jupyter message. The byte slices may point into frames.
type Message struct {
	Identities [][]byte
	ID         string // msg_id of the header
	Type       string // msg_type of the header
	ParentID   string // msg_id of the parent header; empty if there is none
	Header     []byte // JSON, as are the next three
	Parent     []byte
	Metadata   []byte
	Content    []byte
	Buffers    [][]byte
}

// Codec signs and verifies with HMAC-SHA256; with an empty key it does
// neither, as the documentation says.
type Codec struct {
	mac hash.Hash // nil without a key; reset before each use
	sum [sha256.Size]byte
	hex [2 * sha256.Size]byte
}

// NewCodec returns a Codec for the key of a connection file.
func NewCodec(key string) *Codec {
	c := &Codec{}
	if key != "" {
		c.mac = hmac.New(sha256.New, []byte(key))
	}
	return c
}

// sign returns the signature of the four dictionaries, valid until the next
// call.
func (c *Codec) sign(dicts [][]byte) []byte {
	if c.mac == nil {
		return nil
	}
	c.mac.Reset()
	for _, d := range dicts {
		_, _ = c.mac.Write(d)
	}
	hex.Encode(c.hex[:], c.mac.Sum(c.sum[:0]))
	return c.hex[:]
}

// Encode returns the frames of m. They are valid until the next call. Empty
// dictionaries are sent as {}.
func (c *Codec) Encode(m Message) [][]byte {
	frames := make([][]byte, 0, len(m.Identities)+1+buffersAt+len(m.Buffers))
	frames = append(frames, m.Identities...)
	frames = append(frames, []byte(delimiter), nil)
	at := len(frames)
	for _, d := range [...][]byte{m.Header, m.Parent, m.Metadata, m.Content} {
		if len(d) == 0 {
			d = []byte("{}")
		}
		frames = append(frames, d)
	}
	frames[at-1] = c.sign(frames[at:])
	return append(frames, m.Buffers...)
}

// Decode verifies and takes apart the frames of a message.
func (c *Codec) Decode(frames [][]byte) (Message, error) {
	m, rest, err := split(frames)
	if err != nil {
		return Message{}, err
	}
	if len(rest) < buffersAt {
		return Message{}, fmt.Errorf("%d frames: %w", len(rest), ErrMalformed)
	}
	if c.mac != nil && !hmac.Equal(c.sign(rest[headerAt:buffersAt]), rest[signatureAt]) {
		return Message{}, ErrSignature
	}
	m.Metadata, m.Content, m.Buffers = rest[metadataAt], rest[contentAt], rest[buffersAt:]
	return m, nil
}

// DecodeHead reads the headers of a message whose content was thrown away, so
// that it can be said whose it was. Nothing vouches for it: there is no
// signature without the content.
func DecodeHead(frames [][]byte) (Message, error) {
	m, _, err := split(frames)
	return m, err
}

// split finds the delimiter and reads both headers.
func split(frames [][]byte) (Message, [][]byte, error) {
	var m Message
	for len(frames) > 0 && string(frames[0]) != delimiter {
		m.Identities = append(m.Identities, frames[0])
		frames = frames[1:]
	}
	if len(frames) <= 1+parentAt {
		return m, nil, fmt.Errorf("no headers: %w", ErrMalformed)
	}
	rest := frames[1:]
	var own, parent struct {
		ID   string `json:"msg_id"`
		Type string `json:"msg_type"`
	}
	if err := json.Unmarshal(rest[headerAt], &own); err != nil {
		return m, nil, fmt.Errorf("header: %w: %w", ErrMalformed, err)
	}
	if err := json.Unmarshal(rest[parentAt], &parent); err != nil {
		return m, nil, fmt.Errorf("parent header: %w: %w", ErrMalformed, err)
	}
	m.Header, m.Parent = rest[headerAt], rest[parentAt]
	m.ID, m.Type, m.ParentID = own.ID, own.Type, parent.ID
	return m, rest, nil
}

// Header returns the JSON of a header. Session, id and kind are put in without
// escaping: they are made by execd of letters, digits, '-' and '_'.
func Header(session, id, kind string, now time.Time) []byte {
	b := make([]byte, 0, 256)
	b = append(b, `{"msg_id":"`...)
	b = append(b, id...)
	b = append(b, `","session":"`...)
	b = append(b, session...)
	b = append(b, `","username":"execd","date":"`...)
	b = now.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","msg_type":"`...)
	b = append(b, kind...)
	return append(b, `","version":"`+Version+`"}`...)
}

// AppendID appends the n-th message id of a session; the form is the one of
// jupyter_client, session first.
func AppendID(dst []byte, session string, n int64) []byte {
	dst = append(dst, session...)
	return strconv.AppendInt(append(dst, '_'), n, 10)
}
