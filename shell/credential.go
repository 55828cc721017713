package shell

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// Credential is the identity that a process runs with.
type Credential struct {
	UID, GID uint32
	Groups   []uint32 // supplementary
	Home     string   // from the user database; empty where it is not there
	Name     string   // likewise

	keepGroups bool // those of this process, which may not set any
}

// LookupCredential finds the identity for a user id: its primary and
// supplementary groups come from the user database, unless gid is given,
// which then is the only group. A user that the database does not know is
// allowed, with group 0 and no others. Without uid the identity is that of
// this process, and nil. It fails where this process may not become that
// user, which takes CAP_SETUID and CAP_SETGID (capabilities(7)).
func LookupCredential(uid, gid *uint32) (*Credential, error) {
	if uid == nil {
		if gid != nil {
			return nil, errors.New("gid is only valid together with uid")
		}
		return nil, nil //nolint:nilnil // no credential to set
	}
	if *uid == noID || gid != nil && *gid == noID {
		return nil, fmt.Errorf("%d is the id of no user and no group", noID)
	}
	c := &Credential{UID: *uid}
	u, err := user.LookupId(strconv.FormatUint(uint64(*uid), 10))
	var unknown user.UnknownUserIdError
	if err != nil && !errors.As(err, &unknown) {
		return nil, fmt.Errorf("look up user %d: %w", *uid, err)
	}
	if u != nil {
		c.Home, c.Name = u.HomeDir, u.Username
		c.GID = id(u.Gid)
	}
	switch {
	case gid != nil:
		c.GID = *gid
	case u != nil:
		if c.Groups, err = groups(u); err != nil {
			return nil, err
		}
	}
	if err := c.reachable(); err != nil {
		return nil, err
	}
	return c, nil
}

// noID is -1, by which the system calls mean that an id is not to be changed
// (setresuid(2), chown(2)).
const noID uint32 = 1<<32 - 1

// reachable fails where this process may not take the identity on. Its own
// user and group it has already.
func (c *Credential) reachable() error {
	if mayBecomeAnyone() {
		return nil
	}
	uid, gid := uint32(os.Geteuid()), uint32(os.Getegid()) //nolint:gosec // ids have 32 bits
	if c.UID != uid || c.GID != gid {
		return fmt.Errorf("cannot run as user %d and group %d: execd is user %d and group %d, and may not change that",
			c.UID, c.GID, uid, gid)
	}
	c.keepGroups = true
	return nil
}

func groups(u *user.User) ([]uint32, error) {
	names, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("look up groups of user %s: %w", u.Username, err)
	}
	all := make([]uint32, len(names))
	for i, n := range names {
		all[i] = id(n)
	}
	return all, nil
}

// id is a numeric id of the user database, whose files hold nothing else.
func id(s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
