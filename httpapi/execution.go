package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

// executionBody describes an execution of any kind.
type executionBody struct {
	ID         string     `json:"id"`
	Kind       string     `json:"kind"`
	State      string     `json:"state"`
	Content    string     `json:"content"`
	ContextID  string     `json:"context_id,omitempty"`
	Language   string     `json:"language,omitempty"`
	StartedAt  string     `json:"started_at"`
	FinishedAt string     `json:"finished_at,omitempty"`
	ExitCode   *int       `json:"exit_code,omitempty"`
	Signal     string     `json:"signal,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	Error      string     `json:"error,omitempty"`
	Killed     int        `json:"processes_ended,omitempty"`
	Usage      *usageBody `json:"usage,omitempty"`
	Oldest     int64      `json:"oldest_event"`
	Last       int64      `json:"last_event"`
	Bytes      int64      `json:"event_bytes"`
	Late       int64      `json:"late_events,omitempty"`
	Readers    int        `json:"readers"`
}

// contentInList is how much of a command or cell a list shows.
const contentInList = 200

func describeExecution(s msg.Status) executionBody {
	return executionBody{
		ID: s.ID, Kind: string(s.Kind), State: string(s.State), Content: s.Content,
		ContextID: s.ContextID, Language: s.Language,
		StartedAt: timestamp(s.Started), FinishedAt: timestamp(s.Finished),
		ExitCode: s.ExitCode, Signal: s.Signal, Reason: s.Reason, Error: s.Error, Killed: s.Killed,
		Usage:  describeUsage(s.Usage),
		Oldest: s.Events.Oldest, Last: s.Events.Last, Bytes: s.Events.Bytes, Late: s.Late, Readers: s.Readers,
	}
}

func (s *Server) find(c echo.Context) (msg.Execution, error) {
	return msg.Ask(c.Request().Context(), s.config.Supervisor, msg.FindExecution{
		Reply: msg.NewReply[msg.Execution](),
		ID:    c.Param("id"),
	})
}

func (s *Server) listExecutions(c echo.Context) error {
	q := msg.ListExecutions{
		Reply: msg.NewReply[[]msg.Status](),
		Kind:  msg.Kind(c.QueryParam("kind")),
		State: msg.State(c.QueryParam("state")),
	}
	if !slices.Contains([]msg.Kind{"", msg.KindCommand, msg.KindBackground, msg.KindCode, msg.KindSession, msg.KindTerminal}, q.Kind) {
		return badRequest("kind must be command, background, code, session or terminal")
	}
	if !slices.Contains([]msg.State{"", msg.StateQueued, msg.StateRunning, msg.StateEnded}, q.State) {
		return badRequest("state must be queued, running or ended")
	}
	all, err := msg.Ask(c.Request().Context(), s.config.Supervisor, q)
	if err != nil {
		return err
	}
	list := make([]executionBody, len(all))
	for i, st := range all {
		list[i] = describeExecution(st)
		list[i].Content = shorten(list[i].Content)
	}
	return c.JSON(http.StatusOK, list)
}

// shorten cuts a text for a list, at a character.
func shorten(s string) string {
	if len(s) <= contentInList {
		return s
	}
	n := contentInList
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// getExecution describes an execution; with view=folded, and what it shows.
func (s *Server) getExecution(c echo.Context) error {
	view := c.QueryParam("view")
	if !slices.Contains([]string{"", "status", "folded"}, view) {
		return badRequest("view must be status or folded, got %q", view)
	}
	x, err := msg.Ask(c.Request().Context(), s.config.Supervisor, msg.FindExecution{
		Reply: msg.NewReply[msg.Execution](), ID: c.Param("id"), Measure: true,
	})
	if err != nil {
		return err
	}
	if view == "folded" {
		return s.getFolded(c, x)
	}
	return c.JSON(http.StatusOK, describeExecution(x.Status))
}

func (s *Server) removeExecution(c echo.Context) error {
	return s.done(c, msg.RemoveExecution{Reply: msg.NewReply[msg.Nothing](), ID: c.Param("id")})
}

// executionEvents attaches to an execution: from the start, or behind the
// event that the client has seen last.
func (s *Server) executionEvents(c echo.Context) error {
	after, err := afterOf(c)
	if err != nil {
		return err
	}
	x, err := s.find(c)
	if err != nil {
		return err
	}
	select {
	case <-x.Log.Done(): // nothing is to be waited for, and the connection can be used again
		return s.stream(c, x, after, false)
	default:
	}
	if !attachable(c.Request()) {
		return s.stream(c, x, after, false)
	}
	return s.attach(c, x, after)
}

// afterOf is the id of the last event that the client has: the parameter, or
// else the header by which an EventSource reconnects.
func afterOf(c echo.Context) (int64, error) {
	name, value := "after", c.QueryParam("after")
	if value == "" {
		name, value = "Last-Event-ID", c.Request().Header.Get("Last-Event-Id")
	}
	if value == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return 0, badRequest("%s must be the id of an event, got %q", name, value)
	}
	return n, nil
}
