package actors

import (
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/msg"
)

// watches is the dynamic supervisor of watches of files.
type watches struct {
	system   *System
	children children
	all      map[string]*lookout
}

// unread says that a watch has had no readers for the retention.
type unread struct{ id string }

func newWatches(s *System) *watches {
	return &watches{system: s, children: children{}, all: map[string]*lookout{}}
}

func (w *watches) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case msg.WatchFiles:
		w.watch(ctx, m)
	case unread:
		w.unread(ctx, m.id)
	case shutdown:
		w.children.broadcast(ctx, m)
	case *actor.Terminated:
		w.terminated(m.Who)
	case lapsed:
		w.terminated(m.who)
	case actor.SystemMessage, actor.AutoReceiveMessage:
	default:
		w.system.unknown(classWatches, m)
	}
}

// watch sends a request to the watch of the same files, or a new one.
func (w *watches) watch(ctx actor.Context, m msg.WatchFiles) {
	l := w.find(m)
	if l == nil {
		if limit := w.system.config.MaxWatches; len(w.all) >= limit && !w.makeRoom(ctx) {
			m.Fail(msg.Errorf(msg.TooManyWatches, "%d watches are kept, which is the limit (--max-watches); end one first", limit))
			return
		}
		l = newLookout(w.system.config.Store, m)
		props := w.system.props(classWatch, func() actor.Actor { return &watch{system: w.system, lookout: l} })
		w.system.lookouts.add(l)
		pid, err := ctx.SpawnNamed(props, l.id)
		if err != nil {
			m.Fail(err)
			w.system.lookouts.remove(l)
			return
		}
		w.all[l.id], w.children[l.id] = l, &child{pid: pid}
	}
	w.children.forward(ctx, l.id, m)
}

func (w *watches) find(m msg.WatchFiles) *lookout {
	var found *lookout
	for _, l := range w.all {
		yes, exactly := l.serves(m)
		if exactly {
			return l
		}
		if yes {
			found = l
		}
	}
	return found
}

// makeRoom ends the oldest watch that nobody reads, before its time.
func (w *watches) makeRoom(ctx actor.Context) bool {
	var oldest *lookout
	for id, l := range w.all {
		if w.spare(id) && (oldest == nil || l.created.Before(oldest.created)) {
			oldest = l
		}
	}
	if oldest == nil {
		return false
	}
	w.unread(ctx, oldest.id)
	return true
}

// spare reports whether nobody reads a watch, or is about to.
func (w *watches) spare(id string) bool {
	l, c := w.all[id], w.children[id]
	return l != nil && c != nil && l.idle() && !c.waits()
}

// unread ends a watch, unless somebody has come meanwhile.
func (w *watches) unread(ctx actor.Context, id string) {
	if !w.spare(id) {
		return
	}
	w.all[id].close("unread")
	delete(w.all, id)
	ctx.Stop(w.children[id].pid)
}

// terminated gives back what a watch has held, and ends it truthfully where
// its actor was given up.
func (w *watches) terminated(pid *actor.PID) {
	id, known := w.children.terminated(pid, msg.ErrCrashed)
	if !known {
		return
	}
	delete(w.all, id)
	w.system.lookouts.retire(w.system, id)
}

// lookouts are all that hold a log. They belong to the system, so that none
// is left behind by an actor. All methods may be called from any goroutine.
type lookouts struct {
	mu  sync.Mutex
	all map[string]*lookout
}

func (k *lookouts) add(l *lookout) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil {
		k.all = map[string]*lookout{}
	}
	k.all[l.id] = l
}

// remove removes the log.
func (k *lookouts) remove(l *lookout) {
	k.mu.Lock()
	delete(k.all, l.id)
	k.mu.Unlock()
	l.log.Remove()
}

// retire ends a lookout, and removes its log when it has been read.
func (k *lookouts) retire(s *System, id string) {
	k.mu.Lock()
	l := k.all[id]
	k.mu.Unlock()
	if l == nil {
		return
	}
	l.close(s.whyEnded())
	removed := sync.OnceFunc(func() { s.work(classWatches, func() { k.remove(l) }, nil) })
	l.log.OnReaders(func(n int) {
		if n == 0 {
			removed()
		}
	})
	if l.idle() {
		removed()
	}
}

// closeAll ends all of them, and removeAll removes their logs.
func (k *lookouts) closeAll() {
	for _, l := range k.list() {
		l.close("shutdown")
	}
}

func (k *lookouts) removeAll() {
	for _, l := range k.list() {
		k.remove(l)
	}
}

func (k *lookouts) list() []*lookout {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := make([]*lookout, 0, len(k.all))
	for _, l := range k.all {
		list = append(list, l)
	}
	return list
}
