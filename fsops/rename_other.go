//go:build !linux

package fsops

func renameNew(from, to string) error { return renameAbsent(from, to) }
