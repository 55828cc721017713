package kernel

import (
	"sync"
	"testing"
)

// TestPortBook: kernels that start at once are told different ports, though
// none of them listens yet; a port that was given back can be had again.
func TestPortBook(t *testing.T) {
	var book portBook
	var mu sync.Mutex
	var all sync.WaitGroup
	seen := make(map[int]int)
	var last [channels]int
	for range 50 {
		all.Go(func() {
			for range 2 {
				ports, err := book.take()
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				last = ports
				for _, port := range ports {
					seen[port]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(seen) != 50*2*int(channels) {
		t.Errorf("%d different ports of %d", len(seen), 50*2*int(channels))
	}
	before := len(book.taken)
	book.release(last)
	if after := len(book.taken); after != before-int(channels) {
		t.Errorf("%d ports are taken, and %d behind the release", before, after)
	}
}
