package fsops

import (
	"errors"
	"fmt"
	"os/user"
	"strconv"
	"sync"
	"time"
)

// ErrUnknownOwner is a name that the user database does not have.
var ErrUnknownOwner = errors.New("no such user or group")

// Owner is who a file belongs to. Who is nil stays.
type Owner struct{ User, Group *int }

// FindOwner looks up a user and a group by name or by number. An empty one
// stays.
func FindOwner(name, group string) (Owner, error) {
	uid, err := findID(name, func(name string) (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", fmt.Errorf("user %q: %w", name, ErrUnknownOwner)
		}
		return u.Uid, nil
	})
	if err != nil {
		return Owner{}, err
	}
	gid, err := findID(group, func(name string) (string, error) {
		g, err := user.LookupGroup(name)
		if err != nil {
			return "", fmt.Errorf("group %q: %w", name, ErrUnknownOwner)
		}
		return g.Gid, nil
	})
	return Owner{uid, gid}, err
}

func findID(name string, lookup func(string) (string, error)) (*int, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // nobody is asked for, which is no error
	}
	text, err := lookup(name)
	if err != nil {
		text = name
	}
	id, parseErr := strconv.ParseInt(text, 10, 32)
	if parseErr != nil || id < 0 {
		return nil, err
	}
	n := int(id)
	return &n, nil
}

// uid and gid are as chown(2) takes them: -1 leaves.
func (o Owner) uid() int { return orLeave(o.User) }
func (o Owner) gid() int { return orLeave(o.Group) }

func (o Owner) ids() (uid, gid int) { return o.uid(), o.gid() }

func orLeave(id *int) int {
	if id == nil {
		return -1
	}
	return *id
}

// nameCache keeps names of ids for a moment: a listing asks for the same few,
// and each time the user database would be read.
type nameCache struct {
	mu     sync.Mutex
	names  map[int]string
	expiry time.Time
	lookup func(id string) (string, error)
}

const keepNames = time.Second

// name is the name of an id, or the number where it has none.
func (c *nameCache) name(id int) string { return c.nameAt(time.Now(), id) }

// nameAt is name for who knows the time.
func (c *nameCache) nameAt(now time.Time, id int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.After(c.expiry) {
		c.names, c.expiry = map[int]string{}, now.Add(keepNames)
	}
	if name, ok := c.names[id]; ok {
		return name
	}
	text := strconv.Itoa(id)
	name, err := c.lookup(text)
	if err != nil || name == "" {
		name = text
	}
	c.names[id] = name
	return name
}

//nolint:gochecknoglobals // there is one user database
var (
	users = nameCache{lookup: func(id string) (string, error) {
		u, err := user.LookupId(id)
		if err != nil {
			return "", err //nolint:wrapcheck // only that it failed matters
		}
		return u.Username, nil
	}}
	groups = nameCache{lookup: func(id string) (string, error) {
		g, err := user.LookupGroupId(id)
		if err != nil {
			return "", err //nolint:wrapcheck // only that it failed matters
		}
		return g.Name, nil
	}}
)
