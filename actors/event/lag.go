package event

// Behind is how many bytes of frames the log has that the cursor has not
// delivered yet. Unlike the rest of a cursor it may be called from any
// goroutine, once something was taken from it.
func (c *Cursor) Behind() int64 {
	s := &c.log.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(s.end-c.pos.Load(), 0)
}
