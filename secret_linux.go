package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// overwriteToken blots out the token in the arguments and in the environment
// that this process was started with: the kernel shows that memory to others
// as /proc/PID/cmdline and /proc/PID/environ (proc(5)). Go's arguments lie in
// it, so nobody may use that one afterwards. Without /proc nothing shows it.
func overwriteToken() {
	mem, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer func() { _ = mem.Close() }()
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return
	}
	const arguments, environment = 48, 50 // the fields arg_start and env_start; behind each comes its end
	blot(mem, statField(stat, arguments), statField(stat, arguments+1), tokenInArguments())
	blot(mem, statField(stat, environment), statField(stat, environment+1), tokenInVariable)
}

// blot overwrites the end of those words in memory that have the token there,
// from where begins says; -1 is nowhere.
func blot(mem *os.File, from, to int64, begins func(word string) int) {
	text := make([]byte, max(0, to-from))
	if _, err := mem.ReadAt(text, from); err != nil {
		return
	}
	for at := from; len(text) > 0; {
		word, rest, _ := bytes.Cut(text, []byte{0})
		if i := begins(string(word)); i >= 0 {
			_, _ = mem.WriteAt(bytes.Repeat([]byte{'x'}, len(word)-i), at+int64(i)) // as much as the system lets us
		}
		at += int64(len(word) + 1)
		text = rest
	}
}

// tokenInArguments finds the token in the arguments, which it is given one
// after the other. What is behind -- are a command's.
func tokenInArguments() func(word string) int {
	const flag = "access-token"
	follows, over := false, false
	return func(word string) int {
		name := strings.TrimLeft(word, "-")
		switch {
		case over:
			return -1
		case follows:
			follows = false
			return 0
		case strings.HasPrefix(name, flag+"="):
			return strings.IndexByte(word, '=') + 1
		}
		follows, over = name == flag, word == "--"
		return -1
	}
}

func tokenInVariable(word string) int {
	if !strings.HasPrefix(word, tokenVariable+"=") {
		return -1
	}
	return len(tokenVariable) + 1
}

// statField is a number in /proc/PID/stat. The second field, the name of the
// program, may have spaces and parentheses in it.
func statField(stat []byte, number int) int64 {
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if number-3 >= len(fields) {
		return 0
	}
	n, err := strconv.ParseInt(fields[number-3], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// hideProcess keeps other processes of this user from reading the memory of
// this one, and whatever of /proc tells as much (prctl(2), PR_SET_DUMPABLE).
// What it starts is not affected: execve(2) resets it.
func hideProcess() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) } // refused by some sandboxes: then there is no more to do
