package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/rs/zerolog"

	"execd/actors/event"
	"execd/actors/msg"
	"execd/fsops"
)

// statuses is the HTTP status of each code. 429 and 503 promise that nothing
// was started, because some clients retry on them by themselves.
var statuses = map[msg.Code]int{
	msg.InvalidRequest:      http.StatusBadRequest,
	msg.MissingQuery:        http.StatusBadRequest,
	msg.RuntimeError:        http.StatusInternalServerError,
	msg.NotFound:            http.StatusNotFound,
	msg.MethodNotAllowed:    http.StatusMethodNotAllowed,
	msg.ExecutionNotFound:   http.StatusNotFound,
	msg.ContextNotFound:     http.StatusNotFound,
	msg.NotRunning:          http.StatusConflict,
	msg.AlreadyConnected:    http.StatusConflict,
	msg.WaitTimeout:         http.StatusRequestTimeout,
	msg.NotSupported:        http.StatusNotImplemented,
	msg.KernelMissing:       http.StatusInternalServerError,
	msg.Unauthorized:        http.StatusUnauthorized,
	msg.ForeignOrigin:       http.StatusForbidden,
	msg.TooLarge:            http.StatusRequestEntityTooLarge,
	msg.KeyReused:           http.StatusUnprocessableEntity,
	msg.RangeNotSatisfiable: http.StatusRequestedRangeNotSatisfiable,
	msg.Evicted:             http.StatusGone,
	msg.FileNotFound:        http.StatusNotFound,
	msg.FileExists:          http.StatusConflict,
	msg.InvalidFile:         http.StatusBadRequest,
	msg.InvalidFileContent:  http.StatusBadRequest,
	msg.InvalidFileMetadata: http.StatusBadRequest,
	msg.PermissionDenied:    http.StatusForbidden,
	msg.PreconditionFailed:  http.StatusPreconditionFailed,
	msg.ChecksumMismatch:    460, // the tus checksum extension's
	msg.UploadConflict:      http.StatusConflict,
	msg.BadGateway:          http.StatusBadGateway,
	msg.NoSpace:             http.StatusInsufficientStorage,
	msg.QueueFull:           http.StatusTooManyRequests,
	msg.TooMany:             http.StatusTooManyRequests,
	msg.TooManyStreams:      http.StatusTooManyRequests,
	msg.TooManyWatches:      http.StatusTooManyRequests,
	msg.HeaderTooLarge:      http.StatusRequestHeaderFieldsTooLarge,
	msg.BodyTimeout:         http.StatusRequestTimeout,
	msg.ShuttingDown:        http.StatusServiceUnavailable,
	msg.NoIsolation:         http.StatusServiceUnavailable, // the contract's status
	msg.NotReady:            http.StatusServiceUnavailable,
}

// errorBody is the contract's shape of every error.
type errorBody struct {
	Code    msg.Code `json:"code"`
	Message string   `json:"message"`
	Error   string   `json:"error,omitempty"`  // of 401 only, for clients of the reference
	Oldest  int64    `json:"oldest,omitempty"` // of EVENTS_EVICTED: the oldest id or offset held

	Details map[string]string `json:"details,omitempty"` // of NOT_READY: what is wrong with what
}

// fail answers with an error. Once a response has begun it can only be cut,
// so that the client does not take what it got for the whole.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		if !errors.Is(err, errGone) {
			s.about(c).Warn().Err(err).Str("path", c.Path()).Msg("response cut")
		}
		panic(http.ErrAbortHandler)
	}
	if errors.Is(err, context.Canceled) && !errors.Is(context.Cause(c.Request().Context()), errServerClosing) {
		err = errTakenBack
	}
	var stale *fsops.PreconditionError
	if errors.As(err, &stale) && stale.ETag != "" {
		c.Response().Header().Set(headerETag, stale.ETag)
	}
	status, body := describe(err)
	if body.Code == msg.ShuttingDown || body.Code == msg.NotReady { // another will serve in its place, or this one will
		c.Response().Header().Set("Retry-After", "1")
	}
	if err := c.JSON(status, body); err != nil {
		s.about(c).Debug().Err(err).Msg("error not delivered")
	}
}

// errTakenBack is for a client that can still hear it: one that has closed its
// side of the connection, from which net/http cannot tell one that has gone.
var errTakenBack = &msg.Error{
	Code:    msg.RuntimeError,
	Message: "the client has closed its side of the connection before the answer; what it asked for may have begun",
}

// describe is what a client is told about err.
func describe(err error) (int, errorBody) {
	var known *msg.Error
	var evicted *event.EvictedError
	var route *echo.HTTPError
	switch {
	case errors.Is(err, errSlowBody): // whatever the handler took it for
		return http.StatusRequestTimeout, errorBody{Code: errSlowBody.Code, Message: errSlowBody.Message}
	case errors.As(err, &known):
		body := errorBody{Code: known.Code, Message: known.Message, Details: known.Details}
		if known.Code == msg.Unauthorized {
			body.Error = "Unauthorized: " + known.Message
		}
		return statuses[known.Code], body
	case errors.As(err, &evicted):
		return http.StatusGone, errorBody{Code: msg.Evicted, Message: err.Error(), Oldest: evicted.Oldest}
	case errors.Is(err, event.ErrRemoved):
		return http.StatusNotFound, errorBody{Code: msg.ExecutionNotFound, Message: err.Error()}
	case errors.As(err, &route):
		return describeRoute(route)
	case errors.Is(err, context.Canceled), errors.Is(err, errServerClosing):
		return http.StatusServiceUnavailable, errorBody{Code: msg.ShuttingDown, Message: errServerClosing.Error()}
	}
	return http.StatusInternalServerError, errorBody{Code: msg.RuntimeError, Message: err.Error()}
}

func describeRoute(err *echo.HTTPError) (int, errorBody) {
	switch err.Code {
	case http.StatusNotFound:
		return err.Code, errorBody{Code: msg.NotFound, Message: "no such path; openapi.yaml lists them all"}
	case http.StatusMethodNotAllowed:
		return err.Code, errorBody{Code: msg.MethodNotAllowed, Message: "the path does not know this method; see the header Allow"}
	}
	return err.Code, errorBody{Code: msg.RuntimeError, Message: fmt.Sprint(err.Message)}
}

func badRequest(format string, args ...any) error {
	return msg.Errorf(msg.InvalidRequest, format, args...)
}

// newErrorLog takes what net/http has to say about broken connections.
func newErrorLog(z zerolog.Logger) *log.Logger {
	return log.New(errorLog{z}, "", 0)
}

type errorLog struct{ log zerolog.Logger }

func (l errorLog) Write(p []byte) (int, error) {
	l.log.Debug().Str("component", "http").Msg(strings.TrimSpace(string(p)))
	return len(p), nil
}
