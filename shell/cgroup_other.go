//go:build unix && !linux

package shell

// cgroup is what Linux alone has.
type cgroup struct{}

func (*cgroup) kill() {}

func (*cgroup) freeze(bool) {}

// ReleaseGroups does nothing: there are none.
func ReleaseGroups() {}
