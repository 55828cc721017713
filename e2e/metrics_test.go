package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// sample is what tests look at of the metrics.
type sample struct {
	CPUCount   int     `json:"cpu_count"`
	CPUUsed    float64 `json:"cpu_used_pct"`
	MemTotal   float64 `json:"mem_total_mib"`
	MemUsed    float64 `json:"mem_used_mib"`
	Timestamp  int64   `json:"timestamp"`
	DiskTotal  float64 `json:"disk_total_mib"`
	HostUptime float64 `json:"host_uptime_s"`
	Executions int     `json:"executions"`
	Streams    int     `json:"streams"`
	Limited    bool    `json:"limited"`
	Host       struct {
		CPUCount int     `json:"cpu_count"`
		MemTotal float64 `json:"mem_total_mib"`
	} `json:"host"`
}

func (m sample) check(tb testing.TB) {
	tb.Helper()
	if m.CPUCount < 1 || m.CPUUsed < 0 || m.CPUUsed > 100 || m.MemUsed <= 0 || m.MemUsed > m.MemTotal || m.Timestamp < 1e12 {
		tb.Errorf("impossible: %+v", m)
	}
	if m.Host.CPUCount < m.CPUCount || m.Host.MemTotal < m.MemTotal || m.DiskTotal <= 0 || m.HostUptime <= 0 {
		tb.Errorf("impossible: %+v", m)
	}
}

// watchMetrics reads samples until enough holds.
func (d *daemon) watchMetrics(tb testing.TB, query string, enough func(sample) bool, h ...string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := d.send(ctx, http.MethodGet, "/metrics/watch"+query, nil, h...)
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Body.Close()
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		line := strings.TrimPrefix(lines.Text(), "data: ")
		if line == "" {
			continue
		}
		var m sample
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			tb.Fatalf("%v in %q", err, line)
		}
		m.check(tb)
		if enough(m) {
			return
		}
	}
	tb.Fatal("the stream of samples has ended")
}

// TestMetrics: the contract's fields within their bounds, and the newest sample at once.
func TestMetrics(t *testing.T) {
	t.Parallel()
	d := start(t)
	first := get[sample](t, d, "/metrics")
	first.check(t)
	d.watchMetrics(t, "", func(m sample) bool { return m.Timestamp > first.Timestamp })
	all := get[map[string]any](t, d, "/metrics")
	for _, name := range []string{
		"cpu_limit", "mem_used_pct", "mem_total_gb", "mem_used_gb", "swap_total_mib", "swap_used_mib", "disk_total_mib", "disk_used_mib",
		"disk_used_pct", "load1", "load5", "load15", "uptime_s", "host_uptime_s", "executions", "sessions", "contexts", "terminals", "streams",
	} {
		if n, ok := all[name].(float64); !ok || n < 0 {
			t.Errorf("%s is %v", name, all[name])
		}
	}
}

// TestMetrics_Watch: samples come at the interval, in the framing of the client, and tell what runs.
func TestMetrics_Watch(t *testing.T) {
	t.Parallel()
	d := start(t)
	d.ok(t, http.MethodPost, "/command", object{"command": "sleep 600", "background": true})
	for _, agent := range []string{"curl/8", "OpenSandbox-Go-SDK/1.0"} {
		n, last := 0, int64(0)
		d.watchMetrics(t, "?interval_ms=100", func(m sample) bool {
			if m.Timestamp <= last {
				t.Errorf("a sample of %d comes behind that of %d", m.Timestamp, last)
			}
			last = m.Timestamp
			n++
			return n >= 5 && m.Executions == 1 && m.Streams >= 1
		}, "User-Agent", agent)
	}
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, "/metrics/watch?interval_ms=50", nil)
}

// TestMetrics_Prometheus: what was done is counted, for who asks for text.
func TestMetrics_Prometheus(t *testing.T) {
	t.Parallel()
	d := start(t)
	d.ok(t, http.MethodPost, "/command", object{"command": "echo hi"})
	d.ok(t, http.MethodPost, "/command", object{"command": "exit 3"})
	for _, want := range []string{
		`execd_http_requests_total{method="POST",route="/command",status="200"} 2`,
		`execd_executions_total{kind="command",outcome="success"} 1`,
		`execd_executions_total{kind="command",outcome="failure"} 1`,
		"execd_relayed_events_total ", "execd_sampler_age_seconds ", "go_goroutines ",
	} {
		eventually(t, want, func() bool {
			a := d.ok(t, http.MethodGet, "/metrics", nil, "Accept", "text/plain;version=0.0.4,*/*;q=0.1")
			return strings.Contains(a.body, "\n"+want)
		})
	}
}

// TestMetrics_Shutdown: who watches does not hold up the end, and sees one.
func TestMetrics_Shutdown(t *testing.T) {
	t.Parallel()
	d := start(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := d.send(ctx, http.MethodGet, "/metrics/watch", nil)
	must(t, err)
	defer r.Body.Close()
	lines := bufio.NewScanner(r.Body)
	if !lines.Scan() {
		t.Fatalf("no sample: %v", lines.Err())
	}
	d.stop(t)
	for lines.Scan() {
		continue
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream was cut: %v", err)
	}
}

// TestMetrics_Audience: of many who watch, each gets every sample that is taken from when all are there.
func TestMetrics_Audience(t *testing.T) {
	t.Parallel()
	const readers, samples = 200, 20
	d := start(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	bodies := make([]io.Reader, readers)
	for i := range bodies {
		r, err := d.send(ctx, http.MethodGet, "/metrics/watch?interval_ms=100", nil)
		must(t, err)
		t.Cleanup(func() { r.Body.Close() })
		bodies[i] = r.Body
	}
	complete := time.Now().UnixMilli()
	seen := make([][]int64, readers)
	var all sync.WaitGroup
	for i, body := range bodies {
		all.Go(func() {
			for lines := bufio.NewScanner(body); len(seen[i]) < samples && lines.Scan(); {
				var m sample
				if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && json.Unmarshal([]byte(data), &m) == nil && m.Timestamp > complete {
					seen[i] = append(seen[i], m.Timestamp)
				}
			}
		})
	}
	all.Wait()
	if !slices.IsSorted(seen[0]) || len(seen[0]) != samples {
		t.Fatalf("a reader has seen the samples of %v", seen[0])
	}
	for i, got := range seen {
		if !slices.Equal(got, seen[0]) {
			t.Fatalf("reader %d has seen the samples of %v, and reader 0 those of %v", i, got, seen[0])
		}
	}
}
