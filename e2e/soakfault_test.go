package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// These are the faults of TestSoak_Faults. Each does one thing wrong, and checks what it did to its run.

// cutReader reads a run in pieces that break off anywhere.
func (d *daemon) cutReader(t *testing.T, random *rand.Rand) {
	t.Helper()
	id := d.background(t, "seq 2000; echo err >&2; exit 3") // both streams are one
	r, err := promised(string(d.resumed(t, id, random, func() {})))
	if err != nil || len(r.stdout()) != 2001 || *r.last().ExitCode != 3 {
		t.Errorf("a reader that is cut: %d lines, %v", len(r.stdout()), err)
	}
}

// cutOwner starts a run, goes away at once, and reads it later.
func (d *daemon) cutOwner(t *testing.T, random *rand.Rand) {
	t.Helper()
	s := d.openCommand(t, "seq 500; sleep 0.05; seq 500")
	for range random.IntN(400) {
		if _, err := s.frame(); err != nil {
			t.Errorf("the owner: %v", err)
		}
	}
	s.close()
	d.reads(t, s.id, 1000)
}

// reads a run from its beginning, which must be whole.
func (d *daemon) reads(t *testing.T, id string, lines int) run {
	t.Helper()
	r, err := promised(d.call(t, http.MethodGet, "/executions/"+id+"/events", nil).body)
	if err != nil || len(r.stdout()) != lines {
		t.Errorf("%d lines of %d, %v", len(r.stdout()), lines, err)
	}
	return r
}

// stalledReader holds a run open and takes nothing.
func (d *daemon) stalledReader(t *testing.T, _ *rand.Rand) {
	t.Helper()
	id := d.background(t, "seq 20000")
	deaf := d.deaf(t, http.MethodGet, "/executions/"+id+"/events", "")
	d.reads(t, id, 20_000)
	_ = deaf.Close() // it is the fault
}

// killedChild has the process of a run killed by somebody else.
func (d *daemon) killedChild(t *testing.T, _ *rand.Rand) {
	t.Helper()
	s := d.openCommand(t, "echo $$; exec sleep 1000")
	var pid int
	_, err := fmt.Sscan(s.until(t, "its pid", func(e event) bool { return e.Type == "stdout" }).Text, &pid)
	must(t, err)
	kill(t, pid)
	if end := s.rest(t).last(); end.Signal != "SIGKILL" || end.Error == nil {
		t.Errorf("a killed child: %s", end.Raw)
	}
}

// killedShell has the shell of a session killed in the middle of a run.
func (d *daemon) killedShell(t *testing.T, _ *rand.Rand) {
	t.Helper()
	s := d.newSession(t, nil)
	s.run(t, "cd /tmp; export KEPT=1")
	if end := s.run(t, "kill -9 $$; echo never").last(); end.Error == nil {
		t.Errorf("a killed shell: %s", end.Raw)
	}
	if got := s.run(t, "echo $PWD $KEPT").stdout(); !slices.Equal(got, []string{"/tmp 1"}) {
		t.Errorf("behind a killed shell: %q", got)
	}
	s.remove(t)
}

// interruptedFamily ends a run whose processes hide and do not want to end.
func (d *daemon) interruptedFamily(t *testing.T, _ *rand.Rand) {
	t.Helper()
	s := d.openCommand(t, `trap "" TERM; (setsid sh -c 'trap "" TERM HUP; sleep 1000; sleep 1000' &); echo begun; sleep 1000; sleep 1000`)
	s.untilText(t, "begun")
	d.empty(t, http.MethodDelete, "/command?id="+s.id, nil)
	if left := processesWith("EXECD_EXECUTION_ID=" + s.id); len(left) > 0 {
		t.Errorf("left of a run: %v", left)
	}
	if end := s.rest(t).last(); end.Reason != "interrupt" {
		t.Errorf("an interrupted run: %s", end.Raw)
	}
}

// cutUpload breaks off in the middle of a file.
func (d *daemon) cutUpload(t *testing.T, random *rand.Rand) {
	t.Helper()
	path := filepath.Join(d.dir, newMarker())
	must(t, os.WriteFile(path, []byte("old"), 0o600))
	c := d.dial(t)
	_, err := fmt.Fprintf(c, "PUT /files/upload%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n", pathQuery(path))
	must(t, err)
	_, _ = io.Copy(c, bytes.NewReader(make([]byte, random.IntN(500_000)))) // what of it arrives is not the point
	_ = c.Close()
	if text, err := os.ReadFile(path); err != nil || string(text) != "old" {
		t.Errorf("after half an upload the file holds %.20q, %v", text, err)
	}
	must(t, os.Remove(path))
	eventually(t, "the half to be removed", func() bool {
		return !slices.ContainsFunc(filesIn(t, d.dir), func(p string) bool { return strings.Contains(p, filepath.Base(path)) })
	})
}
