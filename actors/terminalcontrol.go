package actors

import (
	"context"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"execd/actors/msg"
	"execd/shell"
)

func (t *terminal) resize(m msg.ResizeTerminal) {
	if t.screen == nil || t.screen.terminal == nil {
		m.Fail(msg.Errorf(msg.NotRunning, "the terminal %q is not running on a terminal", m.ID))
		return
	}
	if err := t.screen.terminal.Resize(shell.Size{Columns: m.Columns, Rows: m.Rows}); err != nil {
		m.Fail(err)
		return
	}
	m.Answer(msg.Nothing{})
}

func (t *terminal) signal(m msg.SignalExecution) {
	sig, err := shell.ParseSignal(m.Signal)
	if err != nil {
		m.Fail(invalid(err))
		return
	}
	err = syscall.ESRCH
	switch s := t.screen; {
	case s != nil && s.terminal != nil:
		err = s.terminal.Signal(sig)
	case s != nil:
		err = s.process.Signal(sig)
	}
	if err != nil {
		m.Fail(msg.Errorf(msg.NotRunning, "nothing runs on the terminal: %w", err))
		return
	}
	m.Answer(msg.Nothing{})
}

// interrupt takes the id of the terminal, which it closes, or of its process.
func (t *terminal) interrupt(ctx actor.Context, m msg.Interrupt) {
	if m.ID == t.console.id {
		t.waiting = append(t.waiting, m)
		t.close(ctx, "deleted", syscall.SIGKILL, 0)
		return
	}
	if t.execution == nil || t.execution.id != m.ID {
		m.Fail(errNoExecution(m.ID))
		return
	}
	t.stoppers = append(t.stoppers, m)
	t.stop("interrupt", syscall.SIGHUP, t.system.config.StopGrace)
}

func (t *terminal) close(ctx actor.Context, reason string, first syscall.Signal, grace time.Duration) {
	t.closing = true
	t.stop(reason, first, grace)
	t.finish(ctx)
}

// finish stops the actor once the terminal is closed and nothing runs on it.
func (t *terminal) finish(ctx actor.Context) {
	if !t.closing || t.execution != nil {
		return
	}
	if !t.swept {
		t.sweep()
		return
	}
	for _, m := range t.waiting {
		succeed(m)
	}
	t.waiting = nil
	t.turnAway(errNoTerminal(t.console.id))
	ctx.Send(ctx.Parent(), gone{t.console.id})
	ctx.Stop(ctx.Self())
}

// sweep has a worker end what the processes of the terminal have left behind.
func (t *terminal) sweep() {
	if t.sweeping {
		return
	}
	t.sweeping = true
	left := t.system.runs.leftoversIn(t.console.id)
	t.work(func() {
		stopAll(context.Background(), left, syscall.SIGKILL, 0)
		t.tell(leftoversEnded{})
	})
}

// abort makes up for an actor that stops before its terminal is gone.
func (t *terminal) abort() {
	if t.execution != nil {
		t.execution.abandon(t.system.lost("this terminal"))
	}
}

// terminalEnv is the environment of what runs on a terminal: programs on it
// ask TERM what it can do.
func terminalEnv(env []string) []string {
	if v, ok := lookupIn(env)("TERM"); !ok || v == "" || strings.HasPrefix(v, "dumb") {
		env = append(env, "TERM=xterm-256color")
	}
	return env
}

func (s *System) consoleEnv(extra map[string]string, log *zerolog.Logger) ([]string, error) {
	env, err := s.environ(os.Environ(), extra, log)
	if err != nil {
		return nil, invalid(err)
	}
	return terminalEnv(env), nil
}
