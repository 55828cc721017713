//go:build !unix

package shell

// ThisPlatform has no process groups, no signals and no terminals of POSIX:
// nothing here could be ended with all that descends from it.
func ThisPlatform() Platform {
	return Platform{Processes: lacking("commands"), Sessions: lacking("sessions"), Terminals: lacking("terminals")}
}
