package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

// waitBody is the answer of GET /executions/{id}/wait.
type waitBody struct {
	Met     bool           `json:"met"`
	Reason  string         `json:"reason"` // exit, output or port
	Match   string         `json:"match,omitempty"`
	EventID int64          `json:"event_id,omitempty"` // of the event that holds the match, or its end
	State   *executionBody `json:"execution"`
}

// condition is what a client waits for.
type condition struct {
	what    string // exit, output or port
	pattern *regexp.Regexp
	port    int
	limit   time.Duration // 0 for none
}

// errTimeIsUp is the cause of a wait that was given up.
var errTimeIsUp = errors.New("the time is up")

// waitExecution answers as soon as what it is asked for is true, which it may
// be already, and at once when the execution ends without it.
func (s *Server) waitExecution(c echo.Context) error {
	want, err := readCondition(c)
	if err != nil {
		return err
	}
	x, err := s.find(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if want.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, want.limit, errTimeIsUp)
		defer cancel()
	}
	var body waitBody
	switch want.what {
	case "exit":
		body, err = waitEnd(ctx, x)
	case "output":
		body, err = waitOutput(ctx, x, want.pattern)
	default:
		body, err = waitPort(ctx, x, want.port)
	}
	if errors.Is(err, errTimeIsUp) {
		return msg.Errorf(msg.WaitTimeout, "%q has not come within %v; the execution goes on", want.what, want.limit)
	}
	if err != nil {
		return err
	}
	if !body.Met {
		return msg.Errorf(msg.NotRunning, "the execution %q ended before %q came", x.ID, want.what)
	}
	if x, err = s.find(c); err != nil {
		return err
	}
	now := describeExecution(x.Status)
	body.State = &now
	return c.JSON(http.StatusOK, body)
}

func readCondition(c echo.Context) (condition, error) {
	w := condition{what: c.QueryParam("for")}
	var err error
	switch w.what {
	case "exit":
	case "output":
		if c.QueryParam("pattern") == "" {
			return w, &msg.Error{Code: msg.MissingQuery, Message: "missing query parameter 'pattern', a regular expression (RE2)"}
		}
		if w.pattern, err = regexp.Compile(c.QueryParam("pattern")); err != nil {
			return w, badRequest("pattern: %w", err)
		}
	case "port":
		if w.port, err = strconv.Atoi(c.QueryParam("port")); err != nil || w.port < 1 || w.port > 65535 {
			return w, badRequest("port must be a number from 1 to 65535, got %q", c.QueryParam("port"))
		}
	case "":
		return w, &msg.Error{Code: msg.MissingQuery, Message: "missing query parameter 'for': exit, output or port"}
	default:
		return w, badRequest("for must be exit, output or port, got %q", w.what)
	}
	if v := c.QueryParam("timeout_ms"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return w, badRequest("timeout_ms must be a number, got %q", v)
		}
		if w.limit, err = millis(n); err != nil {
			return w, err
		}
	}
	return w, nil
}

func waitEnd(ctx context.Context, x msg.Execution) (waitBody, error) {
	select {
	case <-x.Log.Done():
		return waitBody{Met: true, Reason: "exit", EventID: x.Log.Range().Last}, nil
	case <-ctx.Done():
		return waitBody{}, context.Cause(ctx)
	}
}

// waitOutput reads the events from the first on, as any reader does.
func waitOutput(ctx context.Context, x msg.Execution, pattern *regexp.Regexp) (waitBody, error) {
	cursor := x.Log.Cursor(0)
	defer cursor.Close()
	look := newFinder(pattern, x.Lines)
	look.id = x.Log.Range().Oldest - 1
	for {
		chunk, err := cursor.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return waitBody{Reason: "ended", EventID: look.id}, nil
		case err != nil && ctx.Err() != nil:
			return waitBody{}, context.Cause(ctx)
		case err != nil:
			return waitBody{}, err
		}
		if match, id, found := look.in(chunk.Frames); found {
			return waitBody{Met: true, Reason: "output", Match: match, EventID: id}, nil
		}
	}
}

// portPeriod is how often a port is looked at.
const portPeriod = 5 * time.Millisecond

// waitPort waits for something that listens on a TCP port of this machine.
func waitPort(ctx context.Context, x msg.Execution, port int) (waitBody, error) {
	tick := time.NewTicker(portPeriod)
	defer tick.Stop()
	for {
		if isListening(ctx, port) {
			return waitBody{Met: true, Reason: "port"}, nil
		}
		select {
		case <-tick.C:
		case <-x.Log.Done():
			return waitBody{Met: isListening(ctx, port), Reason: "ended", EventID: x.Log.Range().Last}, nil
		case <-ctx.Done():
			return waitBody{}, context.Cause(ctx)
		}
	}
}
