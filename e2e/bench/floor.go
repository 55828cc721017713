package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// floorServer answers as a server does that has nothing else to do.
type floorServer struct {
	mu   sync.Mutex
	gate chan struct{} // closed when what waits at /frames may write
}

// serveFloor is the helper: it serves until its standard input ends, which it does with bench.
func serveFloor(in io.Reader, out io.Writer) error {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s := &floorServer{gate: make(chan struct{})}
	e := echo.New()
	e.GET("/ping", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	e.GET("/frames", s.frames)
	e.POST("/go", s.open)
	e.POST("/lines", lines)
	e.GET("/file", sendFile)
	e.PUT("/file", takeFile)
	if _, err := fmt.Fprintf(out, "listening on http://%s\n", l.Addr()); err != nil {
		return fmt.Errorf("announce: %w", err)
	}
	server := &http.Server{Handler: e, ConnContext: withConn} //nolint:gosec // its clients are ours
	go func() { _ = server.Serve(l) }()                       // until the process ends
	_, err = io.Copy(io.Discard, in)
	return err //nolint:wrapcheck // the end
}

// connKey finds the connection of a request.
type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// smallSendBuffer keeps megabytes for each of a thousand readers out of the kernel, which slows all of them down. Files
// are sent as they are by default.
func smallSendBuffer(ctx context.Context) {
	if tcp, ok := ctx.Value(connKey{}).(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(readBuffer) // only a hint to the kernel
	}
}

// frames writes the frames of so many lines, once it is told to.
func (s *floorServer) frames(c echo.Context) error {
	n, err := strconv.Atoi(c.QueryParam("n"))
	if err != nil {
		return c.NoContent(http.StatusBadRequest)
	}
	smallSendBuffer(c.Request().Context())
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	w := c.Response().Writer
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush() //nolint:forcetypeassert // net/http's
	<-gate
	for frames := countingFrames(n); len(frames) > 0; {
		piece := frames[:min(len(frames), readBuffer)]
		frames = frames[len(piece):]
		if _, err := w.Write(piece); err != nil {
			return nil //nolint:nilerr // the client has left
		}
	}
	return nil
}

// lines runs seq n and writes an event for each line: one write for each read.
func lines(c echo.Context) error {
	smallSendBuffer(c.Request().Context())
	cmd := exec.Command("bash", "-c", "seq "+strconv.Quote(c.QueryParam("n")))
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err //nolint:wrapcheck // told to the client
	}
	w := c.Response().Writer
	w.WriteHeader(http.StatusOK)
	var id int64
	var frames, rest []byte
	for buf := make([]byte, readBuffer); err == nil; {
		var n int
		n, err = out.Read(buf)
		rest = append(rest, buf[:n]...)
		text, now := rest, time.Now()
		frames = frames[:0]
		for {
			line, behind, found := bytes.Cut(text, []byte{'\n'})
			if !found {
				break
			}
			id++
			frames = appendFrame(frames, id, "stdout", line, now)
			text = behind
		}
		rest = append(rest[:0], text...)
		_, _ = w.Write(frames) // a client that has left is waited for by nobody
	}
	if err := cmd.Wait(); err != nil {
		return nil //nolint:nilerr // the client misses the terminal event
	}
	_, _ = w.Write(appendFrame(frames[:0], id+1, "execution_complete", nil, time.Now()))
	return nil
}

// appendFrame appends an event as execd has it, for text that needs no escape.
func appendFrame(b []byte, id int64, typ string, text []byte, now time.Time) []byte {
	b = append(b, "id: "...)
	b = strconv.AppendInt(b, id, 10)
	b = append(b, "\ndata: {\"type\":\""...)
	b = append(b, typ...)
	b = append(b, "\",\"text\":\""...)
	b = append(b, text...)
	b = append(b, "\",\"timestamp\":"...)
	b = strconv.AppendInt(b, now.UnixMilli(), 10)
	return append(b, "}\n\n"...)
}

func (s *floorServer) open(c echo.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.gate)
	s.gate = make(chan struct{})
	return c.NoContent(http.StatusOK)
}

var (
	framesMu sync.Mutex
	frameSet = map[int][]byte{}
)

// countingFrames are the events of seq n as execd sends them, made once.
func countingFrames(n int) []byte {
	framesMu.Lock()
	defer framesMu.Unlock()
	if frameSet[n] == nil {
		var b []byte
		now := time.Now()
		for i := range n {
			b = appendFrame(b, int64(i+1), "stdout", strconv.AppendInt(nil, int64(i+1), 10), now)
		}
		frameSet[n] = appendFrame(b, int64(n+1), "execution_complete", nil, now)
	}
	return frameSet[n]
}
