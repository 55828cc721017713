package kernel

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// channel is one of a kernel's sockets.
type channel int

const (
	shellChannel channel = iota
	iopubChannel
	stdinChannel
	controlChannel
	heartbeatChannel
	channels
)

// maxSocketPath is below the 108 octets of sun_path (unix(7)) by what a
// library may put before or behind a path.
const maxSocketPath = 100

// connection is where a kernel listens, and the private directory with the
// file that tells it so (Jupyter client documentation, "Connection files").
type connection struct {
	dir     string
	file    string
	network string // "unix" or "tcp"
	ip      string
	ports   [channels]int
	key     string

	book   *portBook
	booked bool // ports are in it
}

// newConnection makes a directory in parent with a connection file. Sockets
// are ipc where the kernel is known to do it and the path is short enough:
// nobody else can take the address or reach it. Otherwise tcp.
func newConnection(parent string, spec *kernelspec, book *portBook) (*connection, error) {
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, fmt.Errorf("make runtime directory: %w", err)
	}
	dir, err := os.MkdirTemp(parent, "k") // mode 0700
	if err != nil {
		return nil, fmt.Errorf("make kernel directory: %w", err)
	}
	c := &connection{dir: dir, file: filepath.Join(dir, "connection.json"), key: rand.Text(), book: book}
	if err := c.choose(spec.mentions("ipykernel")); err != nil {
		c.remove()
		return nil, err
	}
	if err := c.write(spec.name); err != nil {
		c.remove()
		return nil, err
	}
	return c, nil
}

// choose sets the addresses.
func (c *connection) choose(ipc bool) (err error) {
	for i := range c.ports {
		c.ports[i] = i + 1
	}
	c.network, c.ip = "unix", filepath.Join(c.dir, "s")
	if ipc && len(c.address(heartbeatChannel)) < maxSocketPath {
		return nil
	}
	c.network, c.ip = "tcp", "127.0.0.1"
	c.ports, err = c.book.take()
	c.booked = err == nil
	return err
}

// address is where a channel listens; for ipc it is "<ip>-<port>".
func (c *connection) address(ch channel) string {
	port := strconv.Itoa(c.ports[ch])
	if c.network == "unix" {
		return c.ip + "-" + port
	}
	return net.JoinHostPort(c.ip, port)
}

func (c *connection) write(kernelName string) error {
	transport := c.network
	if transport == "unix" {
		transport = "ipc"
	}
	b, err := json.MarshalIndent(map[string]any{
		"transport":        transport,
		"ip":               c.ip,
		"shell_port":       c.ports[shellChannel],
		"iopub_port":       c.ports[iopubChannel],
		"stdin_port":       c.ports[stdinChannel],
		"control_port":     c.ports[controlChannel],
		"hb_port":          c.ports[heartbeatChannel],
		"key":              c.key,
		"signature_scheme": "hmac-sha256",
		"kernel_name":      kernelName,
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode connection file: %w", err)
	}
	if err := os.WriteFile(c.file, b, 0o600); err != nil {
		return fmt.Errorf("write connection file: %w", err)
	}
	return nil
}

// remove removes everything the kernel had in its directory.
func (c *connection) remove() {
	_ = os.RemoveAll(c.dir)
	if c.booked {
		c.book.release(c.ports)
	}
}
