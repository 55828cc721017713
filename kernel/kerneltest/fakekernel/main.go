// Fakekernel is a fake kernel as a process of its own: it starts at once and
// needs little, so that there can be a hundred. Its argument is a connection
// file; see kerneltest.Cell for what its code can say.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"execd/kernel"
	"execd/kernel/kerneltest"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: fakekernel CONNECTION_FILE")
		os.Exit(2)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	fake := &kerneltest.Fake{}
	p, err := fake.Launch(kernel.LaunchSpec{Argv: os.Args, Output: func(b []byte) { _, _ = os.Stderr.Write(b) }})
	if err != nil {
		fmt.Fprintf(os.Stderr, "fakekernel: %v\n", err)
		os.Exit(1)
	}
	for {
		select {
		case s := <-signals:
			if number, ok := s.(syscall.Signal); ok {
				_ = p.Signal(number) // a fake takes any
			}
		case <-p.Done():
			return
		}
	}
}
