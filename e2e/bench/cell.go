package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
)

// runCell is a probe of how many milliseconds a cell takes that shows its value.
func runCell(c *connection, cell string) probe {
	return timed(func() error {
		shown := false
		err := c.stream(http.MethodPost, "/code", cell, func(f frame) error {
			shown = shown || f.is("result")
			return nil
		})
		if err == nil && !shown {
			err = fmt.Errorf("the cell has no result")
		}
		return err
	})
}

const onePlusOne = `{"language":"python","code":"1+1"}`

// besideKernel measures the daemon beside a bare client of the same kind of kernel.
func besideKernel(measure func(*bench, *connection, *bareKernel) (result, error)) func(*bench) (result, error) {
	return func(b *bench) (result, error) {
		k, err := b.startKernel()
		if err != nil {
			return result{}, err
		}
		defer k.stop()
		c, err := dial(b.daemon.addr)
		if err != nil {
			return result{}, err
		}
		defer c.close()
		return measure(b, c, k)
	}
}

var cellLatency = row{
	name:   "Python 1+1 on an idle context",
	unit:   "ms",
	target: target{bound: 1.25, times: true},
	run: besideKernel(func(b *bench, c *connection, k *bareKernel) (result, error) {
		return inTurns(b.few(60, 12), 5, runCell(c, onePlusOne), timed(func() error { return k.execute("1+1") }))
	}),
}

var cellLatencySlow = row{
	name:   "Python 1+1 on an idle context, the slow ones",
	unit:   "ms",
	target: target{bound: 1.25, times: true, slow99: true},
	run: besideKernel(func(b *bench, c *connection, k *bareKernel) (result, error) {
		r, err := inTurns(b.few(200, 40), 5, runCell(c, onePlusOne), timed(func() error { return k.execute("1+1") }))
		r.paired = 0 // it is of medians
		return r, err
	}),
}

// printedCount is how many lines printedLines has printed.
const printedCount = 10_000

var printedLines = row{
	name:   "10,000 lines printed by one cell",
	unit:   "ms",
	target: target{bound: 1.3, times: true},
	run: besideKernel(func(b *bench, c *connection, k *bareKernel) (result, error) {
		code := fmt.Sprintf("for i in range(%d): print(i)", printedCount)
		cell := `{"language":"python","code":` + jsonString(code) + `}`
		value := timed(func() error { return c.counted(cell, "", printedCount) })
		return inTurns(b.few(20, 4), 1, value, timed(func() error { return k.execute(code) }))
	}),
}

// printedWhole counts what comes of a print that is larger than what most clients of kernels take.
var printedWhole = row{
	name:   "20 MB printed at once: what comes of it",
	unit:   "MB",
	target: target{bound: 20, least: true},
	run: besideKernel(func(_ *bench, c *connection, _ *bareKernel) (result, error) {
		const size = 20_000_000
		bytes := 0
		err := c.stream(http.MethodPost, "/code", `{"language":"python","code":"print('x' * 20_000_000, end='')"}`, func(f frame) error {
			if f.is("stdout") {
				bytes += len(f.text())
			}
			return nil
		})
		if err == nil && bytes > size {
			err = fmt.Errorf("%d bytes came", bytes)
		}
		return alone(float64(bytes) / 1e6), err
	}),
}

// counted runs a cell and checks that it prints so many lines, each with the tag before its number, and nothing else.
func (c *connection) counted(cell, tag string, lines int) error {
	n := 0
	var rest, want []byte
	var seq sequence
	err := c.stream(http.MethodPost, "/code", cell, func(f frame) error {
		if err := seq.add(f); err != nil {
			return err
		}
		if !f.is("stdout") {
			return nil
		}
		rest = append(rest, f.text()...)
		text := rest
		for {
			line, after, ok := bytes.Cut(text, newline)
			if !ok {
				break
			}
			want = strconv.AppendInt(append(want[:0], tag...), int64(n), 10)
			if !bytes.Equal(line, want) {
				return fmt.Errorf("line %d is %q, want %q", n, line, want)
			}
			n, text = n+1, after
		}
		rest = append(rest[:0], text...)
		return nil
	})
	if err == nil && (n != lines || len(rest) > 0) {
		err = fmt.Errorf("%d of %d lines came, and %q", n, lines, rest)
	}
	return err
}

// newline is that of a text in JSON.
var newline = []byte(`\n`)
