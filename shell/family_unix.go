//go:build unix && !linux

package shell

import "syscall"

// members is the leader of the session alone: without /proc there is no
// portable way to find its descendants, and signals go to its group.
func (k kin) members() []member {
	if k.session == 0 || kill(-k.session, 0) != nil {
		return nil
	}
	return []member{{identity: identity{pid: k.session}, group: k.session}}
}

// near is members: there are no control groups.
func (k kin) near(*cgroup) (found []member, steady bool) { return k.members(), true }

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
