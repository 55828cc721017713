// Package e2e tests execd from outside: the built binary over HTTP, as a client sees it, and the rules that the tree
// keeps, as a reader sees it. It imports nothing of execd, so nothing it relies on can change along with the code.
//
// Run it with make e2e, which builds the binary, finds a Python kernel, and sets:
//
//	EXECD_BIN     the absolute path of the binary under test
//	JUPYTER_PATH  where kernels are found; empty when there is no Python kernel
//
// A test that starts the daemon skips itself without EXECD_BIN, and one that runs code skips itself without
// JUPYTER_PATH, each with its reason: go test ./... alone then still tells the truth about what it ran. Each test
// starts a daemon of its own on port 0 and a state directory of its own, so tests may run in parallel and in any order,
// and each leaves no process behind.
//
// The rules (rules_test.go) need neither, only the sources: what a package may import, that it has a doc.go, how long a
// file and a function may be, what nothing may be called.
//
// The benchmark in e2e/bench is a command, run by make bench with the same environment; -o names the file for its
// results.
package e2e
