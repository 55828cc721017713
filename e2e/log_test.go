package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// logLine is one of the daemon's log.
type logLine struct {
	Level, TS, Msg, Method, Path string
	RequestID                    string `json:"request_id"`
	ExecutionID                  string `json:"execution_id"`
	Status                       int
	Kind, Outcome, Context       string
	raw                          string
}

// parseLog reads a log, all of whose lines must be JSON with what each line has.
func parseLog(tb testing.TB, text string) []logLine {
	tb.Helper()
	var all []logLine
	for line := range strings.Lines(text) {
		l := logLine{raw: line}
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Level == "" || l.TS == "" || l.Msg == "" {
			tb.Errorf("not a line of a log: %v: %q", err, line)
		}
		all = append(all, l)
	}
	return all
}

// loggedAs waits for lines of a request with a text, and returns all of them.
func (d *daemon) loggedAs(tb testing.TB, requestID, text string) []logLine {
	tb.Helper()
	var found []logLine
	eventually(tb, "the log's line of "+requestID+", "+text, func() bool {
		found = nil
		for line := range strings.Lines(d.log(tb)) {
			if strings.Contains(line, `"request_id":"`+requestID+`"`) && strings.HasSuffix(line, `"msg":"`+text+"\"}\n") {
				found = append(found, parseLog(tb, line)...)
			}
		}
		return len(found) > 0
	})
	return found
}

// logged waits for the line of a request, of which there must be no more than one.
func (d *daemon) logged(tb testing.TB, requestID string) logLine {
	tb.Helper()
	found := d.loggedAs(tb, requestID, "request")
	if len(found) > 1 {
		tb.Errorf("%s has %d lines: %v", requestID, len(found), found)
	}
	return found[0]
}

func TestLog_OneLinePerRequest(t *testing.T) {
	t.Parallel()
	d := start(t, "--log-level", "7")
	stream := d.command(t, "true", "X-Request-ID", "stream")
	d.call(t, http.MethodGet, "/no/such/path", nil, "X-Request-ID", "missing")
	d.call(t, http.MethodPost, "/command", nil, "X-Request-ID", "refused")
	d.call(t, http.MethodGet, "/ping", nil, "X-Request-ID", "probe")
	for id, want := range map[string]logLine{
		"stream":  {Level: "info", Method: "POST", Path: "/command", Status: 200, ExecutionID: stream[0].Text},
		"missing": {Level: "info", Method: "GET", Path: "/no/such/path", Status: 404},
		"refused": {Level: "info", Method: "POST", Path: "/command", Status: 400},
		"probe":   {Level: "debug", Method: "GET", Path: "/ping", Status: 200},
	} {
		got := d.logged(t, id)
		want.TS, want.Msg, want.RequestID, want.raw = got.TS, got.Msg, id, got.raw
		if got != want {
			t.Errorf("%s is logged as %+v, want %+v", id, got, want)
		}
	}
	parseLog(t, d.log(t))
}

func TestLog_Levels(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		level string
		want  map[string]bool
	}{
		{"0", nil},
		{"3", nil},
		{"4", map[string]bool{"warn": true}},
		{"5", map[string]bool{"warn": true, "info": true}},
		{"6", map[string]bool{"warn": true, "info": true}},
		{"7", map[string]bool{"warn": true, "info": true, "debug": true}},
	} {
		d := start(t, "--log-level", c.level, "--host", "0.0.0.0") // which without a token is worth a warning
		d.empty(t, http.MethodGet, "/ping", nil)
		d.command(t, "true")
		d.stop(t)
		got := map[string]bool{}
		for _, l := range parseLog(t, d.log(t)) {
			got[l.Level] = true
		}
		for level := range mergedKeys(got, c.want) {
			if got[level] != c.want[level] {
				t.Errorf("--log-level %s logs %s: %v, want %v", c.level, level, got[level], c.want[level])
			}
		}
	}
}

func mergedKeys(a, b map[string]bool) map[string]bool {
	all := map[string]bool{}
	for _, m := range []map[string]bool{a, b} {
		for k := range m {
			all[k] = true
		}
	}
	return all
}

func TestLog_WarnsBeyondLoopback(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want bool
	}{
		{[]string{"--host", "127.0.0.1"}, false},
		{[]string{"--host", "0.0.0.0"}, true},
		{[]string{"--host", "0.0.0.0", "--access-token", "x"}, false},
	} {
		d := start(t, c.args...)
		d.stop(t)
		if got := strings.Contains(d.log(t), "--access-token"); got != c.want {
			t.Errorf("%q warns: %v", c.args, got)
		}
	}
}

func TestLog_StandardOutput(t *testing.T) {
	t.Parallel()
	d := start(t, "--log-file", "")
	d.call(t, http.MethodGet, "/executions", nil, "X-Request-ID", "mine")
	d.stop(t)
	eventually(t, "the last line", func() bool { return strings.Contains(d.stdout.String(), "has ended") })
	banner, rest, _ := strings.Cut(d.stdout.String(), "\n")
	if !announcement.MatchString(banner) {
		t.Errorf("the first line is %q", banner)
	}
	parseLog(t, rest)
	if !strings.Contains(rest, `"request_id":"mine"`) {
		t.Errorf("no request in %q", rest)
	}
}

// On a terminal the log is for a person: a time, the level, the message and name=value, in colours unless NO_COLOR is
// set. What a client sends cannot move the cursor.
func TestLog_OnTerminal(t *testing.T) {
	t.Parallel()
	const plain = ""
	for env, colour := range map[string]string{"NO_COLOR=": "\x1b[", "NO_COLOR=1": plain} {
		d := prepare(t, t.TempDir(), []string{env}, "--log-file", "")
		d.onTerminal = true
		d.launch(t)
		d.call(t, http.MethodGet, "/no/%1b%5b2J/path", nil, "X-Request-ID", "mine")
		d.stop(t)
		eventually(t, "the last line", func() bool { return strings.Contains(d.stdout.String(), "has ended") })
		text := d.stdout.String()
		if (colour == plain) == strings.Contains(text, "\x1b[") || strings.Contains(text, "\x1b[2J") {
			t.Errorf("with %s: %q", env, text)
		}
		unpainted := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(text, "")
		for _, want := range []string{`INF request .*request_id=mine`, `INF execd listens address=`} {
			if !regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d\.\d{3} ` + want).MatchString(unpainted) {
				t.Errorf("with %s no line is %s:\n%s", env, want, unpainted)
			}
		}
	}
}

// A log that was rotated away is opened again on SIGHUP.
func TestLog_Reopened(t *testing.T) {
	t.Parallel()
	d := startWith(t, []string{"EXECD_LOG_FILE=/no/such/file"}) // the flag wins
	d.call(t, http.MethodGet, "/executions", nil, "X-Request-ID", "first")
	d.logged(t, "first")
	must(t, os.Rename(d.logFile, d.logFile+".1"))
	d.signal(t, syscall.SIGHUP)
	eventually(t, "a new log", func() bool { _, err := os.Stat(d.logFile); return err == nil })
	d.call(t, http.MethodGet, "/executions", nil, "X-Request-ID", "second")
	d.logged(t, "second")
}
