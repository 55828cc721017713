package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestWatch_Missed(t *testing.T) {
	for _, c := range []struct {
		elapsed   int64
		got, want int
	}{
		{0, 0, 0}, {1000, 1, 0}, {1499, 1, 0}, {2499, 2, 0}, {9501, 10, 0},
		{1500, 1, 1}, {2000, 1, 1}, {1400 + 1000, 1, 1}, {60_000, 57, 3},
	} {
		if got := missedSamples(c.elapsed, c.got); got != c.want {
			t.Errorf("after %d ms and %d samples %d are missing, want %d", c.elapsed, c.got, got, c.want)
		}
	}
}

// samplesOf is a stream of samples that were taken so many ms after 1,000 s.
func samplesOf(t *testing.T, taken ...int64) *connection {
	t.Helper()
	var b strings.Builder
	for _, at := range taken {
		fmt.Fprintf(&b, "data: {\"cpu_count\":2,\"timestamp\":%d,\"load\":1}\n\n", 1_000_000+at)
	}
	c := answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks([]byte(b.String()), 50))
	if _, err := c.ask(http.MethodGet, "/", ""); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestWatch_Backlog: what was taken before all had caught up is no delay of anybody's, and nothing is missing in it.
func TestWatch_Backlog(t *testing.T) {
	a := audience{ticks: 3, complete: 1_000_000}
	a.ready.Add(1)
	a.from.Store(1_005_500)
	delays, err := a.watch(samplesOf(t, 0, 1000, 5000, 6000, 7001, 8000))
	a.ready.Wait()
	if err != nil || len(delays) != 3 {
		t.Fatalf("got %v, %v", delays, err)
	}
	now := float64(time.Now().UnixMilli())
	for i, taken := range []float64{1_006_000, 1_007_001, 1_008_000} {
		if since := now - taken - delays[i]; since < -1 || since > float64(patience.Milliseconds()) {
			t.Errorf("sample %d is said to be %v ms late, and is %v", i, delays[i], now-taken)
		}
	}
}

// TestWatch_Gaps: a reader that gets less than all is a failure, and so is one that gets something else.
func TestWatch_Gaps(t *testing.T) {
	for _, c := range []struct {
		stream *connection
		want   string
	}{
		{samplesOf(t, 0, 1400, 2400+1000), "missed 1 samples"},
		{samplesOf(t, 0, 1000), "ends"},
		{answered("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npong\n\n"), "no sample"},
	} {
		a := audience{ticks: 3}
		a.ready.Add(1)
		a.from.Store(1)
		if c.want == "no sample" {
			if _, err := c.stream.ask(http.MethodGet, "/", ""); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := a.watch(c.stream); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
		a.ready.Wait()
	}
}
