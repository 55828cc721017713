//go:build unix && !linux

package shell

// ThisPlatform has no way to give a session the descriptors of each run.
func ThisPlatform() Platform { return Platform{Sessions: lacking("sessions")} }
