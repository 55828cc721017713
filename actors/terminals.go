package actors

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/msg"
)

// terminals is the dynamic supervisor of terminals.
type terminals struct {
	system   *System
	others   *actor.PID // who knows the ids that are no terminal's
	children children
	all      map[string]*console
	retries  map[string]string // idempotency key to terminal id
}

func newTerminals(s *System, others *actor.PID) *terminals {
	return &terminals{system: s, others: others, children: children{}, all: map[string]*console{}, retries: map[string]string{}}
}

func (t *terminals) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case msg.CreateTerminal:
		t.create(ctx, m)
	case msg.FindTerminal:
		t.find(m)
	case msg.ListTerminals:
		m.Answer(t.list())
	case msg.OpenTerminal:
		t.forward(ctx, m, m.ID)
	case msg.ResizeTerminal:
		t.forward(ctx, m, m.ID)
	case msg.DeleteTerminal:
		t.forward(ctx, m, m.ID)
		t.forget(m.ID)
	case msg.Interrupt:
		t.interrupt(ctx, m)
	case msg.RemoveExecution:
		t.forwardRun(ctx, m, m.ID)
	case msg.SignalExecution:
		t.forwardRun(ctx, m, m.ID)
	case shutdown:
		t.children.broadcast(ctx, m)
	case gone:
		t.forget(m.id)
	case *actor.Terminated:
		t.terminated(m.Who)
	case lapsed:
		t.terminated(m.who)
	case actor.SystemMessage, actor.AutoReceiveMessage:
	default:
		t.system.unknown(classTerminals, m)
	}
}

func (t *terminals) create(ctx actor.Context, m msg.CreateTerminal) {
	if id, ok := t.retries[m.Retry.Key]; ok && m.Retry.Key != "" {
		if t.all[id].retry.Body != m.Retry.Body {
			m.Fail(errKeyReused)
			return
		}
		m.Answer(t.all[id].snapshot())
		return
	}
	c := &console{id: newID(), dir: m.Dir, command: m.Command, extra: m.Env, retry: m.Retry, created: time.Now()}
	props := t.system.props(classTerminal, func() actor.Actor { return &terminal{system: t.system, console: c} })
	pid, err := ctx.SpawnNamed(props, c.id)
	if err != nil {
		m.Fail(err)
		return
	}
	t.all[c.id], t.children[c.id] = c, &child{pid: pid}
	if m.Retry.Key != "" {
		t.retries[m.Retry.Key] = c.id
	}
	c.whenReady(m.Reply)
}

func (t *terminals) find(m msg.FindTerminal) {
	if c := t.all[m.ID]; c != nil {
		m.Answer(c.snapshot())
		return
	}
	m.Fail(errNoTerminal(m.ID))
}

func (t *terminals) list() []msg.Terminal {
	found := make([]msg.Terminal, 0, len(t.all))
	for _, c := range t.all {
		found = append(found, c.snapshot())
	}
	slices.SortFunc(found, func(a, b msg.Terminal) int { return a.Created.Compare(b.Created) })
	return found
}

// forward sends what concerns a terminal to its actor.
func (t *terminals) forward(ctx actor.Context, m msg.Message, id string) {
	if t.all[id] == nil || !t.children.forward(ctx, id, m) {
		m.Fail(errNoTerminal(id))
	}
}

// forwardRun does so by the id of its process.
func (t *terminals) forwardRun(ctx actor.Context, m msg.Message, run string) {
	x := t.system.runs.find(run)
	if x == nil || !t.children.forward(ctx, x.status().ContextID, m) {
		m.Fail(errNoExecution(run))
	}
}

// interrupt takes the id of a process, or of a terminal, which it closes. Any
// other id is none of its business.
func (t *terminals) interrupt(ctx actor.Context, m msg.Interrupt) {
	id := m.ID
	if x := t.system.runs.find(id); x != nil {
		id = x.status().ContextID
	}
	if t.all[id] == nil {
		ctx.Send(t.others, m)
		return
	}
	t.children.forward(ctx, id, m)
	if id == m.ID {
		t.forget(id)
	}
}

func (t *terminals) forget(id string) {
	c := t.all[id]
	if c == nil {
		return
	}
	delete(t.all, id)
	if t.retries[c.retry.Key] == id {
		delete(t.retries, c.retry.Key)
	}
}

// terminated makes up for a terminal whose actor ended before it had closed.
func (t *terminals) terminated(pid *actor.PID) {
	id, known := t.children.terminated(pid, msg.ErrCrashed)
	if !known {
		return
	}
	if c := t.all[id]; c != nil {
		t.forget(id)
		c.isReady(t.system.lostError())
	}
	for _, x := range t.system.runs.within(id) {
		x.abandon(t.system.lost("this terminal"))
	}
}

func errNoTerminal(id string) error {
	return msg.Errorf(msg.ContextNotFound, "no terminal has the id %q", id)
}
