// Package httpapi is the HTTP side of execd: Echo handlers that turn requests
// into messages to the root supervisor, and relay event logs as streams.
//
// A handler checks and translates; it decides nothing about what runs. The
// goroutine of a request belongs to net/http. A stream blocks in it on its
// cursor, its heartbeat and its client, and holds no lock: a slow client
// blocks only itself, and loses its connection when one write takes longer
// than the write timeout. Whoever attaches to a run that goes on, or watches
// metrics, may wait for long beside thousands: these connections are taken
// from net/http (attach.go, viewer.go).
//
// To test a handler, give New a msg.Supervisor that answers from a function,
// and serve the result with net/http/httptest.
package httpapi
