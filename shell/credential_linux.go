package shell

import "golang.org/x/sys/unix"

// mayBecomeAnyone reports whether this process may set its user and groups as
// it likes (capabilities(7)). Where that cannot be told it is left to the
// attempt.
func mayBecomeAnyone() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData // 64 capabilities
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return true
	}
	const needed = 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID
	return sets[0].Effective&needed == needed
}
