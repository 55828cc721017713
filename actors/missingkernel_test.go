package actors_test

import (
	"context"
	"errors"
	"testing"

	"execd/actors/msg"
)

// A missing kernel is told as such to every run that asks for it, also to
// those that reach their context when that is known already and over.
func TestCode_MissingKernelForAll(t *testing.T) {
	s := start(t, nil)
	runs := make([]msg.RunCode, 500)
	for i := range runs {
		runs[i] = s.code("1")
		runs[i].Reply, runs[i].Language = msg.NewReply[msg.Execution](), "julia"
		s.Tell(runs[i])
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, q := range runs {
		_, err := msg.Ask(ctx, answered{s}, q)
		var known *msg.Error
		if !errors.As(err, &known) || known.Code != msg.KernelMissing && known.Code != msg.QueueFull {
			t.Fatalf("got %v, want %s", err, msg.KernelMissing)
		}
	}
}

// answered has Ask wait for the answer to what was told before.
type answered struct{ *system }

func (answered) Tell(msg.Message) {}
