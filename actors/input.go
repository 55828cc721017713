package actors

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"execd/actors/msg"
)

// input is the writing end of a process's standard input. It is not an
// actor's: what a client sends goes to the pipe directly.
type input struct {
	file *os.File
	turn chan struct{} // taken by who writes: a deadline is the file's, and would be every writer's
}

var _ msg.Input = (*input)(nil)

func inputTo(file *os.File) *input { return &input{file, make(chan struct{}, 1)} }

// newInput returns the end that the process reads from, too.
func newInput() (*os.File, *input, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("make pipe for stdin: %w", err)
	}
	return r, inputTo(w), nil
}

var errInputClosed = msg.Errorf(msg.NotRunning, "its standard input is closed: it has ended, or reads no more")

// Write implements msg.Input. Of those who write at the same time each has its
// turn, in which ctx ends nobody's but its own.
func (i *input) Write(ctx context.Context, p []byte) (int, error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	select {
	case i.turn <- struct{}{}:
		defer func() { <-i.turn }()
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	expired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(expired)
		_ = i.file.SetWriteDeadline(time.Unix(1, 0)) // closed is as good
	})
	n, err := i.file.Write(p)
	if !stop() {
		<-expired
		_ = i.file.SetWriteDeadline(time.Time{}) // for the next one
	}
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, os.ErrClosed), errors.Is(err, syscall.EPIPE):
		return n, errInputClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, context.Cause(ctx)
	}
	return n, fmt.Errorf("write to stdin: %w", err)
}

// Close implements msg.Input.
func (i *input) Close(context.Context) error { return i.close() }

func (i *input) close() error {
	if err := i.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("close stdin: %w", err)
	}
	return nil
}

// openInput makes the pipe for standard input. What it fails with refuses
// the execution.
func (x *execution) openInput() bool {
	stdin, in, err := newInput()
	if err != nil {
		x.refuse(err)
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stdin, x.input = stdin, in
	return true
}

// accept makes in the input of the execution.
func (x *execution) accept(in msg.Input) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.input = in
}

// takeStdin hands out the process's end of its input, for the caller to
// close; nil where it has none.
func (x *execution) takeStdin() *os.File {
	x.mu.Lock()
	defer x.mu.Unlock()
	stdin := x.stdin
	x.stdin = nil
	return stdin
}

func (x *execution) closeInput() {
	x.mu.Lock()
	in, isPipe := x.input.(*input)
	x.mu.Unlock()
	if isPipe {
		_ = in.close() // nobody reads it any more
	}
	if stdin := x.takeStdin(); stdin != nil {
		_ = stdin.Close()
	}
}
