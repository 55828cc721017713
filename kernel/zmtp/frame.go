package zmtp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Bits of the flags octet (RFC 23, section "Framing"). The others are
// reserved and must be zero, so a set one means that framing was lost.
const (
	flagMore    = 1 << 0
	flagLong    = 1 << 1
	flagCommand = 1 << 2
)

const (
	// maxShort is the longest body with a one-octet size.
	maxShort = 255

	// maxSane is a size that no peer sends on purpose: a frame above it is
	// noise and ends the connection, where one that is only over the limit is
	// skipped, which needs its size to be true.
	maxSane = 1 << 40
)

// ErrProtocol is in the chain of each error that says the peer does not speak
// ZMTP 3. The connection is of no use after it; close it.
var ErrProtocol = errors.New("not ZMTP 3: close the connection")

// frame is the head of a frame: what comes before its body.
type frame struct {
	size    int64
	more    bool
	command bool
}

// readFrame reads the head of a frame and leaves r at its body.
func readFrame(r *bufio.Reader) (frame, error) {
	flags, err := r.ReadByte()
	if err != nil {
		return frame{}, err
	}
	if flags&^(flagMore|flagLong|flagCommand) != 0 {
		return frame{}, fmt.Errorf("frame flags %#02x: %w", flags, ErrProtocol)
	}
	f := frame{more: flags&flagMore != 0, command: flags&flagCommand != 0}
	if f.more && f.command {
		return frame{}, fmt.Errorf("command with more to come: %w", ErrProtocol)
	}
	size, err := readSize(r, flags&flagLong != 0)
	if err != nil {
		return frame{}, err
	}
	if size > maxSane {
		return frame{}, fmt.Errorf("frame of %d bytes: %w", size, ErrProtocol)
	}
	f.size = int64(size)
	return f, nil
}

func readSize(r *bufio.Reader, long bool) (uint64, error) {
	if !long {
		b, err := r.ReadByte()
		return uint64(b), midway(err)
	}
	var b [8]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, midway(err)
	}
	return binary.BigEndian.Uint64(b[:]), nil
}

// appendFrame appends the frame with the given flags (without LONG) and body.
func appendFrame(dst []byte, flags byte, body []byte) []byte {
	if len(body) <= maxShort {
		dst = append(dst, flags, byte(len(body)))
		return append(dst, body...)
	}
	dst = append(dst, flags|flagLong)
	dst = binary.BigEndian.AppendUint64(dst, uint64(len(body)))
	return append(dst, body...)
}

// midway tells an end inside a frame from the clean one between two frames.
func midway(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
