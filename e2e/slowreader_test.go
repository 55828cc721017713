package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"testing"
)

func itoa(n int) string { return strconv.Itoa(n) }

// deaf opens a connection, sends a request, and never reads.
func (d *daemon) deaf(tb testing.TB, method, path, body string) net.Conn {
	tb.Helper()
	c := d.dial(tb)
	must(tb, c.(*net.TCPConn).SetReadBuffer(4<<10)) // or the system would read megabytes for it
	_, err := fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", method, path, len(body), body)
	must(tb, err)
	return c
}

// maxResident is what the daemon may hold in memory under load: its budget for events, which here is a quarter of it,
// its readers' buffers, and what the collector has not yet returned.
const maxResident = 128 << 20

// A reader that never reads hurts nobody: not the process, not the other readers, not the daemon's memory.
func TestFault_SlowReader(t *testing.T) {
	t.Parallel()
	d := start(t, "--memory-limit", "32MiB")
	g, wait := newGate(t)
	const n = 500_000
	done := d.dir + "/done"
	script := fmt.Sprintf("%s; seq %d; echo >%s", wait, n, done)
	d.deaf(t, http.MethodPost, "/command", `{"command":"`+script+`"}`) // it owns the run
	var id string
	eventually(t, "the run", func() bool {
		list := get[[]execution](t, d, "/executions")
		if len(list) == 0 {
			return false
		}
		id = list[0].ID
		return true
	})
	var deaf []net.Conn
	for range 50 {
		deaf = append(deaf, d.deaf(t, http.MethodGet, "/executions/"+id+"/events", ""))
	}
	eventually(t, "the readers", func() bool { return d.execution(t, id).Readers == len(deaf)+1 })
	s := d.attach(t, id, 0)
	g.open(t)
	r := s.complete(t)
	r.ends(t, success)
	if lines := r.stdout(); len(lines) != n || lines[n-1] != strconv.Itoa(n) {
		t.Errorf("the reader that reads got %d lines", len(lines))
	}
	if _, err := os.Stat(done); err != nil {
		t.Errorf("the process did not get to its end: %v", err)
	}
	d.command(t, "echo hi").ends(t, success)
	if rss := memory(t, d.pid); rss > maxResident {
		t.Errorf("execd holds %d MiB", rss>>20)
	}
}

// A reader that lags, but reads, gets all.
func TestFault_LateReader(t *testing.T) {
	t.Parallel()
	d := start(t, "--log-memory", "64KiB")
	id := d.background(t, "seq 200000")
	s := d.attach(t, id, 0)
	if _, err := s.frame(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the run", func() bool { return !d.status(t, id).Running })
	if rest := s.rest(t); len(rest) != 200_001 {
		t.Errorf("late it read %d events", len(rest))
	}
}
