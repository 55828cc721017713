package shell

import "time"

// used is the CPU time of the shell until now, or at its end. What cannot be
// told now is as it was told last.
func (d *driver) used() Usage {
	if user, system, ok := d.counter.CPUTime(); ok {
		d.told, d.toldAt = Usage{User: user, System: system}, time.Now()
	}
	return d.told
}

// usedLately is used, or what that was within the last millisecond, which is
// the resolution that clients are told it in.
func (d *driver) usedLately() Usage {
	if time.Since(d.toldAt) < time.Millisecond {
		return d.told
	}
	return d.used()
}

// usedBetween is the CPU time that was used meanwhile. What was told more
// coarsely later is nothing rather than less.
func usedBetween(before, after Usage) Usage {
	return Usage{User: max(after.User-before.User, 0), System: max(after.System-before.System, 0)}
}
