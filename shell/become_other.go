//go:build !linux

package shell

// Become reports false: no process here starts others by way of itself.
func Become() (failed bool) { return false }

// ShowDescriptors reports false: there are no sessions here.
func ShowDescriptors() bool { return false }
