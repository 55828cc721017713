package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
)

// levels maps the API's log levels, 0 to 7, to zerolog's.
var levels = [8]zerolog.Level{
	zerolog.FatalLevel, zerolog.FatalLevel, zerolog.FatalLevel,
	zerolog.ErrorLevel, zerolog.WarnLevel, zerolog.InfoLevel, zerolog.InfoLevel, zerolog.DebugLevel,
}

// newLogger returns the daemon's logger: JSON lines with level, ts and msg, or
// lines for a person where the log goes to a terminal.
func newLogger(w *logWriter, level int) zerolog.Logger {
	zerolog.TimestampFieldName = "ts"
	zerolog.MessageFieldName = "msg"
	zerolog.TimeFieldFormat = time.RFC3339Nano
	var out io.Writer = w
	if w.onTerminal() {
		out = zerolog.ConsoleWriter{Out: w, TimeFormat: "15:04:05.000", NoColor: os.Getenv("NO_COLOR") != ""}
	}
	return zerolog.New(out).Level(levels[level]).With().Timestamp().Logger()
}

// maxPending bounds the lines that wait for a slow log; past it a caller waits
// for the log like everybody else.
const maxPending = 1 << 20

// logPause is how long the log rests after a write: who writes many lines wakes
// nobody for each of them, and the first one is written at once.
const logPause = 5 * time.Millisecond

// logWriter takes lines without a system call of their own: one goroutine
// writes what has gathered, so that a request does not wait for the log and a
// thousand lines a millisecond cost one write. Its methods may be called from
// any goroutine.
type logWriter struct {
	mu      sync.Mutex
	more    sync.Cond // there are lines, or the end
	drained sync.Cond // all lines have been written
	lines   []byte
	spare   []byte
	busy    bool // a write is under way
	closed  bool
	path    string
	file    *os.File
	ended   chan struct{}
}

// newLogWriter writes to the file at path, or to standard when path is empty.
func newLogWriter(path string, standard *os.File) (*logWriter, error) {
	w := &logWriter{path: path, file: standard, ended: make(chan struct{})}
	w.more.L, w.drained.L = &w.mu, &w.mu
	if err := w.reopen(); err != nil {
		return nil, err
	}
	go w.run()
	return w, nil
}

// onTerminal reports whether a person reads the log as it is written.
func (w *logWriter) onTerminal() bool { return w.path == "" && isatty.IsTerminal(os.Stdout.Fd()) }

// Write takes one line. It always succeeds.
func (w *logWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.lines) > maxPending && !w.closed {
		w.drained.Wait()
	}
	w.lines = append(w.lines, p...)
	w.more.Signal()
	return len(p), nil
}

func (w *logWriter) run() {
	defer close(w.ended)
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for len(w.lines) == 0 && !w.closed {
			w.more.Wait()
		}
		if len(w.lines) == 0 {
			return
		}
		lines, file := w.lines, w.file
		w.lines, w.spare, w.busy = w.spare[:0], nil, true
		w.mu.Unlock()
		_, _ = file.Write(lines) // a log that cannot be written has nowhere to say so
		w.mu.Lock()
		w.spare, w.busy = lines, false
		w.drained.Broadcast()
		if !w.closed && len(w.lines) < maxPending/2 { // else it is behind
			w.mu.Unlock()
			time.Sleep(logPause)
			w.mu.Lock()
		}
	}
}

// reopen opens the file again, after it was rotated away.
func (w *logWriter) reopen() error {
	if w.path == "" {
		return nil
	}
	f, err := os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log file: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.busy {
		w.drained.Wait()
	}
	if w.file != os.Stdout && w.file != os.Stderr {
		_ = w.file.Close() // its writes have been reported by write(2)
	}
	w.file = f
	return nil
}

// close writes what is left and returns when that is done.
func (w *logWriter) close() {
	w.mu.Lock()
	w.closed = true
	w.more.Signal()
	w.drained.Broadcast()
	w.mu.Unlock()
	<-w.ended
}
