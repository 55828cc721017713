package actors

import (
	"context"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/msg"
)

// sessions is the dynamic supervisor of bash sessions.
type sessions struct {
	system   *System
	others   *actor.PID // who knows the ids that are no session's
	children children
	all      map[string]*resident
	retries  map[string]string // idempotency key to session id
}

// startRun has a command run in its session.
type startRun struct {
	*execution
	request msg.RunInSession
}

func newSessions(s *System, others *actor.PID) *sessions {
	return &sessions{system: s, others: others, children: children{}, all: map[string]*resident{}, retries: map[string]string{}}
}

func (s *sessions) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case msg.CreateSession:
		s.create(ctx, m)
	case startRun:
		s.run(ctx, m)
	case msg.FindSession:
		s.find(m)
	case msg.ListSessions:
		m.Answer(s.list())
	case msg.DeleteSession:
		s.remove(ctx, m)
	case msg.Interrupt:
		s.interrupt(ctx, m)
	case msg.RemoveExecution:
		s.forward(ctx, m, m.ID)
	case msg.SignalExecution:
		s.forward(ctx, m, m.ID)
	case shutdown:
		s.children.broadcast(ctx, m)
	case gone:
		s.forget(m.id)
	case *actor.Terminated:
		s.terminated(m.Who)
	case lapsed:
		s.terminated(m.who)
	case actor.SystemMessage, actor.AutoReceiveMessage:
	default:
		s.system.unknown(classSessions, m)
	}
}

func (s *sessions) create(ctx actor.Context, m msg.CreateSession) {
	if id, ok := s.retries[m.Retry.Key]; ok && m.Retry.Key != "" {
		if s.all[id].retry.Body != m.Retry.Body {
			m.Fail(errKeyReused)
			return
		}
		s.all[id].whenReady(m.Reply)
		return
	}
	r := &resident{id: newID(), dir: m.Dir, env: m.Env, retry: m.Retry, created: time.Now()}
	props := s.system.props(classBash, func() actor.Actor { return &bash{system: s.system, resident: r} })
	pid, err := ctx.SpawnNamed(props, r.id)
	if err != nil {
		m.Fail(err)
		return
	}
	s.all[r.id], s.children[r.id] = r, &child{pid: pid}
	if m.Retry.Key != "" {
		s.retries[m.Retry.Key] = r.id
	}
	r.whenReady(m.Reply)
}

func (s *sessions) run(ctx actor.Context, m startRun) {
	if s.all[m.request.ID] == nil {
		m.refuse(errNoSession(m.request.ID))
		return
	}
	m.place(m.request.ID, "bash")
	ctx.Send(s.children[m.request.ID].pid, m)
}

func (s *sessions) find(m msg.FindSession) {
	if r := s.all[m.ID]; r != nil {
		m.Answer(r.snapshot())
		return
	}
	m.Fail(errNoSession(m.ID))
}

func (s *sessions) list() []msg.Session {
	found := make([]msg.Session, 0, len(s.all))
	for _, r := range s.all {
		found = append(found, r.snapshot())
	}
	slices.SortFunc(found, func(a, b msg.Session) int { return a.Created.Compare(b.Created) })
	return found
}

// remove takes a session away at once; the answer comes when all is gone.
func (s *sessions) remove(ctx actor.Context, m msg.DeleteSession) {
	if s.all[m.ID] == nil || !s.children.forward(ctx, m.ID, m) {
		m.Fail(errNoSession(m.ID))
		return
	}
	s.forget(m.ID)
}

// interrupt takes the id of a run, or of a session, which it closes, as the
// API has it. Any other id is none of its business.
func (s *sessions) interrupt(ctx actor.Context, m msg.Interrupt) {
	id := m.ID
	if x := s.system.runs.find(id); x != nil {
		id = x.status().ContextID
	}
	if s.all[id] == nil {
		ctx.Send(s.others, m)
		return
	}
	s.children.forward(ctx, id, m)
	if id == m.ID {
		s.forget(id)
	}
}

// forward sends what concerns a run to its session.
func (s *sessions) forward(ctx actor.Context, m msg.Message, run string) {
	x := s.system.runs.find(run)
	if x == nil || !s.children.forward(ctx, x.status().ContextID, m) {
		m.Fail(errNoExecution(run))
	}
}

func (s *sessions) forget(id string) {
	r := s.all[id]
	if r == nil {
		return
	}
	delete(s.all, id)
	if s.retries[r.retry.Key] == id {
		delete(s.retries, r.retry.Key)
	}
}

// terminated makes up for a session whose actor ended before it had closed.
func (s *sessions) terminated(pid *actor.PID) {
	id, known := s.children.terminated(pid, msg.ErrCrashed)
	if !known {
		return
	}
	if r := s.all[id]; r != nil {
		s.forget(id)
		r.isFailed(s.system.lostError())
		s.system.work(classSessions, func() { r.close(context.Background()) }, nil)
	}
	for _, x := range s.system.runs.within(id) {
		x.abandon(s.system.lost("the session of this run"))
	}
}

// lostError is what waits for something whose actor ended is told.
func (s *System) lostError() error {
	if s.stopping.Load() {
		return msg.ErrStopped
	}
	return msg.ErrCrashed
}

func errNoSession(id string) error {
	return msg.Errorf(msg.ContextNotFound, "no session has the id %q", id)
}
