package actors

import (
	"slices"
	"syscall"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/msg"
	"execd/kernel"
	"execd/shell"
)

// kernels is the dynamic supervisor of kernel sessions: it knows which
// context an id or a language means.
type kernels struct {
	system   *System
	children children
	contexts map[string]*notebook // by id
	alive    map[string]*notebook // those whose actor is, also when the context is over
	retries  map[string]string    // idempotency key to context id
}

// startCell has a code cell run in its context.
type startCell struct {
	*execution
	request msg.RunCode
}

// gone tells the supervisor that a context is over, before its actor stops.
type gone struct{ id string }

func newKernels(s *System) *kernels {
	return &kernels{
		system: s, children: children{}, contexts: map[string]*notebook{}, alive: map[string]*notebook{}, retries: map[string]string{},
	}
}

func (k *kernels) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		k.adopt(ctx)
	case foundling:
		k.restore(ctx, m.Adopted)
	case startCell:
		k.run(ctx, m)
	case msg.CreateContext:
		k.create(ctx, m)
	case msg.FindContext:
		k.find(m)
	case msg.ListContexts:
		k.list(m)
	case msg.ListLanguages:
		k.languages(m)
	case msg.CheckReady:
		k.ready(m)
	case msg.RestartContext:
		k.restart(ctx, m)
	case msg.DeleteContext:
		k.remove(ctx, m)
	case msg.DeleteContexts:
		k.removeAll(ctx, m)
	case msg.Interrupt:
		k.interrupt(ctx, m)
	case msg.RemoveExecution:
		k.removeRun(ctx, m)
	case msg.SignalExecution:
		k.signal(ctx, m)
	case shutdown:
		k.children.broadcast(ctx, m)
	case gone:
		k.forget(m.id)
	case *actor.Terminated:
		k.terminated(m.Who)
	case lapsed:
		k.terminated(m.who)
	case actor.SystemMessage, actor.AutoReceiveMessage:
	default:
		k.system.unknown(classKernels, m)
	}
}

// run sends a cell to its context, or to the default one of its language,
// which the first cell makes.
func (k *kernels) run(ctx actor.Context, m startCell) {
	if k.system.config.Kernels == nil {
		m.refuse(errNoProvider)
		return
	}
	n := k.contexts[m.request.ContextID]
	switch {
	case n == nil && m.request.ContextID != "":
		m.refuse(errNoContext(m.request.ContextID))
		return
	case n == nil:
		n = k.standard(m.request.Language)
	}
	language := kernel.Canonical(m.request.Language)
	if n != nil {
		language = n.language
	}
	if err := checkRunEnv(language, m.request.Env); err != nil {
		m.refuse(err)
		return
	}
	if n == nil {
		n = k.spawn(ctx, &notebook{language: language, standard: true})
	}
	m.place(n.id, n.language)
	ctx.Send(k.children[n.id].pid, m)
}

// standard is the default context of a language, or nil.
func (k *kernels) standard(language string) *notebook {
	for _, n := range k.contexts {
		if n.standard && n.language == kernel.Canonical(language) {
			return n
		}
	}
	return nil
}

func (k *kernels) create(ctx actor.Context, m msg.CreateContext) {
	if k.system.config.Kernels == nil {
		m.Fail(errNoProvider)
		return
	}
	if id, ok := k.retries[m.Retry.Key]; ok && m.Retry.Key != "" {
		n := k.contexts[id]
		if n.retry.Body != m.Retry.Body {
			m.Fail(errKeyReused)
			return
		}
		n.whenReady(m.Reply)
		return
	}
	n := k.spawn(ctx, &notebook{language: kernel.Canonical(m.Language), dir: m.Dir, env: m.Env, retry: m.Retry})
	if m.Retry.Key != "" {
		k.retries[m.Retry.Key] = n.id
	}
	n.whenReady(m.Reply)
}

// spawn makes a context and its actor, which starts the kernel.
func (k *kernels) spawn(ctx actor.Context, n *notebook) *notebook {
	n.id = newID()
	n.state = contextStarting
	return k.place(ctx, n)
}

// place gives a context its actor.
func (k *kernels) place(ctx actor.Context, n *notebook) *notebook {
	n.created = time.Now()
	k.contexts[n.id], k.alive[n.id] = n, n
	props := k.system.props(classSession, func() actor.Actor { return &session{system: k.system, notebook: n} })
	pid, err := ctx.SpawnNamed(props, n.id)
	if err != nil {
		panic(err) // ids are never used twice
	}
	k.children[n.id] = &child{pid: pid}
	return n
}

func (k *kernels) find(m msg.FindContext) {
	n := k.contexts[m.ID]
	if n == nil {
		m.Fail(errNoContext(m.ID))
		return
	}
	k.system.work(classKernels, func() { m.Answer(n.measured()) }, m.Fail)
}

func (k *kernels) list(m msg.ListContexts) {
	found := []*notebook{}
	for _, n := range k.contexts {
		if m.Language == "" || n.language == kernel.Canonical(m.Language) {
			found = append(found, n)
		}
	}
	slices.SortFunc(found, func(a, b *notebook) int { return a.created.Compare(b.created) })
	k.system.work(classKernels, func() {
		list := make([]msg.Context, len(found))
		for i, n := range found {
			list[i] = n.measured()
		}
		m.Answer(list)
	}, m.Fail)
}

func (k *kernels) restart(ctx actor.Context, m msg.RestartContext) {
	if k.contexts[m.ID] == nil || !k.children.forward(ctx, m.ID, m) {
		m.Fail(errNoContext(m.ID))
	}
}

// remove takes a context away at once; its kernel ends in the background.
func (k *kernels) remove(ctx actor.Context, m msg.DeleteContext) {
	n := k.contexts[m.ID]
	if n == nil {
		m.Fail(errNoContext(m.ID))
		return
	}
	n.condemn()
	k.children.forward(ctx, m.ID, m)
	k.forget(m.ID)
}

func (k *kernels) removeAll(ctx actor.Context, m msg.DeleteContexts) {
	for id, n := range k.contexts {
		if n.language == kernel.Canonical(m.Language) {
			n.condemn()
			k.children.forward(ctx, id, msg.DeleteContext{Reply: msg.NewReply[msg.Nothing](), ID: id})
			k.forget(id)
		}
	}
	m.Answer(msg.Nothing{})
}

func (k *kernels) forget(id string) {
	n := k.contexts[id]
	if n == nil {
		return
	}
	delete(k.contexts, id)
	if k.retries[n.retry.Key] == id {
		delete(k.retries, n.retry.Key)
	}
}

// interrupt takes the id of a context or of a run in one.
func (k *kernels) interrupt(ctx actor.Context, m msg.Interrupt) {
	id := m.ID
	if x := k.system.runs.find(id); x != nil {
		id = x.status().ContextID
	}
	if k.contexts[id] == nil || !k.children.forward(ctx, id, m) {
		m.Fail(msg.Errorf(msg.ExecutionNotFound, "no execution or context has the id %q", m.ID))
	}
}

func (k *kernels) removeRun(ctx actor.Context, m msg.RemoveExecution) {
	x := k.system.runs.find(m.ID)
	if x == nil || !k.children.forward(ctx, x.status().ContextID, m) {
		m.Fail(errNoExecution(m.ID))
	}
}

// signal takes the one signal that a kernel can be sent through any provider.
func (k *kernels) signal(ctx actor.Context, m msg.SignalExecution) {
	if sig, err := shell.ParseSignal(m.Signal); err != nil || sig != syscall.SIGINT {
		m.Fail(msg.Errorf(msg.InvalidRequest, "code takes SIGINT, got %q", m.Signal))
		return
	}
	k.interrupt(ctx, msg.Interrupt{Reply: m.Reply, ID: m.ID})
}

// terminated makes up for a session that was given up, and tells the runs
// that waited in its mailbox why they have no context: a kernel that is
// missing may be known before the run that asks for it is there.
func (k *kernels) terminated(pid *actor.PID) {
	id := lastElement(pid.Id)
	n := k.alive[id]
	if n == nil {
		return
	}
	delete(k.alive, id)
	failure := n.failed()
	k.children.terminated(pid, msg.ErrCrashed)
	if k.contexts[id] != nil {
		k.forget(id)
		n.abandon(k.system)
	}
	for _, x := range k.system.runs.within(id) {
		if failure == nil || !x.refuse(failure) {
			x.abandon(k.system.lost("the context of this run"))
		}
	}
}

var errNoProvider = msg.Errorf(msg.RuntimeError, "no Jupyter kernels are configured")

func errNoContext(id string) error {
	return msg.Errorf(msg.ContextNotFound, "no context has the id %q", id)
}
