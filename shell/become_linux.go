package shell

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// A child that takes on another identity shares the memory of this process
// until it executes its program, and for so long nobody without
// CAP_SYS_PTRACE, which few containers have, may open a file in
// /proc/[pid]/fd of this process: no shell of a session can begin or end a
// run. So there the child executes this program again, and takes on the
// identity in a memory of its own.

// becomeName is the name of such a child, until it has its program.
const becomeName = "execd-become"

// becomes says that this program calls Become.
var becomes atomic.Bool

// Become is to be called first by a program that starts commands as other
// users, which is to exit where it reports true: then it is such a child, and
// could not become what it should.
func Become() (failed bool) {
	if len(os.Args) != 2 || os.Args[0] != becomeName {
		becomes.Store(true)
		return false
	}
	order, report, err := becomeFiles(os.Args[1])
	if err == nil {
		err = becomeAndExec(order)
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		errno = syscall.EINVAL
	}
	_, _ = report.WriteString(strconv.Itoa(int(errno))) // nobody else could be told
	return true
}

// becomeFiles are what the first descriptor behind the command's own and the
// next one are.
func becomeFiles(first string) (order, report *os.File, err error) {
	fd, err := strconv.Atoi(first)
	if err != nil {
		return nil, nil, fmt.Errorf("find order: %w", err)
	}
	unix.CloseOnExec(fd)
	unix.CloseOnExec(fd + 1)
	return os.NewFile(uintptr(fd), "order"), os.NewFile(uintptr(fd+1), "report"), nil
}

// becomeAndExec does what the child of forkAndExec in package syscall does.
func becomeAndExec(file *os.File) error {
	text, err := io.ReadAll(io.NewSectionReader(file, 0, 1<<40))
	if err != nil {
		return fmt.Errorf("read order: %w", err)
	}
	o, err := parseOrder(text)
	if err != nil {
		return err
	}
	if !o.keepGroups {
		if err := syscall.Setgroups(o.groups); err != nil {
			return fmt.Errorf("set groups: %w", err)
		}
	}
	if err := syscall.Setgid(o.gid); err != nil {
		return fmt.Errorf("set group: %w", err)
	}
	if err := syscall.Setuid(o.uid); err != nil {
		return fmt.Errorf("set user: %w", err)
	}
	if o.dir != "" {
		if err := os.Chdir(o.dir); err != nil {
			return fmt.Errorf("change directory: %w", err)
		}
	}
	return fmt.Errorf("execute: %w", syscall.Exec(o.path, o.argv, o.env)) //nolint:gosec // it is what was ordered
}

// order is what such a child is to do.
type order struct {
	uid, gid   int
	groups     []int
	keepGroups bool
	dir, path  string
	argv, env  []string
}

// text is the order for parseOrder. Nothing in it can have a NUL.
func (o order) text() string {
	numbers := []string{strconv.Itoa(o.uid), strconv.Itoa(o.gid), strconv.FormatBool(o.keepGroups), strconv.Itoa(len(o.groups))}
	for _, id := range o.groups {
		numbers = append(numbers, strconv.Itoa(id))
	}
	words := slices.Concat(numbers, []string{o.dir, o.path, strconv.Itoa(len(o.argv))}, o.argv, o.env)
	return strings.Join(words, "\x00")
}

var errOrder = errors.New("the order is not complete")

func parseOrder(text []byte) (o order, err error) {
	words := strings.Split(string(text), "\x00")
	next := func() string {
		if len(words) == 0 {
			err = errOrder
			return ""
		}
		word := words[0]
		words = words[1:]
		return word
	}
	number := func() int {
		n, bad := strconv.Atoi(next())
		if bad != nil {
			err = errOrder
		}
		return n
	}
	o.uid, o.gid = number(), number()
	o.keepGroups = next() == "true"
	for range number() {
		o.groups = append(o.groups, number())
	}
	o.dir, o.path = next(), next()
	if n := number(); err == nil && n <= len(words) {
		o.argv, o.env = words[:n], words[n:]
		return o, nil
	}
	return order{}, errOrder
}

// needDumpable reports whether shells of sessions, which have the capabilities
// of this process, may not open its descriptors while it cannot be dumped.
var needDumpable = sync.OnceValue(func() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData // 64 capabilities
	if unix.Capget(&header, &sets[0]) != nil || sets[0].Effective&(1<<unix.CAP_SYS_PTRACE) != 0 {
		return false
	}
	_, err := os.Stat(ownProgram)
	return err == nil // without /proc no shell reports anyhow
})

const ownProgram = "/proc/self/exe"

// ShowDescriptors lets the shells of sessions, and with that everybody of the
// same user, open the descriptors of this process, where it is not dumpable
// and they would need that. It reports whether that was so.
func ShowDescriptors() bool {
	if !needDumpable() {
		return false
	}
	strangers.Lock() // none may share its memory now
	defer strangers.Unlock()
	is, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	return err == nil && is != 1 && unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0) == nil
}

// forkBecoming is syscall.ForkExec by way of Become.
func forkBecoming(path string, argv []string, attr *syscall.ProcAttr) (pid int, err error) {
	c := attr.Sys.Credential
	o := order{
		uid: int(c.Uid), gid: int(c.Gid), keepGroups: c.NoSetGroups, dir: attr.Dir, path: path, argv: argv, env: attr.Env,
	}
	for _, id := range c.Groups {
		o.groups = append(o.groups, int(id))
	}
	file, _, err := scriptFile(o.text())
	if err != nil {
		return 0, err
	}
	defer file.Close() //nolint:errcheck // the child has its own
	told, report, err := os.Pipe()
	if err != nil {
		return 0, fmt.Errorf("make pipe: %w", err)
	}
	defer told.Close() //nolint:errcheck // only read from
	self, sys := *attr, *attr.Sys
	self.Sys, sys.Credential = &sys, nil
	self.Dir, self.Env = "", []string{}
	self.Files = append(append([]uintptr{}, attr.Files...), file.Fd(), report.Fd())
	pid, err = syscall.ForkExec(ownProgram, []string{becomeName, strconv.Itoa(len(attr.Files))}, &self)
	_ = report.Close() // never written to here
	if err != nil {
		return 0, err //nolint:wrapcheck // the caller says what could not be started
	}
	text, _ := io.ReadAll(told) // until it is closed, when the program is executed
	if len(text) == 0 {
		return pid, nil
	}
	_, _ = waitID(pid, unix.WEXITED) // it said its last
	if sys.PidFD != nil && *sys.PidFD >= 0 {
		_ = unix.Close(*sys.PidFD)
		*sys.PidFD = -1
	}
	errno, _ := strconv.Atoi(string(bytes.TrimSpace(text)))
	return 0, syscall.Errno(errno)
}
