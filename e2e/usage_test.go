package e2e_test

import (
	"encoding/json"
	"net/http"
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
