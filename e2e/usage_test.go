package e2e_test

import (
	"encoding/json"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// usage is what an execution has used, as its status and its terminal event tell it.
type usage struct {
	CPU           int64 `json:"cpu_ms"`
	PeakMemory    int64 `json:"peak_memory_bytes"`
	Read          int64 `json:"read_bytes"`
	Written       int64 `json:"written_bytes"`
	Processes     int   `json:"processes"`
	PeakProcesses int   `json:"peak_processes"`
}

type used struct{ Usage *usage }

// What a command and its children use is told while it runs, and at its end by the terminal event and the status alike.
func TestUsage_OfCommands(t *testing.T) {
	t.Parallel()
	d := start(t)
	const burn = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"
	s := d.openCommand(t, object{"stdin": true, "command": "sleep 600 & " + burn + "; echo up; cat; kill $!"})
	s.untilText(t, "up")
	var now used
	eventually(t, "three processes", func() bool { // cat may not have begun
		now = get[used](t, d, "/executions/"+s.id)
		return now.Usage != nil && now.Usage.Processes >= 3
	})
	if u := now.Usage; u.CPU <= 0 || u.PeakMemory <= 0 || u.PeakProcesses < u.Processes {
		t.Errorf("while it runs: %+v", *u)
	}
	d.ok(t, http.MethodPost, "/executions/"+s.id+"/stdin?eof=true", "")
	rest := s.rest(t)
	var end used
	must(t, json.Unmarshal([]byte(rest.last().Raw), &end))
	if end.Usage == nil || end.Usage.CPU < now.Usage.CPU || end.Usage.PeakMemory < now.Usage.PeakMemory ||
		end.Usage.PeakProcesses < 3 || end.Usage.Processes != 0 {
		t.Fatalf("at the end: %s, before %+v", rest.last().Raw, *now.Usage)
	}
	if after := get[used](t, d, "/executions/"+s.id); after.Usage == nil || *after.Usage != *end.Usage {
		t.Errorf("the status says %+v, the terminal event %+v", after.Usage, *end.Usage)
	}
}

// Of a cell the CPU time is told that its kernel used from its beginning to its end, also when the kernel does not live to see that.
func TestUsage_OfCells(t *testing.T) {
	t.Parallel()
	needsPython(t)
	if runtime.GOOS != "linux" {
		t.Skip("the CPU time of a kernel is read from /proc or its control group")
	}
	d := start(t)
	id := d.newContext(t).ID
	uses := func(code, ename string) int64 {
		t.Helper()
		s := d.openCode(t, in(id, code))
		end := s.rest(t).last()
		if (end.Error != nil) != (ename != "") || end.Error != nil && end.Error.Name != ename {
			t.Fatalf("%.40q ended with %s", code, end.Raw)
		}
		var told used
		must(t, json.Unmarshal([]byte(end.Raw), &told))
		if u := told.Usage; u == nil || *u != (usage{CPU: u.CPU}) || strings.Contains(end.Raw, "peak") {
			t.Fatalf("%.40q ended with %s", code, end.Raw)
		}
		if after := get[used](t, d, "/executions/"+s.id); after.Usage == nil || *after.Usage != *told.Usage {
			t.Errorf("%.40q: the status says %+v, the terminal event %+v", code, after.Usage, *told.Usage)
		}
		return told.Usage.CPU
	}
	const burn = "import time\ndef burn():\n    until = time.process_time() + 0.3\n    while time.process_time() < until: pass\n"
	const least = 250 // ms: for each part of it a tick of 10 ms may be missing
	uses("import os, sys, subprocess, threading", "")
	for _, c := range []struct{ name, code, ename string }{
		{"itself", burn + "burn()", ""},
		{"a child", "subprocess.run([sys.executable, '-c', " + strconv.Quote(burn+"burn()") + "])", ""},
		{"an error", "burn(); 1/0", "ZeroDivisionError"},
		{"a death", "burn(); os.kill(os.getpid(), 9)", "KernelDied"},
	} {
		if much := uses(c.code, c.ename); much < least {
			t.Errorf("%s: %d ms", c.name, much)
		}
		if little := uses("pass", ""); little >= least {
			t.Errorf("%d ms for nothing, behind %s", little, c.name)
		}
	}
	uses(burn+"import threading\ngo = threading.Event()\nt = threading.Thread(target=lambda: (go.wait(), burn()))\nt.start()", "")
	if much := uses("go.set(); t.join()", ""); much < least {
		t.Errorf("%d ms in the background", much)
	}
}
