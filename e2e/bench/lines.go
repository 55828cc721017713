package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// lineCount is how many lines lineRate has printed.
const lineCount = 200_000

var lineRate = row{
	name:   "200,000 lines of one command to one reader",
	unit:   "events/s",
	target: target{bound: 1_000_000, least: true},
	run: func(b *bench) (result, error) {
		value, err := dial(b.daemon.addr)
		if err != nil {
			return result{}, err
		}
		defer value.close()
		floor, err := dial(b.floor.addr)
		if err != nil {
			return result{}, err
		}
		defer floor.close()
		count := strconv.Itoa(lineCount)
		return inTurns(b.few(20, 5), 1,
			func() (float64, error) { return streamedLines(value, "/command", command("seq "+count)) },
			func() (float64, error) { return streamedLines(floor, "/lines?n="+count, "{}") })
	},
}

// streamedLines asks for a stream of counted lines, and checks each event: its id and its text.
func streamedLines(c *connection, path, body string) (float64, error) {
	var seq sequence
	var want []byte
	lines := int64(0)
	start := time.Now()
	err := c.stream(http.MethodPost, path, body, func(f frame) error {
		if err := seq.add(f); err != nil {
			return err
		}
		if !f.is("stdout") {
			return nil
		}
		lines++
		want = strconv.AppendInt(want[:0], lines, 10)
		if !bytes.Equal(f.text(), want) {
			return fmt.Errorf("line %d is %q", lines, f)
		}
		return nil
	})
	took := time.Since(start)
	if err == nil && lines != lineCount {
		err = fmt.Errorf("%d of %d lines came", lines, lineCount)
	}
	return float64(lines) / took.Seconds(), err
}
