package kernel

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"execd/kernel/jupyter"
	"execd/kernel/wire"
)

// serverKernel is a kernel of a Jupyter server and the WebSocket to it.
//
// Goroutines: run, which reads, connects again when the connection is cut and
// ends everything when the kernel is gone; guard, as long as something runs.
// Locks are taken in the order execution.mu, lineMu, client.mu.
type serverKernel struct {
	client
	server    *Server
	id        string
	language  string
	kernelID  string // of the server
	sessionID string // of the server; empty without a session
	process   *visible

	// ctx ends with the kernel, or with our connection to it for good; its
	// cause is why, and becomes Err.
	ctx context.Context
	end context.CancelCauseFunc

	conn     atomic.Pointer[jupyter.Channels] // nil while there is none; stored under lineMu
	earlier  atomic.Int64                     // bytes of the connections before this one
	messages atomic.Int64                     // taken so far
	origin   string                           // session of the kernel process, from its kernel_info_reply; of run only

	lineMu   sync.Mutex          // guards the next four; messages are written under it
	pending  []outgoing          // to be sent when there is a connection again
	sent     map[string]struct{} // execute_requests that may have reached the kernel
	question string              // id of the kernel_info_request that followed the last reconnect
	doubt    []*execution        // sent before that reconnect

	guarded bool           // guard runs; guarded by client.mu
	tasks   sync.WaitGroup // guard and settleDoubt; Add under client.mu while err is nil
}

// outgoing is a message that waits for a connection.
type outgoing struct {
	channel channel
	message wire.Message
}

var (
	_ Kernel    = (*serverKernel)(nil)
	_ transport = (*serverKernel)(nil)
)

// channelNames are those of the WebSocket protocol.
var channelNames = [channels]string{shellChannel: "shell", iopubChannel: "iopub", stdinChannel: "stdin", controlChannel: "control"}

// newKernel returns a kernel that is not connected yet.
func (s *Server) newKernel(id, language string, spec *kernelspec, remote remoteKernel) *serverKernel {
	k := &serverKernel{
		server: s, id: id, language: language, kernelID: remote.kernelID, sessionID: remote.sessionID,
		client: client{
			// The server asks the kernel things in the name of our session, and
			// numbers its messages with it: their idle is not ours.
			name: rand.Text(), prefix: rand.Text(), quirk: quirkOf(spec), grace: s.cfg.Grace,
			logf: func(err error) { s.cfg.Logf("kernel %s: %v", id, err) },
		},
	}
	k.init()
	k.transport, k.sent = k, make(map[string]struct{})
	k.ctx, k.end = context.WithCancelCause(context.Background())
	return k
}

// connect opens the WebSocket for the first time and starts to read it.
func (k *serverKernel) connect(ctx context.Context) error {
	conn, err := k.server.api.Channels(ctx, k.kernelID, k.name)
	if err != nil {
		return err
	}
	k.conn.Store(conn)
	if !k.server.remember(k) {
		conn.Close()
		return ErrClosed
	}
	if k.server.api.Loopback() {
		k.process = findVisible(k.kernelID)
	}
	go k.run(conn)
	return nil
}

// ID implements Kernel.
func (k *serverKernel) ID() string { return k.id }

// Language implements Kernel.
func (k *serverKernel) Language() string { return k.language }

// Pid implements Kernel.
func (k *serverKernel) Pid() int { return k.process.id() }

// Execute implements Kernel.
func (k *serverKernel) Execute(r Request, h Handler) error {
	if err := k.client.Execute(r, h); err != nil {
		return err
	}
	k.watchOver()
	return nil
}

// send implements transport; it never fails. Without a connection the message
// waits for one.
func (k *serverKernel) send(ch channel, m wire.Message) error {
	k.lineMu.Lock()
	defer k.lineMu.Unlock()
	conn := k.conn.Load()
	if conn == nil {
		k.pending = append(k.pending, outgoing{ch, m})
		return nil
	}
	k.write(conn, ch, m)
	return nil
}

// received implements transport. It grows without a connection, so that the
// clocks that run when a kernel says nothing do not run out then.
func (k *serverKernel) received() int64 {
	if conn := k.conn.Load(); conn != nil {
		return k.earlier.Load() + conn.Received()
	}
	return k.earlier.Add(1)
}

// lose implements transport; send never fails.
func (k *serverKernel) lose(error) {}

// run reads until the kernel is gone, then ends what is left of it.
func (k *serverKernel) run(conn *jupyter.Channels) {
	for conn != nil {
		closing := context.AfterFunc(k.ctx, conn.Close)
		err := k.read(conn)
		closing()
		conn.Close()
		k.hangUp(conn)
		if k.ctx.Err() == nil {
			k.server.cfg.Logf("kernel %s: connection to Jupyter server lost: %v", k.id, err)
			conn = k.reconnect()
		} else {
			conn = nil
		}
	}
	k.bury(context.Cause(k.ctx))
	k.tasks.Wait()
	k.server.forget(k)
	close(k.done)
}

// read takes messages until the connection ends.
func (k *serverKernel) read(conn *jupyter.Channels) error {
	for {
		channel, m, err := conn.Read()
		var large *jupyter.TooLargeError
		var malformed *jupyter.MalformedError
		switch {
		case errors.As(err, &large):
			k.dropLarge(&m, large)
		case errors.As(err, &malformed):
			k.drop("websocket", err)
		case err != nil:
			return err
		default:
			k.take(channel, &m)
		}
	}
}

func (k *serverKernel) take(channel string, m *wire.Message) {
	k.messages.Add(1)
	switch channel {
	case "iopub":
		if m.ParentID == "" || m.Type == "shutdown_reply" {
			k.onState(m)
		}
		k.onIopub(m)
		k.onLimit(m)
	case "shell":
		if m.Type == "kernel_info_reply" {
			k.onInfo(m)
		}
		k.onShell(m)
	case "stdin":
		k.onStdin(m)
	}
}

// onState takes what the server says of the kernel, which has no parent, and
// the shutdown_reply that a kernel publishes when anybody ends it. A kernel
// that was restarted has the same id and nothing in it: it is another one.
func (k *serverKernel) onState(m *wire.Message) {
	var content struct {
		State   string `json:"execution_state"`
		Restart bool   `json:"restart"`
	}
	_ = json.Unmarshal(m.Content, &content) // an empty one says nothing
	switch {
	case m.Type == "shutdown_reply" && content.Restart:
		k.die("kernel was restarted on the Jupyter server")
	case m.Type == "shutdown_reply":
		k.end(&endedError{text: "kernel was shut down on the Jupyter server"})
	case m.Type != "status":
		return
	}
	switch content.State {
	case "restarting":
		k.die("kernel died, and the Jupyter server started an empty one in its place")
	case "dead":
		k.die("kernel died, and the Jupyter server could not start another one")
	}
}

// onInfo notes which process answers, and is the sign that the kernel has done
// what was sent before the question.
func (k *serverKernel) onInfo(m *wire.Message) {
	var header struct {
		Session string `json:"session"`
	}
	_ = json.Unmarshal(m.Header, &header) // it was read before; without a session there is nothing to compare
	switch {
	case header.Session == k.name: // it echoes ours
	case k.origin == "":
		k.origin = header.Session
	case k.origin != header.Session:
		k.die("kernel was restarted on the Jupyter server while the connection was lost")
		return
	}
	k.answered(m.ParentID)
}

// die ends the kernel for a cause that is its own; what the server has in its
// place is removed.
func (k *serverKernel) die(text string) {
	k.mu.Lock()
	closing := k.closing
	k.mu.Unlock()
	if closing {
		return // a shutdown looks like a death
	}
	k.end(&endedError{text: text})
	k.server.discard(remoteKernel{k.kernelID, k.sessionID})
}

// Interrupt implements Kernel.
func (k *serverKernel) Interrupt(ctx context.Context) error {
	if err := k.Err(); err != nil {
		return fmt.Errorf("interrupt: %w", err)
	}
	interrupt := func(ctx context.Context) error { return k.server.api.Interrupt(ctx, k.kernelID) }
	k.insist(interrupt)
	if err := interrupt(ctx); err != nil {
		k.vanished(err)
		return fmt.Errorf("interrupt: %w", err)
	}
	return nil
}

// deleteTimeout is for a kernel that does not want to end: jupyter_client
// waits 5 s for it and kills it then.
const deleteTimeout = 20 * time.Second

// Shutdown implements Kernel. The server interrupts what runs, asks the kernel
// to end and kills it if it does not.
func (k *serverKernel) Shutdown(ctx context.Context) error {
	k.mu.Lock()
	k.closing = true
	k.mu.Unlock()
	var err error
	if k.ctx.Err() == nil {
		err = k.server.delete(ctx, remoteKernel{k.kernelID, k.sessionID})
		k.end(&endedError{text: "kernel was shut down"})
	}
	<-k.done
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("shut down kernel: %w", err)
	}
	return nil
}
