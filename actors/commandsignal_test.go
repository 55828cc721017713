package actors_test

import (
	"testing"

	"execd/actors/msg"
)

// A client that has the id of a command sees it running and may signal it: the
// process may take a moment longer to be there.
func TestCommand_SignalBeforeTheProcess(t *testing.T) {
	s := start(t, nil)
	for range 20 {
		x := must(s, s.command("sleep 600"))
		if x.Status.State != msg.StateRunning {
			t.Errorf("the command is %s", x.Status.State)
		}
		must(s, msg.SignalExecution{Reply: msg.NewReply[msg.Nothing](), ID: x.ID, Signal: "SIGTERM"})
		if end := last(s.read(x)); end.Signal != "SIGTERM" {
			t.Errorf("it ended with %+v", end)
		}
	}
}

// A signal to a command that cannot be started is answered with that.
func TestCommand_SignalWithoutProcess(t *testing.T) {
	s := start(t, nil)
	q := s.command("true")
	q.Command.Argv = []string{"/no/such/program"}
	x := must(s, q)
	if _, err := ask(s, msg.SignalExecution{Reply: msg.NewReply[msg.Nothing](), ID: x.ID, Signal: "SIGTERM"}); err == nil {
		t.Error("a signal to nothing was delivered")
	}
	<-x.Log.Done()
}
