package shell

import (
	"errors"
	"os"
	"sync/atomic"
)

// Command is a process to start. The zero value of each field but Argv works.
type Command struct {
	Argv []string // the program, looked up in PATH of Env where it has no slash, and its arguments
	Dir  string   // working directory; empty for that of this process
	Env  []string // KEY=VALUE; nil for an empty environment

	// ID tells the descendants of this process from all others, also those
	// that have left its session: they inherit it as EXECD_EXECUTION_ID.
	ID         string
	Credential *Credential // nil for that of this process
	Stdin      *os.File    // nil for /dev/null; the caller closes it after Start
	Join       bool        // stderr goes into the pipe of stdout: one order for both
	Quiet      bool        // what it prints goes nowhere, but for Stdout
	Stdout     *os.File    // of a quiet one, if not nil; the caller closes it after Start

	// Terminal becomes the controlling terminal and all three standard
	// streams (POSIX.1-2017, 11.1.3); the caller closes it after Start and
	// reads what the process prints from the other side.
	Terminal *os.File
	// Files are 3, 4, … in the process; the caller closes them after Start.
	Files []*os.File
}

// Stream is one of the two streams that a process prints on.
type Stream int

// The streams, in the order of their file descriptors.
const (
	Stdout Stream = iota
	Stderr
	streams
)

// Sink takes what a process prints. Each stream calls it from one goroutine;
// p is the caller's again when it returns. While it does not return its
// stream is not read, so that a full pipe stops the process from writing.
type Sink interface {
	Output(s Stream, p []byte)
}

// Taker is a Sink that can do with what comes fast without it being read.
type Taker interface {
	Sink

	// Take takes n bytes out of a pipe, which has them, as Output would get
	// them. It returns how many it has taken; where it was not all of them,
	// the rest comes through Output, and so does everything that follows.
	Take(s Stream, pipe, n int) int
}

// ErrUnsupported says that this platform cannot do what was asked.
var ErrUnsupported = errors.New("this platform does not support it")

// The environment variables that carry Command.ID, and that of the session
// for what runs in one.
const (
	marker        = "EXECD_EXECUTION_ID"
	sessionMarker = "EXECD_SESSION_ID"
)

// found is where the last search of a PATH has found bash.
type found struct{ path, bash string }

// lastFound saves the search, which costs a system call for each directory
// and an eighth of what it takes to run a command, as long as PATH and the
// file stay what they are.
var lastFound atomic.Pointer[found]

// Script returns the command line that has a shell run text: bash, or sh on a
// system without it.
func Script(text string) []string {
	return []string{findShell(), "-c", text}
}

// Interactive returns the command line of a shell on a terminal, which does
// as somebody types where text is empty: a bash that reads none of its
// startup files, or sh on a system without it.
func Interactive(env []string, text string) []string {
	path, err := findBash(env)
	if err != nil {
		path = findShell()
	}
	argv := []string{path}
	if err == nil {
		argv = append(argv, "--norc", "--noprofile")
	}
	if text != "" {
		argv = append(argv, "-c", text)
	}
	return argv
}

// findBash looks in the PATH of an environment first, but a client may have
// made one of it that has no shell in it.
func findBash(env []string) (string, error) {
	if bash, err := lookPath("bash", pathOf(env)); err == nil {
		return bash, nil
	}
	return lookPath("bash", os.Getenv("PATH"))
}

// findShell looks in the PATH of this process: what a client makes of that of
// its command is for what runs in it.
func findShell() string {
	path := os.Getenv("PATH")
	if last := lastFound.Load(); last != nil && last.path == path && isExecutable(last.bash) {
		return last.bash
	}
	if bash, err := lookPath("bash", path); err == nil {
		lastFound.Store(&found{path, bash})
		return bash
	}
	if sh, err := lookPath("sh", path); err == nil {
		return sh
	}
	return "/bin/sh" // its failure to start says what is missing
}
