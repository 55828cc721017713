//go:build !linux

package httpapi

// setCork does nothing: only Linux can do this.
func setCork(any, bool) bool { return false }
