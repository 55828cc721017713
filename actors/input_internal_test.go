//go:build unix

package actors

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
)

// A client that leaves in the middle of its input takes nothing of what another one sends at the same time.
func TestInput_OneLeaves(t *testing.T) {
	t.Parallel()
	for range 50 {
		r, in, err := newInput()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Write(t.Context(), bytes.Repeat([]byte("x"), 64<<10)); err != nil { // the pipe is full
			t.Fatal(err)
		}
		ctx, leave := context.WithCancel(t.Context())
		var leaver, writers sync.WaitGroup
		leaver.Go(func() {
			if n, err := in.Write(ctx, []byte("gone")); n != 0 || !errors.Is(err, context.Canceled) {
				t.Errorf("who leaves wrote %d bytes, and is told %v", n, err)
			}
		})
		for range 4 {
			writers.Go(func() {
				if n, err := in.Write(t.Context(), []byte("here")); n != 4 || err != nil {
					t.Errorf("who stays wrote %d of 4 bytes, %v", n, err)
				}
			})
		}
		leave()
		leaver.Wait()
		got := make(chan []byte)
		go func() {
			b, _ := io.ReadAll(r) // a pipe never fails
			got <- b
		}()
		writers.Wait()
		_ = in.close()
		if n := bytes.Count(<-got, []byte("here")); n != 4 {
			t.Errorf("%d of 4 came", n)
		}
		_ = r.Close()
	}
}

// A client that ends the input of a terminal which takes nothing does not wait longer than it is there.
func TestKeyboard_EndOfWhatIsFull(t *testing.T) {
	t.Parallel()
	r, in, err := newInput()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()  //nolint:errcheck // only read from
	defer in.close() //nolint:errcheck // nobody reads it any more
	keys := &keyboard{in}
	if _, err := keys.Write(t.Context(), bytes.Repeat([]byte("x"), 64<<10)); err != nil { // the pipe is full
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { left <- keys.Close(ctx) }()
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who leaves is told %v", err)
	}
	if _, err := io.CopyN(io.Discard, r, 64<<10); err != nil {
		t.Fatal(err)
	}
	if err := keys.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	typed := make([]byte, 10)
	if n, err := r.Read(typed); err != nil || string(typed[:n]) != "\x04" {
		t.Errorf("typed %q, %v", typed[:n], err)
	}
}
