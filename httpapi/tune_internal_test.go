//go:build linux

package httpapi

import (
	"context"
	"slices"
	"testing"
)

// sized is a connection that keeps what its send buffer was made.
type sized struct{ sizes []int }

func (c *sized) SetWriteBuffer(bytes int) error {
	c.sizes = append(c.sizes, bytes)
	return nil
}

// A stream has a small send buffer until it has gone on for long in large
// writes, and other responses have theirs behind it.
func TestRelay_SendBuffer(t *testing.T) {
	conn := &sized{}
	r := &relay{server: &Server{}, ctx: context.WithValue(t.Context(), connKey{}, conn), out: discard{}, conn: conn}
	expect := func(what string, want ...int) {
		t.Helper()
		if !slices.Equal(conn.sizes, want) {
			t.Errorf("%s: %v, want %v", what, conn.sizes, want)
		}
	}
	write := func(n, times int) {
		t.Helper()
		for range times {
			if err := r.write(make([]byte, n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(bulk-1, 2*sustained/bulk)
	expect("short writes", streamBuffer)
	write(bulk, sustained/bulk-1)
	expect("a few large ones", streamBuffer)
	write(bulk, 3*sustained/bulk)
	expect("many", streamBuffer, bulkBuffer)
	r.restore()
	expect("the end", streamBuffer, bulkBuffer, otherBuffer)
}
