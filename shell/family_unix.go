//go:build unix && !linux

package shell

import "syscall"

// family is the leader alone: without /proc there is no portable way to find
// its descendants, and signals go to its group.
func (p *Process) family() []member {
	if p.isReaped() || p.hasExited() || kill(-p.Pid(), 0) != nil {
		return nil
	}
	return []member{{identity{pid: p.Pid()}, p.Pid()}}
}

// signalAll sends a signal to the groups of the members.
func signalAll(members []member, sig syscall.Signal) error {
	err := error(syscall.ESRCH)
	for _, m := range members {
		if kill(-m.group, sig) == nil {
			err = nil
		}
	}
	return err
}
