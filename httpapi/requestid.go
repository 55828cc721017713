package httpapi

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"sync/atomic"
)

// maxRequestID is the longest id that is taken over from a client: it goes
// into every log line.
const maxRequestID = 128

var (
	requestPrefix = func() string {
		var b [6]byte
		_, _ = rand.Read(b[:]) // never fails
		return hex.EncodeToString(b[:]) + "-"
	}()
	requestCount atomic.Uint64
)

// requestID returns the client's own id where it is short and printable, and
// a new one otherwise: unique in this process, and its prefix across restarts.
func requestID(given string) string {
	if given != "" && len(given) <= maxRequestID && printable(given) {
		return given
	}
	return requestPrefix + strconv.FormatUint(requestCount.Add(1), 36)
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
