package actors_test

import (
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"execd/actors"
	"execd/actors/msg"
)

// forever never says that it has ended, so that its answers are its own.
type forever struct{ *actors.System }

func (forever) Done() <-chan struct{} { return nil }

// actors is the tree by path.
func (s *system) actors() map[string]msg.Actor {
	s.t.Helper()
	list, err := msg.Ask(deadline(s.t), forever{s.System}, msg.ListActors{Reply: msg.NewReply[[]msg.Actor]()})
	if err != nil && !errors.Is(err, msg.ErrStopped) {
		s.t.Fatal(err)
	}
	tree := map[string]msg.Actor{}
	for _, a := range list {
		path := strings.Join(a.Path, "/")
		above, _, under := cutLast(path)
		if _, known := tree[above]; under && !known {
			s.t.Errorf("%s comes before the one above it", path)
		}
		if a.Started.IsZero() {
			s.t.Errorf("%s has no age", path)
		}
		tree[path] = a
	}
	return tree
}

func cutLast(path string) (before, after string, found bool) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

// until waits for what nobody tells.
func (s *system) until(what string, holds func() bool) {
	s.t.Helper()
	for ctx := deadline(s.t); !holds(); runtime.Gosched() {
		if ctx.Err() != nil {
			s.t.Fatalf("in vain waited for: %s; %+v", what, s.actors())
		}
	}
}

// TestCensus_Life: an actor is there from its start to its end.
func TestCensus_Life(t *testing.T) {
	s := start(t, nil)
	s.until("all supervisors", func() bool {
		tree := s.actors()
		paths := slices.Sorted(maps.Keys(tree))
		want := []string{
			"root", "root/commands", "root/janitor", "root/kernels", "root/metrics", "root/sessions", "root/terminals", "root/watches",
		}
		return slices.Equal(paths, want) && !slices.ContainsFunc(paths, func(p string) bool { return tree[p].State != msg.ActorRunning })
	})
	x := must(s, s.command("sleep 600"))
	path := "root/commands/" + x.ID
	if a := s.actors()[path]; a.Kind != "command" || a.State != msg.ActorRunning || a.Restarts != 0 || a.Failures != 0 {
		t.Errorf("%+v", a)
	}
	must(s, msg.RemoveExecution{Reply: nothing(), ID: x.ID})
	s.until("the end of the command", func() bool { return s.actors()[path].Kind == "" })
	if err := s.Stop(deadline(t)); err != nil {
		t.Fatal(err)
	}
	if left := s.actors(); len(left) > 0 {
		t.Errorf("left behind: %+v", left)
	}
}

// TestCensus_Stuck: also an actor that does not come back from a message is
// seen, with what waits for it.
func TestCensus_Stuck(t *testing.T) {
	gate, held := make(chan struct{}), make(chan struct{})
	s := start(t, func(c *actors.Config) {
		c.Fault = func(class actors.Class, message any) {
			if _, ok := message.(msg.ListExecutions); ok && class == "root" {
				close(held)
				<-gate
			}
		}
	})
	defer close(gate)
	go s.Tell(msg.ListExecutions{Reply: msg.NewReply[[]msg.Status]()}) // who finds it at rest lends it the goroutine
	<-held
	for range 3 {
		s.Tell(msg.FindExecution{Reply: msg.NewReply[msg.Execution]()})
	}
	if a := s.actors()["root"]; a.Mailbox < 3 || a.State != msg.ActorRunning {
		t.Errorf("%+v, want 3 that wait, and perhaps the sampler's question", a)
	}
}

// TestCensus_Failures: a panic is counted, and so is a new instance, which is
// not what each panic makes.
func TestCensus_Failures(t *testing.T) {
	once := map[actors.Class]bool{}
	s := start(t, func(c *actors.Config) {
		c.Fault = func(class actors.Class, message any) {
			_, find := message.(msg.FindContext)
			_, cell := message.(msg.Interrupt)
			if (class == "kernels" && find || class == "kernel session" && cell) && !once[class] {
				once[class] = true
				panic("injected")
			}
		}
	})
	if _, err := ask(s, msg.FindContext{Reply: msg.NewReply[msg.Context]()}); !errors.Is(err, msg.ErrCrashed) {
		t.Fatal(err)
	}
	c := must(s, msg.CreateContext{Reply: msg.NewReply[msg.Context](), Language: "python"})
	if a := s.actors()["root/kernels"]; a.Failures != 1 || a.Restarts != 0 || a.State != msg.ActorRunning {
		t.Errorf("resumed: %+v", a)
	}
	_, _ = ask(s, msg.Interrupt{Reply: nothing(), ID: c.ID})
	s.until("a new instance", func() bool {
		a := s.actors()["root/kernels/"+c.ID]
		return a.Failures == 1 && a.Restarts == 1 && a.State == msg.ActorRunning
	})
}
