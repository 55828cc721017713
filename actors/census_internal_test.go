package actors

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/event"
)

// lifetimes counts the starts of an actor that is busy until it is let go.
type lifetimes struct {
	busy, free chan struct{}
	started    chan struct{}
}

func (l *lifetimes) Receive(ctx actor.Context) {
	switch ctx.Message().(type) {
	case *actor.Started:
		l.started <- struct{}{}
	case string:
		l.busy <- struct{}{}
		<-l.free
	}
}

// TestGuard_RestartBehindStop: a supervisor that has failed, and stops its
// children for that, may have told one of them to begin anew before. The
// framework would bring that one back after its end.
func TestGuard_RestartBehindStop(t *testing.T) {
	s := Start(Config{Store: event.NewStore(t.TempDir(), event.Limits{}, nil)})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	defer func() {
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	l := &lifetimes{make(chan struct{}), make(chan struct{}), make(chan struct{}, 9)}
	pid := s.actors.Root.Spawn(s.props(classJanitor, func() actor.Actor { return l }))
	s.tell(pid, "work")
	<-l.busy
	process, _ := s.actors.ProcessRegistry.Get(pid)
	process.SendSystemMessage(pid, &actor.Stop{})
	process.SendSystemMessage(pid, &actor.Restart{})
	close(l.free)
	for _, there := s.actors.ProcessRegistry.Get(pid); there; _, there = s.actors.ProcessRegistry.Get(pid) {
		if ctx.Err() != nil {
			t.Fatal("it does not end")
		}
		runtime.Gosched()
	}
	second := s.actors.Root.Spawn(s.props(classJanitor, func() actor.Actor { return l })) // a later one has its turn
	_ = s.actors.Root.StopFuture(second).Wait()
	s.census.mu.Lock()
	_, listed := s.census.actors[pid.Id]
	s.census.mu.Unlock()
	if n := len(l.started); n != 2 || listed {
		t.Errorf("two actors were started %d times; the first is listed after its end: %v", n, listed)
	}
}
