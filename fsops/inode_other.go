//go:build !linux

package fsops

func describe(path string) (Info, error) { return describePlain(path) }
