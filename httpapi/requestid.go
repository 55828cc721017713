package httpapi

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"sync/atomic"

	"github.com/labstack/echo/v4"
	"github.com/rs/zerolog"

	"execd/actors/msg"
)

// The fields of lines that belong to a request.
const (
	fieldRequest   = "request_id"
	fieldExecution = "execution_id"
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
	var b [32]byte
	return string(strconv.AppendUint(append(b[:0], requestPrefix...), requestCount.Add(1), 36))
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// idOf is the id of a request that was admitted.
func idOf(c echo.Context) string { return c.Response().Header().Get(headerRequestID) }

// origin says to the actors which request starts something.
func origin(c echo.Context) msg.Origin {
	parent, state := traceOf(c.Request())
	return msg.Origin{RequestID: idOf(c), TraceParent: parent, TraceState: state}
}

// about is the logger for what happens to a request: each of its lines names
// it, and the execution whose events it gets.
func (s *Server) about(c echo.Context) *zerolog.Logger {
	with := s.config.Log.With().Str(fieldRequest, idOf(c))
	if id := c.Response().Header().Get(headerExecution); id != "" {
		with = with.Str(fieldExecution, id)
	}
	log := with.Logger()
	return &log
}
