package httpapi_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"execd/actors/event"
	"execd/httpapi"
)

// A client that closes its side of the connection and reads on looks like one that has gone. It does not take what it gets for
// the whole of a stream, nor itself for one that may ask again because nothing was done.
func TestStream_HalfClosed(t *testing.T) {
	t.Parallel()
	h := hold(t, httpapi.Config{Heartbeat: heartbeat})
	h.log.Append(event.Event{Type: event.TypeStdout, Text: "printed"})
	for name, request := range map[string]string{
		"attached": "GET /executions/x1/events HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"run":      "POST /session/s1/run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 18\r\n\r\n{\"command\":\"true\"}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := h.dial(t)
			if _, err := io.WriteString(r, request); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(r.in, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if err := r.Conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%v behind %q", err, body)
			}
		})
	}
	t.Run("wait", func(t *testing.T) {
		t.Parallel()
		r := h.dial(t)
		if _, err := io.WriteString(r, "GET /executions/x1/wait?for=exit HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if err := r.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(r.in, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); resp.StatusCode != http.StatusInternalServerError || err != nil {
			t.Errorf("%d %q, %v", resp.StatusCode, body, err)
		}
	})
}
