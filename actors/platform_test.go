package actors_test

import (
	"errors"
	"testing"

	"execd/actors"
	"execd/actors/msg"
	"execd/shell"
)

// What the platform lacks is refused before anything is started, and everything else is served.
func TestPlatform_Lacks(t *testing.T) {
	t.Parallel()
	lacking := actors.Platform{
		Platform: shell.Platform{
			Processes: errors.New("no processes"), Sessions: errors.New("no sessions"), Terminals: errors.New("no terminals"),
		},
		Kernels: errors.New("no kernels"),
	}
	s := start(t, func(c *actors.Config) { c.Platform = lacking })
	refused := func(what string, err error) {
		t.Helper()
		var e *msg.Error
		if !errors.As(err, &e) || e.Code != msg.NotSupported || e.Message != what {
			t.Errorf("%v, want %s %q", err, msg.NotSupported, what)
		}
	}
	_, err := ask(s, s.command("true"))
	refused("no processes", err)
	_, err = ask(s, s.code("1"))
	refused("no kernels", err)
	_, err = ask(s, msg.CreateContext{Reply: msg.NewReply[msg.Context](), Language: "python"})
	refused("no kernels", err)
	_, err = ask(s, msg.CreateSession{Reply: msg.NewReply[msg.Session]()})
	refused("no sessions", err)
	_, err = ask(s, msg.CreateTerminal{Reply: msg.NewReply[msg.Terminal]()})
	refused("no terminals", err)
	if all := must(s, msg.ListExecutions{Reply: msg.NewReply[[]msg.Status]()}); len(all) != 0 {
		t.Errorf("something was started: %+v", all)
	}
	if all := must(s, msg.ListSessions{Reply: msg.NewReply[[]msg.Session]()}); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}
