package metrics

import "time"

// Tree is what a process and its living descendants have used, with those
// that they have waited for.
type Tree struct {
	Processes    int
	CPU          time.Duration // user and system
	Memory       uint64        // bytes resident now, of all together; shared pages count for each
	Peak         uint64        // bytes resident at most: what one process had, or all have now
	Read         uint64        // bytes from storage
	Written      uint64        // bytes to storage
	ReadChars    uint64        // bytes that went through read(2) and the like
	WrittenChars uint64        // bytes that went through write(2) and the like
}

func (t *Tree) add(p Tree) {
	t.Processes += p.Processes
	t.CPU += p.CPU
	t.Memory += p.Memory
	t.Peak = max(t.Peak, p.Peak)
	t.Read += p.Read
	t.Written += p.Written
	t.ReadChars += p.ReadChars
	t.WrittenChars += p.WrittenChars
}
