package shell

import (
	"fmt"
	"strings"
	"syscall"
)

// SignalName is the POSIX name of a signal, such as SIGTERM.
func SignalName(sig syscall.Signal) string {
	for _, s := range signals {
		if s.number == sig {
			return s.name
		}
	}
	return fmt.Sprintf("SIG%d", int(sig))
}

// ParseSignal finds a signal by its POSIX name, with or without SIG before it
// and without regard to case.
func ParseSignal(name string) (syscall.Signal, error) {
	wanted := strings.ToUpper(name)
	if !strings.HasPrefix(wanted, "SIG") {
		wanted = "SIG" + wanted
	}
	for _, s := range signals {
		if s.name == wanted {
			return s.number, nil
		}
	}
	return 0, fmt.Errorf("%q is not the name of a signal; SIGINT and SIGTERM are", name)
}

type signalEntry struct {
	number syscall.Signal
	name   string
}
