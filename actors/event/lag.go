package event

// Behind is how many bytes the log has, of frames or of what they are made of,
// that the cursor has not delivered yet. Unlike the rest of a cursor it may be
// called from any goroutine, once something was taken from it.
func (c *Cursor) Behind() int64 {
	l, s := c.log, &c.log.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.after.Load() >= l.last {
		return 0 // also where pos is not known yet
	}
	behind := s.end - c.pos.Load()
	if l.output != nil {
		_, end := l.output.Range()
		behind += end - c.read.Load()
	}
	return max(behind, 0)
}
