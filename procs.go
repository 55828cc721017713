package main

import (
	"os"
	"runtime"
)

// fitProcessors has the runtime use one processor while there is one thing to
// do at a time, each of which is over in less than it takes to wake another
// thread for a part of it; and what it used before behind that. Where GOMAXPROCS is
// set it stays what it is.
func fitProcessors() func(on bool) {
	if _, set := os.LookupEnv("GOMAXPROCS"); set {
		return nil
	}
	return func(on bool) {
		if on {
			runtime.GOMAXPROCS(1)
			return
		}
		runtime.SetDefaultGOMAXPROCS() // follows a limit of the control group again
	}
}
