package msg

import (
	"context"
	"sync/atomic"
)

// Message is anything that the root supervisor takes.
type Message interface {
	// Fail answers with an error, unless there was an answer before.
	Fail(error)
	// Answered reports whether there was an answer.
	Answered() bool
	sealed()
}

// Request is a message that is answered with an R.
type Request[R any] interface {
	Message
	outcome() <-chan outcome[R]
}

// Supervisor is the root of the supervision tree as its clients see it.
type Supervisor interface {
	// Tell sends a message and returns at once.
	Tell(Message)
	// Done is closed once no message will be answered any more.
	Done() <-chan struct{}
}

// Ask sends q and waits for its answer, for the end of ctx or for that of the
// system. What q started goes on when ctx ends.
func Ask[R any](ctx context.Context, s Supervisor, q Request[R]) (R, error) {
	s.Tell(q)
	select {
	case o := <-q.outcome():
		return o.value, o.err
	case <-ctx.Done():
		var none R
		return none, context.Cause(ctx)
	case <-s.Done():
		var none R
		return none, ErrStopped
	}
}

type outcome[R any] struct {
	value R
	err   error
}

type cell[R any] struct {
	taken atomic.Bool
	ch    chan outcome[R]
}

// Reply is the promise of one answer, embedded in a request. Copies share it.
// Any goroutine may answer; the first answer counts.
type Reply[R any] struct{ cell *cell[R] }

// NewReply returns the promise to put into a request.
func NewReply[R any]() Reply[R] {
	return Reply[R]{&cell[R]{ch: make(chan outcome[R], 1)}}
}

// Answer answers with value.
func (r Reply[R]) Answer(value R) { r.answer(outcome[R]{value: value}) }

// Fail answers with err.
func (r Reply[R]) Fail(err error) { r.answer(outcome[R]{err: err}) }

func (r Reply[R]) answer(o outcome[R]) {
	if r.cell != nil && r.cell.taken.CompareAndSwap(false, true) {
		r.cell.ch <- o
	}
}

// Answered reports whether there was an answer.
func (r Reply[R]) Answered() bool { return r.cell == nil || r.cell.taken.Load() }

func (r Reply[R]) outcome() <-chan outcome[R] { return r.cell.ch }

func (r Reply[R]) sealed() {}

// Nothing is the answer of a request that only says that it was done.
type Nothing struct{}
