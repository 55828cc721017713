package main

import (
	"os"
	"runtime"
	"testing"
)

// In a sprint one processor does; behind it there are as many as before. What
// GOMAXPROCS says is not touched.
func TestFitProcessors(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	t.Setenv("GOMAXPROCS", "3")
	if fitProcessors() != nil {
		t.Error("GOMAXPROCS is set, and not left alone")
	}
	if err := os.Unsetenv("GOMAXPROCS"); err != nil { // Setenv gives back what there was
		t.Fatal(err)
	}
	runtime.SetDefaultGOMAXPROCS()
	usual := runtime.GOMAXPROCS(0)
	fit := fitProcessors()
	fit(true)
	if n := runtime.GOMAXPROCS(0); n != 1 {
		t.Errorf("%d processors in a sprint", n)
	}
	fit(false)
	if n := runtime.GOMAXPROCS(0); n != usual {
		t.Errorf("%d processors behind it, %d before", n, usual)
	}
}
