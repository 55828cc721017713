package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"execd/actors/event"
)

const headerOutputEnd = "X-Execd-Output-End"

// both stands for stdout and stderr together, in the order in which they were
// read; else a stream has its number.
const both = -1

// written is what an execution has written to one of its streams, or to both.
type written struct {
	output *event.Output
	stream int
}

func (w written) size() (oldest, end int64, err error) {
	if w.stream == both {
		oldest, end = w.output.Range()
		return oldest, end, nil
	}
	oldest, end, err = w.output.StreamRange(w.stream)
	if errors.Is(err, event.ErrUntagged) {
		return 0, 0, badRequest("%w", err)
	}
	return oldest, end, err
}

func (w written) copy(ctx context.Context, to io.Writer, from, end int64) error {
	if w.stream == both {
		return w.output.CopyTo(ctx, to, from, end)
	}
	return w.output.CopyStream(ctx, to, w.stream, from, end)
}

// executionOutput sends the exact bytes that a command has written, also those
// of background children after its end.
func (s *Server) executionOutput(c echo.Context) error {
	streams := map[string]int{"": both, "both": both, "stdout": 0, "stderr": 1}
	stream, ok := streams[c.QueryParam("stream")]
	if !ok {
		return badRequest("stream must be stdout, stderr or both, got %q", c.QueryParam("stream"))
	}
	x, err := s.find(c)
	if err != nil {
		return err
	}
	if x.Output == nil {
		return badRequest("%q is a code cell, which has events but no output of its own; see /executions/%s/events", x.ID, x.ID)
	}
	return s.sendOutput(c, written{x.Output, stream}, "offset", headerOutputEnd, echo.MIMEOctetStream)
}

// sendOutput sends exact bytes from the offset in the named query parameter
// up to the newest, and the offset behind them in a header; or the ranges of
// them that the request names (RFC 9110, 14.2).
func (s *Server) sendOutput(c echo.Context, w written, param, header, mime string) error {
	from, err := offset(c.QueryParam(param), param)
	if err != nil {
		return err
	}
	oldest, end, err := w.size()
	if err != nil {
		return err
	}
	if from > end {
		end = from
	}
	if from < oldest {
		return &event.EvictedError{Asked: from, Oldest: oldest}
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, mime)
	h.Set(header, strconv.FormatInt(end, 10))
	if c.Request().Header.Get("Range") != "" {
		return s.serveContent(c, time.Time{}, &section{ctx: c.Request().Context(), written: w, from: from, end: end})
	}
	h.Set("Accept-Ranges", "bytes")
	h.Set(echo.HeaderContentLength, strconv.FormatInt(end-from, 10))
	to := s.contentWriter(c)
	defer to.end()
	to.WriteHeader(http.StatusOK)
	return w.copy(c.Request().Context(), to, from, end)
}

// section is a part of what was written as http.ServeContent reads it.
type section struct {
	ctx       context.Context //nolint:containedctx // the request's: a section lives as long as its handler
	written   written
	from, end int64
	at        int64
}

// Read implements io.Reader.
func (s *section) Read(p []byte) (int, error) {
	at := s.from + s.at
	if at >= s.end {
		return 0, io.EOF
	}
	buf := bytes.NewBuffer(p[:0])
	if err := s.written.copy(s.ctx, buf, at, min(s.end, at+int64(len(p)))); err != nil {
		return 0, err
	}
	s.at += int64(buf.Len())
	return buf.Len(), nil
}

// Seek implements io.Seeker.
func (s *section) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.at
	case io.SeekEnd:
		offset += s.end - s.from
	}
	if offset < 0 {
		return 0, fmt.Errorf("seek to %d", offset)
	}
	s.at = offset
	return offset, nil
}

func offset(value, param string) (int64, error) {
	if value == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return 0, badRequest("%s must be a byte offset, got %q", param, value)
	}
	return n, nil
}
