package main

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	s := samples{}
	for i := range 200 {
		s = append(s, float64(200-i))
	}
	if got := s.summary(); got != (summary{P50: 100, P99: 198, N: 200}) {
		t.Errorf("%+v", got)
	}
	if got := (samples{7}).summary(); got != (summary{P50: 7, P99: 7, N: 1}) {
		t.Errorf("%+v", got)
	}
	if got := (samples{}).summary(); got != (summary{}) {
		t.Errorf("%+v", got)
	}
}

func TestInTurns(t *testing.T) {
	var order []byte
	say := func(c byte) probe {
		return func() (float64, error) { order = append(order, c); return float64(len(order)), nil }
	}
	got, err := inTurns(3, 2, say('v'), say('f'))
	if err != nil || string(order) != "vvff"+"vvff"+"ffvv"+"vvff" {
		t.Errorf("%s, %v", order, err)
	}
	// The values are 5, 6, 11, 12, 13, 14, and their floors 7, 8, 9, 10, 15, 16.
	if got.Value != (summary{P50: 11, P99: 14, N: 6}) || *got.Floor != (summary{P50: 9, P99: 16, N: 6}) {
		t.Errorf("values %+v, floors %+v", got.Value, *got.Floor)
	}
	if want := 13.0 / 15; got.paired != want {
		t.Errorf("ratio %v, want the middle one of 5/7, 11/9 and 13/15: %v", got.paired, want)
	}
	broken := errors.New("broken")
	if _, err := inTurns(3, 2, say('v'), func() (float64, error) { return 0, broken }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func TestTarget(t *testing.T) {
	got := with(samples{3, 3, 9}, samples{2, 2, 2}) // medians 3 and 2, tails 9 and 2
	for _, c := range []struct {
		target target
		text   string
		met    bool
	}{
		{target{bound: 1.5, times: true}, "<= 1.5 x floor", true},
		{target{bound: 1.4, times: true}, "<= 1.4 x floor", false},
		{target{bound: 1.5, times: true, least: true}, ">= 1.5 x floor", true},
		{target{bound: 1.6, times: true, least: true}, ">= 1.6 x floor", false},
		{target{bound: 3}, "<= 3", true},
		{target{bound: 5, slow99: true}, "<= 5 (p99)", false},
		{target{bound: 1500000, least: true}, ">= 1,500,000", false},
	} {
		if c.target.String() != c.text || c.target.met(got) != c.met {
			t.Errorf("%s, met %v: want %s, %v", c.target, c.target.met(got), c.text, c.met)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.07831: "0.0783", 1.5: "1.5", 12.345: "12.3", 999.4: "999", 999.9: "1,000", 1000: "1,000",
		1234567.8: "1,234,568", 123456: "123,456", -1234: "-1,234", -123456: "-123,456", 0.00001234: "0.0000123",
	} {
		if got := number(v); got != want {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	got := alone(12)
	records := []record{
		{Name: "a", Unit: "ms", Target: "<= 1", Met: false, result: &got},
		{Name: "b", Problem: "lost"},
		{Name: "c", Skipped: "no kernel"},
	}
	lines := strings.Split(strings.TrimSpace(table(records)), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d lines: %q", len(lines), lines)
	}
	for i, want := range []string{"MISS", "FAILED", "skipped"} {
		if !strings.Contains(lines[i+2], want) || strings.Count(lines[i+2], "|") != strings.Count(lines[0], "|") {
			t.Errorf("%q, want %s", lines[i+2], want)
		}
	}
	if allMet(records) || !allMet(records[2:]) || allMet(records[1:2]) {
		t.Error("what is not met and what is skipped are mixed up")
	}
}

// TestProduce: what the helper prints is what the row reads, and is not in the future.
func TestProduce(t *testing.T) {
	var b bytes.Buffer
	if err := produce(&b, []string{"3", "1us"}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(b.String())
	if len(lines) != 3 || !slices.IsSorted(lines) {
		t.Errorf("%q", lines)
	}
	if d, err := since(lines[2]); err != nil || d < 0 {
		t.Errorf("%v ms ago, %v", d, err)
	}
	if _, err := since("x"); err == nil {
		t.Error("x is a time")
	}
}

// TestFloorFrames: the frames of the floor are those that the rows read from execd.
func TestFloorFrames(t *testing.T) {
	body := countingFrames(fanEvents)
	text := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(body, 4000)
	c := answered(text)
	if _, err := c.ask("GET", "/", ""); err != nil {
		t.Fatal(err)
	}
	if err := readAll(c); err != nil {
		t.Error(err)
	}
}

func TestUsage(t *testing.T) {
	size, err := residentMemory(os.Getpid())
	if errors.Is(err, errSkip) {
		t.Skip(err)
	}
	if err != nil || size < 1<<20 {
		t.Errorf("%v bytes, %v", size, err)
	}
	if _, err := cpuTime(os.Getpid()); err != nil {
		t.Error(err)
	}
}
