package e2e_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// lateOutput: what a thread prints is its own cell's, also when that has ended and another one runs, and so is whatever
// has that cell as its parent. (ipykernel says of a display in a thread that it is the running cell's.)
func lateOutput(t *testing.T, d *daemon, id string) {
	t.Helper()
	first := d.code(t, in(id, `
import threading
go, kernel = threading.Event(), get_ipython().kernel
parent = kernel.get_parent()
def work():
    go.wait()
    print('from the thread', flush=True)
thread = threading.Thread(target=work)
thread.start()
def show():
    content = {'data': {'text/plain': 'shown'}, 'metadata': {}, 'transient': {}}
    kernel.session.send(kernel.iopub_socket, 'display_data', content, parent=parent)
print('first')`))
	first.ends(t, cellDone)
	late := "/executions/" + first[0].ExecutionID + "/late"
	if a := d.call(t, http.MethodGet, late, nil); a.status != http.StatusNoContent || a.body != "" {
		t.Errorf("before there is anything: %d %s", a.status, a.body)
	}
	follows := d.open(t, http.MethodGet, late+"?follow=true", nil)
	second := d.code(t, in(id, "print('second', flush=True)\ngo.set()\nthread.join()\nshow()"))
	if second.output() != "second\n" || len(second.of("result")) != 0 {
		t.Errorf("another's output is in %+v", second)
	}
	var text string // in one piece, unless the kernel's own thread has sent what there was of it
	follows.until(t, "the output of the thread", func(e event) bool {
		if e.Type == "stdout" {
			text += e.Text
		}
		if e.Type != "ping" && !strings.Contains(e.Raw, `"late":true`) {
			t.Errorf("not declared as late: %s", e.Raw)
		}
		return text == "from the thread\n"
	})
	shown := follows.until(t, "the display", func(e event) bool { return e.Type == "result" })
	follows.close()
	if shown.Results["text"] != "shown" || !strings.Contains(shown.Raw, `"late":true`) {
		t.Errorf("late result %s", shown.Raw)
	}
	all := d.open(t, http.MethodGet, late, nil).rest(t)
	if len(all) < 2 || all[0].ID != 1 || all.output() != text || all.of("result")[0].Raw != shown.Raw {
		t.Errorf("late events %+v", all)
	}
	if again := d.attach(t, first[0].ExecutionID, 0).complete(t); again.output() != "first\n" {
		t.Errorf("the log of the first has changed: %q", again.output())
	}
	type status struct {
		Late int `json:"late_events"`
	}
	if st := get[status](t, d, "/executions/"+first[0].ExecutionID); st.Late != len(all) {
		t.Errorf("%d late events, and the status says %d", len(all), st.Late)
	}
}

// TestLate_OfCommand: what outlives a command is in its output, and not here.
func TestLate_OfCommand(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := d.command(t, "true")[0].Text
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, "/executions/"+id+"/late", nil)
	d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodGet, "/executions/nobody/late", nil)
}

// commMessages: messages of comms come with their binary data, where they were asked for.
func commMessages(t *testing.T, d *daemon, id string) {
	t.Helper()
	const code = `
import os
from comm import create_comm
data = os.urandom(200_000)
c = create_comm(target_name='the target', data={'a': [1, 'é']}, metadata={'version': '2'}, buffers=[b'\x00\xff', data])
c.send({'b': 2})
c.close()
import hashlib
print(hashlib.sha256(data).hexdigest(), c.comm_id)`
	if r := d.code(t, in(id, code)); len(r.of("comm")) != 0 {
		t.Errorf("comms that nobody asked for: %+v", r.of("comm"))
	}
	body := in(id, code)
	body["comms"] = true
	r := d.code(t, body)
	r.ends(t, cellDone)
	type message struct {
		Comm struct {
			Kind   string          `json:"msg_type"`
			ID     string          `json:"comm_id"`
			Target string          `json:"target_name"`
			Data   json.RawMessage `json:"data"`
		}
		Metadata json.RawMessage
		Buffers  [][]byte
	}
	var got []string
	var open message
	for i, e := range r.of("comm") {
		var m message
		must(t, json.Unmarshal([]byte(e.Raw), &m))
		got = append(got, fmt.Sprintf("%s %s %s", m.Comm.Kind, m.Comm.Target, strings.ReplaceAll(string(m.Comm.Data), " ", "")))
		if i == 0 {
			open = m
		}
	}
	if want := `comm_open the target {"a":[1,"é"]}|comm_msg  {"b":2}|comm_close  {}`; strings.Join(got, "|") != want {
		t.Fatalf("%q, want %q", got, want)
	}
	if len(open.Buffers) != 2 || base64.StdEncoding.EncodeToString(open.Buffers[0]) != "AP8=" {
		t.Fatalf("%d buffers", len(open.Buffers))
	}
	if want := fmt.Sprintf("%x %s\n", sha256.Sum256(open.Buffers[1]), open.Comm.ID); r.output() != want {
		t.Errorf("sent %q, came %q", r.output(), want)
	}
	if !strings.Contains(string(open.Metadata), `"2"`) {
		t.Errorf("metadata %s", open.Metadata)
	}
}

// errorsShown: an error that is not the end of its cell is shown all the same, in its place.
func errorsShown(t *testing.T, d *daemon, id string) {
	t.Helper()
	r := d.code(t, in(id, `
print('before', flush=True)
try:
    1/0
except ZeroDivisionError:
    get_ipython().showtraceback()
print('after', flush=True)`))
	r.ends(t, cellDone)
	var order []string
	for _, e := range r {
		order = append(order, e.Type+e.Status)
	}
	if got := strings.Join(slices.Compact(order), " "); got != "init stdout statuserror_shown stdout execution_count execution_complete" {
		t.Errorf("%s", got)
	}
	if e := r.of("status")[0]; e.Error == nil || e.Error.Name != "ZeroDivisionError" || len(e.Error.Traceback) == 0 || e.Text != "" {
		t.Errorf("shown is %s", e.Raw)
	}
	r = d.code(t, in(id, `
def hook():
    display('at the end')
get_ipython().events.register('post_execute', hook)
[][0]`))
	d.code(t, in(id, "get_ipython().events.unregister('post_execute', hook)")).ends(t, cellDone)
	if shown := r.of("status"); len(shown) != 1 || shown[0].Error.Name != "IndexError" || r.of("result")[0].ID < shown[0].ID {
		t.Errorf("what is displayed behind an error: %+v", r)
	}
	if end := r.last(); end.Error == nil || end.Error.Name != "IndexError" || strings.Contains(end.Raw, `"shown"`) {
		t.Errorf("it ended with %s", end.Raw)
	}
	r = d.code(t, in(id, "[][0]"))
	if end := r.last(); !strings.Contains(end.Raw, `"shown":true`) || len(r.of("status")) != 0 {
		t.Errorf("an error that is the end is told once: %+v", r)
	}
}

// valuesCounted: the value of a cell has its number, what it displays has none.
func valuesCounted(t *testing.T, d *daemon, id string) {
	t.Helper()
	r := d.code(t, in(id, "display('shown')\n'value'"))
	results, counts := r.of("result"), r.of("execution_count")
	if len(results) != 2 || len(counts) != 1 || results[0].ExecutionCount != 0 || results[1].ExecutionCount != counts[0].ExecutionCount {
		t.Errorf("%+v", r)
	}
}
