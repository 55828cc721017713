package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// producePeriod is the pause between two writes: all have gone to sleep before the next.
const producePeriod = 2 * time.Millisecond

var writeDelay = row{
	name:   "write in the process to event at the client",
	unit:   "ms",
	target: target{bound: 5, slow99: true},
	run: func(b *bench) (result, error) {
		c, err := dial(b.daemon.addr)
		if err != nil {
			return result{}, err
		}
		defer c.close()
		var values, floors samples
		for range b.few(5, 2) {
			if values, err = b.streamedDelays(c, values); err != nil {
				return result{}, err
			}
			if floors, err = b.pipedDelays(floors); err != nil {
				return result{}, err
			}
		}
		return with(values, floors), nil
	},
}

// producer is the command line of a process that prints the time of each write.
func (b *bench) producer() []string {
	return []string{b.self, helperProduce, strconv.Itoa(b.few(500, 200)), producePeriod.String()}
}

func (b *bench) streamedDelays(c *connection, into samples) (samples, error) {
	script := "exec '" + strings.Join(b.producer(), "' '") + "'"
	err := c.stream(http.MethodPost, "/command", command(script), func(f frame) error {
		if !f.is("stdout") {
			return nil
		}
		d, err := since(string(f.text()))
		into = append(into, d)
		return err
	})
	return into, err
}

// pipedDelays is the floor: the same process behind a pipe of ours.
func (b *bench) pipedDelays(into samples) (samples, error) {
	line := b.producer()
	cmd := exec.Command(line[0], line[1:]...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return into, fmt.Errorf("start producer: %w", err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		d, sinceErr := since(lines.Text())
		into = append(into, d)
		err = errors.Join(err, sinceErr)
	}
	return into, errors.Join(err, cmd.Wait())
}

// since is how many milliseconds ago it was the time in text, in nanoseconds since 1970. Both processes read the same
// clock of the same machine.
func since(text string) (float64, error) {
	then, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read time of a write: %w", err)
	}
	return float64(time.Now().UnixNano()-then) / float64(time.Millisecond), nil
}

// produce is the helper: it writes lines with the time of the write, args[0] of them with pauses of args[1].
func produce(w io.Writer, args []string) error {
	if len(args) != 2 {
		return errors.New("want a count and a pause")
	}
	count, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("read count: %w", err)
	}
	pause, err := time.ParseDuration(args[1])
	if err != nil {
		return fmt.Errorf("read pause: %w", err)
	}
	var line []byte
	for range count {
		time.Sleep(pause)
		line = append(strconv.AppendInt(line[:0], time.Now().UnixNano(), 10), '\n')
		if _, err := w.Write(line); err != nil {
			return fmt.Errorf("write time: %w", err)
		}
	}
	return nil
}
