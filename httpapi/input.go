package httpapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

// inputBuffer is how much of a request body is on its way to a process.
const inputBuffer = 32 << 10

// executionStdin gives the raw body to the standard input of an execution, as
// it arrives and as fast as the process reads, and answers when all of it is
// in the pipe. With eof=true the input ends behind it; the body may be empty.
// Code has no pipe: see answer.
func (s *Server) executionStdin(c echo.Context) error {
	eof, err := flag(c, "eof")
	if err != nil {
		return err
	}
	x, err := s.find(c)
	if err != nil {
		return err
	}
	if x.Answers != nil {
		return s.answer(c, x.Answers, eof)
	}
	if x.Input == nil {
		return msg.Errorf(msg.NotRunning, "the execution %q has no standard input; start it with \"stdin\": true", x.ID)
	}
	if err := feed(c, x.Input); err != nil {
		return err
	}
	if eof {
		if err := x.Input.Close(c.Request().Context()); err != nil {
			return fmt.Errorf("end input: %w", err)
		}
	}
	return c.NoContent(http.StatusOK)
}

// answer gives the whole body, without a newline at its end, as the answer to
// what the code asks. With eof it is the last one, and where the body is empty
// there is none.
func (s *Server) answer(c echo.Context, to msg.Answers, eof bool) error {
	text, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, s.config.MaxBody))
	if err != nil {
		return badRequest("read answer: %w", err)
	}
	if len(text) > 0 || !eof {
		line := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
		if err := to.Answer(line); err != nil {
			return err
		}
	}
	if eof {
		if err := to.Close(); err != nil {
			return fmt.Errorf("end input: %w", err)
		}
	}
	return c.NoContent(http.StatusOK)
}

func feed(c echo.Context, in msg.Input) error {
	buf := make([]byte, inputBuffer)
	var written int64
	for {
		n, err := c.Request().Body.Read(buf)
		if n > 0 {
			m, err := in.Write(c.Request().Context(), buf[:n])
			written += int64(m)
			if known, ok := errors.AsType[*msg.Error](err); ok {
				return msg.Errorf(known.Code, "after %d bytes: %w", written, err)
			}
			if err != nil {
				return fmt.Errorf("after %d bytes: %w", written, err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return badRequest("read body after %d bytes: %w", written, err)
		}
	}
}

func flag(c echo.Context, name string) (bool, error) {
	value := c.QueryParam(name)
	if value == "" {
		return false, nil
	}
	on, err := strconv.ParseBool(value)
	if err != nil {
		return false, badRequest("%s must be true or false, got %q", name, value)
	}
	return on, nil
}

// signalRequest is the body of POST /executions/{id}/signal.
type signalRequest struct {
	Signal string `json:"signal"`
}

func (s *Server) signalExecution(c echo.Context) error {
	var body signalRequest
	if _, err := decode(c, s.config.MaxBody, &body); err != nil {
		return err
	}
	if body.Signal == "" {
		return badRequest("missing field 'signal'")
	}
	return s.done(c, msg.SignalExecution{Reply: msg.NewReply[msg.Nothing](), ID: c.Param("id"), Signal: body.Signal})
}
