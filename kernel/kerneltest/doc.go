// Package kerneltest has a fake kernel with behaviour: a ROUTER for shell and
// control and a PUB for iopub, in process, over the real sockets of a real
// connection file. It takes the place of the process that a kernel.Launcher
// starts, so everything above it is what runs in production.
//
// A cell's code is a script of one command per line; see Cell.Run for the
// commands. A test that needs more sets Fake.Execute.
//
// Each fake kernel runs its cells in one goroutine, in order. Its goroutines
// end when the kernel is killed or shut down, which kernel.Local.Close sees to.
package kerneltest
