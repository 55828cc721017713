//go:build !linux

package shell

// KeepDescriptors does nothing here: only what is inherited on purpose comes
// without close-on-exec on these systems' usual ways to start a daemon.
func KeepDescriptors() {}
