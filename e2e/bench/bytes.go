package main

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"time"
)

// byteLine is what the producer of byteRate repeats: text as programs print it, 79 characters and the end of the line.
var byteLine = strings.Repeat("nothing but a line ", 5)[:79]

var byteRate = row{
	name:   "1 GiB in bytes mode to one reader (quick: 128 MiB)",
	unit:   "MiB/s",
	target: target{bound: 0.5, least: true, times: true},
	run: func(b *bench) (result, error) {
		c, err := dial(b.daemon.addr)
		if err != nil {
			return result{}, err
		}
		defer c.close()
		size := int64(b.few(1<<30, 128<<20))
		script := fmt.Sprintf("yes '%s' | head -c %d", byteLine, size)
		return inTurns(b.few(3, 1), 1,
			func() (float64, error) { return streamedBytes(c, script, size) },
			func() (float64, error) { return pipedBytes(script, size) })
	},
}

// streamedBytes runs a script in bytes mode and checks how much it printed. Text is counted as it is in JSON, whose only
// escape here is the one of a newline.
func streamedBytes(c *connection, script string, size int64) (float64, error) {
	var seq sequence
	var got int64
	start := time.Now()
	err := c.stream(http.MethodPost, "/command", `{"command":`+jsonString(script)+`,"output":"bytes"}`, func(f frame) error {
		if f.is("stdout") {
			got += int64(len(f.text()))
		}
		return seq.add(f)
	})
	took := time.Since(start)
	lines := size / int64(len(byteLine)+1)
	if want := size + lines; err == nil && got != want {
		err = fmt.Errorf("%d bytes of text came, want %d", got, want)
	}
	return mebibytes(size, took), err
}

// pipedBytes is the floor: the same script, whose output goes through a pipe into nothing.
func pipedBytes(script string, size int64) (float64, error) {
	line := "{ " + script + "; } | cat >/dev/null"
	start := time.Now()
	if err := exec.Command("bash", "-c", line).Run(); err != nil {
		return 0, fmt.Errorf("run %s: %w", line, err)
	}
	return mebibytes(size, time.Since(start)), nil
}

func mebibytes(n int64, took time.Duration) float64 { return float64(n) / (1 << 20) / took.Seconds() }
