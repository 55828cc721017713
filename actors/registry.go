package actors

import (
	"slices"
	"sync"
	"time"

	"execd/actors/event"
	"execd/actors/msg"
	"execd/shell"
)

// registry knows every execution that runs or is retained. It belongs to the
// system, not to an actor, so that no restart loses it. All methods may be
// called from any goroutine.
type registry struct {
	store *event.Store
	begun func(*execution) // told of each, to count
	over  func(*execution) // likewise of each end

	mu      sync.Mutex
	all     map[string]*execution
	keys    map[string]*execution // by idempotency key
	ended   []*execution          // in the order in which they ended
	left    []*shell.Process      // of executions that were forgotten, as long as others of theirs may live
	running int
	idle    chan struct{} // closed when running is 0; nil while nobody waits
}

func newRegistry(store *event.Store) *registry {
	return &registry{store: store, all: map[string]*execution{}, keys: map[string]*execution{}}
}

// begin returns the execution that the retry key stands for, or else makes a
// new one with the fields of x, and says which. It fails with KeyReused where
// the key stands for another request, and with TooMany beyond limit.
func (g *registry) begin(x *execution, limit int) (_ *execution, fresh bool, _ error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if known := g.keys[x.retry.Key]; known != nil && x.retry.Key != "" {
		if known.retry.Body != x.retry.Body {
			return nil, false, errKeyReused
		}
		return known, false, nil
	}
	if g.running >= limit {
		return nil, false, msg.Errorf(msg.TooMany, "%d executions are running, which is the limit; end one first", g.running)
	}
	x.id = newID()
	x.state = msg.StateQueued
	x.created = time.Now()
	switch {
	case x.kind == msg.KindCode:
		x.log, x.late = g.store.NewLog(x.id), g.store.NewLate(x.id)
	case x.lines:
		x.log, x.output = g.store.NewLog(x.id), g.store.NewOutput(x.id)
	default:
		x.log, x.output = g.store.NewLogOver(x.id)
	}
	x.ended = g.note
	g.all[x.id] = x
	if x.retry.Key != "" {
		g.keys[x.retry.Key] = x
	}
	x.alone = g.running == 0
	g.running++
	g.begun(x)
	return x, true, nil
}

var errKeyReused = msg.Errorf(msg.KeyReused, "this Idempotency-Key was used with another request; take a new one")

// note is told when x has ended. What was refused leaves no trace, so that
// its key can be used for a corrected request.
func (g *registry) note(x *execution) {
	g.over(x)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	if g.running == 0 && g.idle != nil {
		close(g.idle)
		g.idle = nil
	}
	x.mu.Lock()
	refused := x.refusal != nil
	x.mu.Unlock()
	if refused {
		g.drop(x)
		x.release()
		return
	}
	g.ended = append(g.ended, x)
}

func (g *registry) drop(x *execution) {
	delete(g.all, x.id)
	if g.keys[x.retry.Key] == x {
		delete(g.keys, x.retry.Key)
	}
}

// find returns the execution with the id, or nil.
func (g *registry) find(id string) *execution {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.all[id]
}

// list returns the executions of a kind and in a state, oldest first; empty
// arguments match all. Those that have not been admitted are not listed.
func (g *registry) list(kind msg.Kind, state msg.State) []msg.Status {
	g.mu.Lock()
	all := make([]*execution, 0, len(g.all))
	for _, x := range g.all {
		all = append(all, x)
	}
	g.mu.Unlock()
	list := make([]msg.Status, 0, len(all))
	for _, x := range all {
		s := x.status()
		if s.Events.Last > 0 && (kind == "" || s.Kind == kind) && (state == "" || s.State == state) {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b msg.Status) int { return a.Started.Compare(b.Started) })
	return list
}

// within returns the executions of a context that have not ended.
func (g *registry) within(context string) []*execution {
	g.mu.Lock()
	defer g.mu.Unlock()
	var found []*execution
	for _, x := range g.all {
		if x.isIn(context) && !x.over() {
			found = append(found, x)
		}
	}
	return found
}

// forget removes ended executions and their files.
func (g *registry) forget(gone ...*execution) {
	g.mu.Lock()
	g.left = slices.DeleteFunc(g.left, isDeserted)
	for _, x := range gone {
		g.drop(x)
		if p := x.leftover(); p != nil {
			g.left = append(g.left, p)
		}
	}
	g.ended = slices.DeleteFunc(g.ended, func(x *execution) bool { return g.all[x.id] != x })
	g.mu.Unlock()
	for _, x := range gone {
		x.release()
	}
}

// past returns the ended executions, the one that ended first in front.
func (g *registry) past() []*execution {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.ended)
}

// allEnded returns a channel that is closed once nothing runs.
func (g *registry) allEnded() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.idle == nil {
		g.idle = make(chan struct{})
		if g.running == 0 {
			c := g.idle
			close(c)
			g.idle = nil
			return c
		}
	}
	return g.idle
}

// leftovers are the processes of ended executions, also of those that were
// forgotten, for as long as others of theirs may live.
func (g *registry) leftovers() []*shell.Process {
	g.mu.Lock()
	all := slices.Clone(g.left)
	g.mu.Unlock()
	for _, x := range g.past() {
		if p := x.leftover(); p != nil {
			all = append(all, p)
		}
	}
	return all
}

// leftoversIn are those of a context.
func (g *registry) leftoversIn(context string) []*shell.Process {
	var all []*shell.Process
	for _, x := range g.past() {
		if p := x.leftover(); p != nil && x.isIn(context) {
			all = append(all, p)
		}
	}
	return all
}

// isDeserted reports whether nobody is left of what an ended process has
// started.
func isDeserted(p *shell.Process) bool {
	select {
	case <-p.OutputDone():
		return !p.LeftBehind()
	default:
		return false
	}
}

// closeOutputs lets go of the pipes that background children still hold.
func (g *registry) closeOutputs() {
	for _, p := range g.leftovers() {
		p.CloseOutput()
	}
}

// removeAll drops every log at the end of the system.
func (g *registry) removeAll() {
	g.mu.Lock()
	all := g.all
	g.all, g.keys, g.ended = map[string]*execution{}, map[string]*execution{}, nil
	g.mu.Unlock()
	for _, x := range all {
		x.release()
	}
}
