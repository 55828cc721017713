package actors

import (
	"crypto/rand"
	"encoding/hex"
)

// newID returns 32 hexadecimal digits, as the API's clients know ids.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand crashes the program instead
	return hex.EncodeToString(b[:])
}
