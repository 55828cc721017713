//go:build unix

package shell

import "syscall"

func (c *Credential) attr() *syscall.Credential {
	return &syscall.Credential{Uid: c.UID, Gid: c.GID, Groups: c.Groups, NoSetGroups: c.keepGroups}
}
