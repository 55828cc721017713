package kernel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"execd/kernel/jupyter"
	"execd/kernel/wire"
)

const (
	// minBackoff and maxBackoff bound the wait between two tries to connect.
	// The first try is made at once: most cuts are of one connection.
	minBackoff = 50 * time.Millisecond
	maxBackoff = time.Second
)

// Errors of executions whose connection was lost. They are in Result.Err.
var (
	ErrLost        = errors.New("connection to the Jupyter server was lost: look at the state before running the code again")
	ErrUnreachable = errors.New("cannot reach the Jupyter server: the code was not run")
)

// hangUp forgets a connection.
func (k *serverKernel) hangUp(conn *jupyter.Channels) {
	k.lineMu.Lock()
	defer k.lineMu.Unlock()
	k.earlier.Add(conn.Received())
	k.conn.Store(nil)
}

// reconnect tries until there is a connection again, which it returns, or
// there is nothing to connect to any more: it returns nil and k has ended.
//
// The server keeps messages for a session that is disconnected and sends them
// when it is back, so what was running goes on as if nothing had happened;
// what was on its way when the connection broke is lost.
func (k *serverKernel) reconnect() *jupyter.Channels {
	begun, backoff := time.Now(), time.Duration(0)
	for {
		conn, err := k.tryConnect()
		if err == nil {
			k.resume(conn)
			return conn
		}
		if k.ctx.Err() != nil || k.vanished(err) {
			return nil
		}
		down := time.Since(begun)
		if down >= k.server.cfg.ReconnectTimeout {
			k.end(&endedError{text: fmt.Sprintf("no connection to the Jupyter server for %v", k.server.cfg.ReconnectTimeout), cause: err})
			return nil
		}
		refused := !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err)
		if refused && down >= k.server.cfg.OutageGrace {
			k.abandonAll(err)
		}
		backoff = min(max(minBackoff, 2*backoff), maxBackoff)
		if left := k.server.cfg.OutageGrace - down; left > 0 {
			backoff = min(backoff, left)
		}
		select {
		case <-time.After(backoff):
		case <-k.ctx.Done():
			return nil
		}
	}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// tryConnect connects once. The kernel is looked for first: the server does
// not answer a handshake for one that is dead.
func (k *serverKernel) tryConnect() (*jupyter.Channels, error) {
	ctx, cancel := context.WithTimeout(k.ctx, k.server.cfg.RequestTimeout)
	defer cancel()
	if err := k.look(ctx); err != nil {
		return nil, err
	}
	return k.server.api.Channels(ctx, k.kernelID, k.name)
}

// look asks the server for the kernel and ends it if it is dead. A 404 counts
// only if the server itself says it: a proxy does while the server restarts.
func (k *serverKernel) look(ctx context.Context) error {
	model, err := k.server.api.Kernel(ctx, k.kernelID)
	switch {
	case errors.Is(err, jupyter.ErrGone):
		if _, probe := k.server.api.Probe(ctx); probe != nil {
			return probe
		}
		return err
	case err != nil:
		return err
	case model.State == "dead":
		k.die("kernel died, and the Jupyter server could not start another one")
		return context.Cause(k.ctx)
	}
	return nil
}

// resume takes a new connection into use: what waits is sent, and then a
// question, because a kernel that answers it has done all that it was sent
// before. It may not be the process that it was.
func (k *serverKernel) resume(conn *jupyter.Channels) {
	k.server.cfg.Logf("kernel %s: connected to Jupyter server again", k.id)
	id := k.nextID()
	k.lineMu.Lock()
	doubt := k.runs(true)
	k.question, k.doubt = id, doubt
	for _, o := range k.pending {
		// What was given up in the meantime must not run now.
		if !isExecute(&o.message) || k.find(o.message.ID) != nil {
			k.write(conn, o.channel, o.message)
		}
	}
	k.pending = nil
	k.write(conn, shellChannel, wire.Message{Header: wire.Header(k.name, id, "kernel_info_request", time.Now())})
	k.conn.Store(conn)
	k.lineMu.Unlock()
	for _, e := range doubt {
		e.show(Output{Kind: KindDropped, Text: "connection to the Jupyter server was cut and is back: output may be missing"})
	}
}

func isExecute(m *wire.Message) bool { return m.Type == "execute_request" }

// write sends a message; lineMu is held. One that could not be written may
// have arrived, so it is not sent again.
func (k *serverKernel) write(conn *jupyter.Channels, ch channel, m wire.Message) {
	if isExecute(&m) {
		k.note(m.ID)
	}
	if err := conn.Write(channelNames[ch], m); err != nil {
		conn.Close() // run sees to the rest
	}
}

// manySent is when the ids of ended executions are thrown away.
const manySent = 64

// note remembers that a request may have reached the kernel; lineMu is held.
func (k *serverKernel) note(id string) {
	if len(k.sent) >= manySent {
		for id := range k.sent {
			if k.find(id) == nil {
				delete(k.sent, id)
			}
		}
	}
	k.sent[id] = struct{}{}
}

// runs returns the executions that may have reached the kernel, or those that
// have not, oldest first; lineMu is held.
func (k *serverKernel) runs(sent bool) []*execution {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []*execution
	for _, e := range bySerial(k.running) {
		if _, is := k.sent[e.id]; is == sent {
			list = append(list, e)
		}
	}
	return list
}

// abandonAll ends what runs, because nobody can say any more what becomes of
// it, and what was to run.
func (k *serverKernel) abandonAll(cause error) {
	k.lineMu.Lock()
	sent, waiting := k.runs(true), k.runs(false)
	k.lineMu.Unlock()
	for _, e := range sent {
		e.abandon("ConnectionLost", fmt.Errorf("%w: %w", ErrLost, cause))
	}
	for _, e := range waiting {
		e.abandon("ServerUnreachable", fmt.Errorf("%w: %w", ErrUnreachable, cause))
	}
}

// answered tells that the kernel has answered the request with this id. What
// was sent before the question that resume asks should have its reply now.
func (k *serverKernel) answered(id string) {
	k.lineMu.Lock()
	doubt := k.doubt
	if id != k.question || len(doubt) == 0 {
		k.lineMu.Unlock()
		return
	}
	k.question, k.doubt = "", nil
	k.lineMu.Unlock()
	k.task(func() { k.settleDoubt(doubt) })
}

// settleDoubt ends executions whose reply was lost. Some kernels answer while
// they compute, so what the server has seen of the kernel is asked for too.
func (k *serverKernel) settleDoubt(doubt []*execution) {
	for {
		select {
		case <-time.After(k.grace):
		case <-k.ctx.Done():
			return
		}
		model, err := k.server.api.Kernel(k.ctx, k.kernelID)
		if err == nil && model.State == "busy" {
			continue
		}
		for _, e := range doubt {
			e.abandon("ConnectionLost", ErrLost)
		}
		return
	}
}

// abandon ends an execution of which nothing will be heard any more.
func (e *execution) abandon(name string, cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over {
		return
	}
	if e.replied {
		e.result.Err = fmt.Errorf("%w: %w", ErrNoIdle, cause)
	} else {
		e.result = Result{Status: StatusError, EName: name, EValue: cause.Error(), Err: cause}
	}
	e.owner.retire(e)
	e.finish()
}
