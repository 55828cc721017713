package httpapi_test

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"execd/actors/event"
	"execd/httpapi"
)

// run asks for a run in a session.
func (r *reader) run(t *testing.T, body string) {
	t.Helper()
	head := "POST /session/s1/run HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
	if _, err := io.WriteString(r, head+strconv.Itoa(len(body))+"\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
}

// TestBrief_OneWrite: what is over at once comes at once, and whole.
func TestBrief_OneWrite(t *testing.T) {
	t.Parallel()
	h := hold(t, httpapi.Config{})
	h.log.Brief(func(time.Duration) {})
	r := h.dial(t)
	first := make(chan string)
	go func() {
		b := make([]byte, 64<<10)
		n, _ := r.Read(b) // what came is looked at
		first <- string(b[:n])
	}()
	r.run(t, `{"command":":"}`)
	until(t, "a reader", func() bool { return h.log.Readers() == 1 })
	h.log.End(event.Event{Type: event.TypeComplete})
	text := <-first
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
	if err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(body), `"type":"init"`) || !strings.Contains(string(body), `"type":"execution_complete"`) {
		t.Errorf("the first read is %q, %v", text, err)
	}
}

// TestBrief_Lasts: the head is there once the run is known to last, and for a client without patience even before.
func TestBrief_Lasts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body  string
		lasts func(*event.Log)
	}{
		"lasts":    {`{"command":"sleep 1"}`, (*event.Log).Lasts},
		"prints":   {`{"command":"sleep 1"}`, func(l *event.Log) { l.Append(event.Event{Type: event.TypeStdout, Text: "x"}); l.Lasts() }},
		"patience": {`{"command":"sleep 1","wait_ms":60000}`, func(*event.Log) {}},
	} {
		h := hold(t, httpapi.Config{})
		h.log.Brief(func(time.Duration) {})
		r := h.dial(t)
		r.run(t, c.body)
		until(t, "a reader", func() bool { return h.log.Readers() == 1 })
		c.lasts(h.log)
		resp, err := http.ReadResponse(r.in, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if line, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil || line != "id: 1\n" {
			t.Errorf("%s: %q, %v", name, line, err)
		}
		r.Close() // first: the body would be read to its end
		resp.Body.Close()
	}
}
