package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"execd/actors/event"
	"execd/actors/msg"
)

// foldedBody is an execution with what a notebook would show of it.
type foldedBody struct {
	executionBody

	ExecutionCount *int           `json:"execution_count"` // null without one, as in a notebook
	Outputs        []*shownOutput `json:"outputs"`
}

// foldLimit bounds the events that are folded for one answer, which holds
// their text in memory.
const foldLimit = 64 << 20

// getFolded answers with the outputs of an execution as a notebook would show
// them now.
func (s *Server) getFolded(c echo.Context, x msg.Execution) error {
	if size := x.Status.Events.Bytes; size > foldLimit {
		return badRequest("the events of %q are %d bytes, more than the %d that can be folded; read /executions/%s/events",
			x.ID, size, foldLimit, x.ID)
	}
	f := &fold{lines: x.Lines}
	ctx := c.Request().Context()
	for _, log := range []*event.Log{x.Log, x.Late} {
		if err := eachEvent(log, nil, f.take); err != nil {
			return err
		}
	}
	if f.displays() {
		updates, err := s.updatesBeside(ctx, x)
		if err != nil {
			return err
		}
		for i := range updates {
			f.update(&updates[i])
		}
	}
	body := foldedBody{executionBody: describeExecution(x.Status), Outputs: f.finish()}
	if f.count > 0 {
		body.ExecutionCount = &f.count
	}
	return c.JSON(http.StatusOK, body)
}

// updatesBeside returns what other cells of the context have displayed under
// a display id since x began, in the order of time.
func (s *Server) updatesBeside(ctx context.Context, x msg.Execution) ([]shownEvent, error) {
	all, err := msg.Ask(ctx, s.config.Supervisor, msg.ListExecutions{Reply: msg.NewReply[[]msg.Status](), Kind: msg.KindCode})
	if err != nil {
		return nil, err
	}
	var updates []shownEvent
	add := func(e *shownEvent) {
		if e.DisplayID != "" && e.Time >= x.Status.Started.UnixMilli() {
			updates = append(updates, *e)
		}
	}
	for _, st := range all {
		if st.ContextID != x.Status.ContextID || st.ID == x.ID {
			continue
		}
		other, err := msg.Ask(ctx, s.config.Supervisor, msg.FindExecution{Reply: msg.NewReply[msg.Execution](), ID: st.ID})
		if err != nil {
			continue // it was removed meanwhile
		}
		for _, log := range []*event.Log{other.Log, other.Late} {
			_ = eachEvent(log, displayMark, add) // what is gone updates nothing
		}
	}
	slices.SortStableFunc(updates, func(a, b shownEvent) int { return cmp.Compare(a.Time, b.Time) })
	return updates, nil
}

// displayMark is in every event that may update a display.
var displayMark = []byte(`"display_id":`)

// eachEvent calls fn with the events that a log has now; of those with a mark,
// if there is one.
func eachEvent(log *event.Log, mark []byte, fn func(*shownEvent)) error {
	if log == nil {
		return nil
	}
	cursor := log.Cursor(0)
	defer cursor.Close()
	for {
		chunk, wait, err := cursor.Take()
		if errors.Is(err, io.EOF) || err == nil && wait != nil {
			return nil
		}
		if err != nil {
			return err
		}
		for frame := range bytes.SplitSeq(chunk.Frames, frameEnd) {
			_, data, found := bytes.Cut(frame, []byte("data: "))
			if !found || mark != nil && !bytes.Contains(data, mark) {
				continue
			}
			var e shownEvent
			if err := json.Unmarshal(data, &e); err != nil {
				return badRequest("read event: %w", err)
			}
			fn(&e)
		}
	}
}
