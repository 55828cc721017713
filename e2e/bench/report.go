package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// about is what was measured where.
type about struct {
	Execd string    `json:"execd"` // what it says of itself
	Time  time.Time `json:"time"`
	CPUs  int       `json:"cpus"`
	CPU   string    `json:"cpu,omitempty"`
	OS    string    `json:"os"`
	Arch  string    `json:"arch"`
	Quick bool      `json:"quick"`
}

func aboutThis(o options) about {
	version, err := exec.Command(o.execd, "--version").Output()
	if err != nil {
		version = []byte("unknown")
	}
	return about{
		Execd: strings.TrimSpace(string(version)), Time: time.Now().UTC(), Quick: o.quick,
		CPUs: runtime.NumCPU(), CPU: cpuModel(), OS: runtime.GOOS, Arch: runtime.GOARCH,
	}
}

// record is a row and what came of it.
type record struct {
	Name    string  `json:"name"`
	Unit    string  `json:"unit"`
	Target  string  `json:"target"`
	*result         // nil where there is none
	Ratio   float64 `json:"ratio,omitempty"`
	Met     bool    `json:"met"`
	Problem string  `json:"problem,omitempty"` // why there is no result, or a wrong one
	Skipped string  `json:"skipped,omitempty"`
	Took    float64 `json:"seconds"`
}

func (r record) verdict() string {
	switch {
	case r.Skipped != "":
		return "skipped"
	case r.Problem != "":
		return "FAILED"
	case r.Met:
		return "pass"
	}
	return "MISS"
}

// line is the record while others are still being measured.
func (r record) line() string {
	text := fmt.Sprintf("%-8s%s", r.verdict(), r.Name)
	if r.result != nil {
		text += ": " + number(r.Value.P50) + " " + r.Unit
	}
	return text + problem(r)
}

func problem(r record) string {
	if text := r.Problem + r.Skipped; text != "" {
		return ": " + text
	}
	return ""
}

// allMet reports whether no target was missed; what was skipped was not missed.
func allMet(records []record) bool {
	for _, r := range records {
		if !r.Met && r.Skipped == "" {
			return false
		}
	}
	return true
}

// report prints the table, and writes the JSON where that was asked for.
func report(o options, a about, records []record) error {
	fmt.Printf("%s\n%d CPUs (%s), %s/%s\n\n%s", a.Execd, a.CPUs, a.CPU, a.OS, a.Arch, table(records))
	if o.out == "" {
		return nil
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // targets are compared with < and >
	all := struct {
		about
		Rows []record `json:"rows"`
	}{a, records}
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	if err := os.WriteFile(o.out, text.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// table is the records in Markdown, so that they can be shown where text is.
func table(records []record) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', 0)
	rows := [][]string{
		{"what", "unit", "floor p50", "p99", "value p50", "p99", "ratio", "target", ""},
		{"---", "---", "--:", "--:", "--:", "--:", "--:", "---", "---"},
	}
	for _, r := range records {
		cells := []string{r.Name, r.Unit, "", "", "", "", "", r.Target, r.verdict()}
		if r.result != nil {
			cells[4], cells[5] = number(r.Value.P50), tail(r.Value)
			if r.Floor != nil {
				cells[2], cells[3], cells[6] = number(r.Floor.P50), tail(*r.Floor), fmt.Sprintf("%.2f", r.Ratio)
			}
		}
		rows = append(rows, cells)
	}
	for _, cells := range rows {
		_, _ = io.WriteString(w, "| "+strings.Join(cells, "\t| ")+"\t|\n") // into memory
	}
	_ = w.Flush() // into memory
	return b.String()
}

// tail is the 99th percentile, where so few are measured that it is one of the values: nothing.
func tail(s summary) string {
	if s.N < 100 {
		return ""
	}
	return number(s.P99)
}

// number has three digits that matter, and thousands apart.
func number(v float64) string {
	if math.Abs(v) < 1000 {
		v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64) // it is a number
	}
	if math.Abs(v) < 1000 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
