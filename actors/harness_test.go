package actors_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"execd/actors"
	"execd/actors/event"
	"execd/actors/msg"
)

// patience bounds waits for what should take milliseconds on a busy machine.
const patience = 20 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type system struct {
	*actors.System
	t       *testing.T
	kernels *fakeProvider
	removed map[string]bool // executions that a test has asked to be removed
}

// start returns a running tree that the test stops at its end.
func start(t *testing.T, change func(*actors.Config)) *system {
	t.Helper()
	s := &system{t: t, kernels: newFakeProvider(), removed: map[string]bool{}}
	config := actors.Config{
		Log:             zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.ErrorLevel),
		Store:           event.NewStore(t.TempDir(), event.Limits{}, nil),
		Kernels:         s.kernels,
		StopGrace:       100 * time.Millisecond,
		DisconnectGrace: 50 * time.Millisecond,
	}
	if change != nil {
		change(&config)
	}
	s.System = actors.Start(config)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		s.kernels.checkAllGone(t)
	})
	return s
}

func ask[R any](s *system, q msg.Request[R]) (R, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := msg.Ask(ctx, s.System, q)
	if errors.Is(err, context.DeadlineExceeded) {
		s.t.Errorf("%T was never answered", q)
	}
	return r, err
}

func must[R any](s *system, q msg.Request[R]) R {
	s.t.Helper()
	r, err := ask(s, q)
	if err != nil {
		s.t.Fatalf("%T: %v", q, err)
	}
	return r
}

func (s *system) command(script string) msg.RunCommand {
	return msg.RunCommand{Reply: msg.NewReply[msg.Execution](), Command: msg.Command{Script: script}}
}

func (s *system) code(code string) msg.RunCode {
	return msg.RunCode{Reply: msg.NewReply[msg.Execution](), Language: "python", Code: code}
}

// frame is what a test looks at in an event.
type frame struct {
	Type     event.Type `json:"type"`
	Text     string     `json:"text"`
	Status   string     `json:"status"`
	Reason   string     `json:"reason"`
	Signal   string     `json:"signal"`
	ExitCode *int       `json:"exit_code"`
	Position int        `json:"position"`
	Usage    *struct {
		CPU int64 `json:"cpu_ms"`
	} `json:"usage"`
	Error *struct {
		Name  string `json:"ename"`
		Value string `json:"evalue"`
	} `json:"error"`
}

// read returns all events of a log, which has to end.
func (s *system) read(x msg.Execution) []frame {
	s.t.Helper()
	frames, kept := s.readKept(x)
	if !kept {
		s.t.Fatalf("execution %s (%s) has been removed", x.ID, x.Status.Content)
	}
	return frames
}

// readKept is read, and says whether the log was still there: to remove what
// has ended already, as an actor's failure may have it, takes the log away.
func (s *system) readKept(x msg.Execution) ([]frame, bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := x.Log.Cursor(0)
	defer c.Close()
	var frames []frame
	for {
		chunk, err := c.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, event.ErrRemoved) && s.removed[x.ID] {
			return nil, false
		}
		if err != nil {
			s.t.Fatalf("execution %s (%s) has no end: %v; got %+v", x.ID, x.Status.Content, err, frames)
		}
		for line := range bytes.Lines(event.NDJSON.Append(nil, chunk.Frames)) {
			var f frame
			if err := json.Unmarshal(line, &f); err != nil {
				s.t.Fatalf("frame %s: %v", line, err)
			}
			frames = append(frames, f)
		}
	}
	s.checkShape(frames)
	return frames, true
}

// remove asks for an execution to be removed, whatever the answer.
func (s *system) remove(x msg.Execution) {
	s.removed[x.ID] = true
	_, _ = ask(s, msg.RemoveExecution{Reply: msg.NewReply[msg.Nothing](), ID: x.ID})
}

// checkShape holds a log to its promise: init first, one terminal event last.
func (s *system) checkShape(frames []frame) {
	s.t.Helper()
	for i, f := range frames {
		if first, last := i == 0, i == len(frames)-1; (f.Type == event.TypeInit) != first || f.Type.Terminal() != last {
			s.t.Fatalf("event %d of %d has type %s in %+v", i+1, len(frames), f.Type, frames)
		}
	}
}

func last(frames []frame) frame { return frames[len(frames)-1] }

// stdout joins what was printed, a line an event.
func stdout(frames []frame) string {
	var lines []string
	for _, f := range frames {
		if f.Type == event.TypeStdout {
			lines = append(lines, f.Text)
		}
	}
	return strings.Join(lines, "\n")
}

func (s *system) withLanguage(language string) msg.RunCode {
	m := s.code("pass")
	m.Language = language
	return m
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}
