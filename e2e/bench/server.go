package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"
)

// server is a started server process, in a process group of its own.
type server struct {
	cmd   *exec.Cmd
	addr  string
	stdin io.Closer // the helper ends with it
	ended chan struct{}
}

// patience is how long anything may take that has to happen.
const patience = 60 * time.Second

// stopPatience is longer than the daemon's own graceful window.
const stopPatience = 10 * time.Second

// startExecd starts the binary on a free port. Its log goes to a file, as it would in earnest.
func (b *bench) startExecd(args ...string) (*server, error) { return b.startExecdWith(nil, args...) }

// startExecdWith is startExecd with further environment variables, as NAME=VALUE.
func (b *bench) startExecdWith(env []string, args ...string) (*server, error) {
	dir, err := os.MkdirTemp(b.dir, "d")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	cmd := exec.Command(b.execd, append([]string{"--host", "127.0.0.1", "--port", "0", "--access-token", "", "--pprof",
		"--state-dir", dir, "--log-file", filepath.Join(dir, "log")}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	return b.startServer(cmd)
}

// startFloor starts this program as the server of the floors.
func (b *bench) startFloor() (*server, error) {
	return b.startServer(exec.Command(b.self, helperFloor))
}

func (b *bench) startServer(cmd *exec.Cmd) (*server, error) {
	cmd.Stderr = os.Stderr
	ownGroup(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	out, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	cmd.Stdout = w
	err = cmd.Start()
	_ = w.Close() // the process has it
	if err != nil {
		_ = out.Close() // nothing comes
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	s := &server{cmd: cmd, stdin: stdin, ended: make(chan struct{})}
	b.mu.Lock()
	b.children = append(b.children, s)
	b.mu.Unlock()
	address := make(chan string, 1)
	go announced(out, address)
	go func() {
		_ = cmd.Wait() // told by who asks for what it does not do any more
		close(s.ended)
	}()
	select {
	case s.addr = <-address:
	case <-time.After(patience):
	}
	if s.addr == "" {
		s.stop()
		return nil, fmt.Errorf("start %s: it did not say where it listens", cmd.Path)
	}
	return s, nil
}

var announcement = regexp.MustCompile(`listening on http://(\S+)`)

// announced reads what a server prints to its end, and tells the address in it.
func announced(out io.ReadCloser, address chan<- string) {
	defer close(address)
	defer out.Close()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := announcement.FindStringSubmatch(lines.Text()); m != nil {
			address <- m[1]
		}
	}
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// stop ends the server politely, and after its patience at once.
func (s *server) stop() {
	_ = s.stdin.Close()
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(stopPatience):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}

// goroutines is how many the daemon has, apart from those that answer this.
func (s *server) goroutines() (int, error) {
	c, err := dial(s.addr)
	if err != nil {
		return 0, err
	}
	defer c.close()
	body, err := c.get("/debug/pprof/goroutine?debug=1")
	if err != nil {
		return 0, err
	}
	m := goroutineTotal.FindSubmatch(body)
	if m == nil {
		return 0, errors.New("execd does not say how many goroutines it has")
	}
	n, err := strconv.Atoi(string(m[1]))
	return n - asking, err
}

var goroutineTotal = regexp.MustCompile(`goroutine profile: total (\d+)`)

// asking is the goroutines of a connection to net/http: one serves, one watches for the client to leave.
const asking = 2
