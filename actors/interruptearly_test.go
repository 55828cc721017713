package actors_test

import (
	"slices"
	"testing"

	"execd/actors/msg"
)

// An interrupt that is there before the shell has begun with the run ends the
// run all the same, and is answered.
func TestSession_InterruptAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	session := must(s, msg.CreateSession{Reply: msg.NewReply[msg.Session]()})
	const rounds = 40
	for i := range rounds {
		run := msg.RunInSession{Reply: msg.NewReply[msg.Execution](), ID: session.ID, Script: "sleep 600"}
		x := must(s, run)
		var cut msg.Request[msg.Nothing] = msg.Interrupt{Reply: nothing(), ID: x.ID}
		if i%2 == 1 {
			cut = msg.RemoveExecution{Reply: nothing(), ID: x.ID}
		}
		must(s, cut)
		if end := last(s.read(x)); end.ExitCode == nil || !slices.Contains([]int{130, 137}, *end.ExitCode) {
			t.Fatalf("round %d ended with %+v", i, end)
		}
	}
}
