package metrics

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestNetwork_Counts(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"dev": "Inter-|   Receive  |  Transmit\n face |bytes packets\n" +
			"    lo: 900 1 0 0 0 0 0 0 900 1 0 0 0 0 0 0\n" +
			"  eth0:1000 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n" +
			"  eth1: 100 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n  bad: 1 2\n",
		"tcp":  "  sl  local_address rem_address   st\n   0: 0100007F:0016 00000000:0000 0A\n   1: 0100007F:0016 0100007F:9C40 01\n",
		"udp":  "  sl  local_address rem_address   st\n   0: 0100007F:0035 00000000:0000 07\n",
		"tcp6": "  sl  local_address rem_address   st\n   1: 0:0016 0:9C40 01\n\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, ok := readNetwork(dir)
	if want := (Network{Received: 1100, Sent: 22, TCP: 2, UDP: 1}); !ok || got != want {
		t.Errorf("%+v, %v, want %+v", got, ok, want)
	}
	if _, ok := readNetwork(dir + "/none"); ok {
		t.Error("a machine without a network has counters")
	}
}

// A connection of this very test is among those that are open.
func TestNetwork_Live(t *testing.T) {
	before, ok := ReadNetwork()
	if !ok {
		t.Skip("there is no /proc/net")
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // a test's own
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if after, _ := ReadNetwork(); after.TCP < 1 || after.Received < before.Received {
		t.Errorf("%+v, before %+v", after, before)
	}
	if n, ok := Processes(); !ok || n < 1 {
		t.Errorf("%d processes", n)
	}
}
