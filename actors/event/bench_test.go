package event_test

import (
	"fmt"
	"strings"
	"testing"

	"execd/actors/event"
)

// line is as long as lines of logs are.
const line = "2026-01-02 15:04:05 INFO worker 17: request handled in 12 ms, 200"

func benchLog(b *testing.B) *event.Log {
	b.Helper()
	l := event.NewStore(b.TempDir(), event.Limits{}, func(err error) { b.Error(err) }).NewLog("x")
	b.Cleanup(l.Remove)
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	return l
}

// One line, one lock, one wake-up: what a process that prints slowly costs.
func BenchmarkLog_AppendLine(b *testing.B) {
	l, p := benchLog(b), []byte(line)
	for b.Loop() {
		l.Batch(func(batch *event.Batch) { batch.Text(event.TypeStdout, p, false) })
	}
}

// The time is of one line among as many as one read from a pipe brings.
func BenchmarkLog_AppendBatch(b *testing.B) {
	const lines = 64 << 10 / len(line)
	l, p := benchLog(b), []byte(line)
	for n := 0; n < b.N; n += lines {
		l.Batch(func(batch *event.Batch) {
			for range min(lines, b.N-n) {
				batch.Text(event.TypeStdout, p, false)
			}
		})
	}
}

// The same into memory alone, without the files that it spills to: the cost
// of the encoding.
func BenchmarkLog_AppendBatchInMemory(b *testing.B) {
	const lines = 64 << 10 / len(line)
	store := event.NewStore(b.TempDir(), event.Limits{}, func(err error) { b.Error(err) })
	p := []byte(line)
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	for n := 0; n < b.N; {
		l := store.NewLog("x")
		for range 8 {
			l.Batch(func(batch *event.Batch) {
				for range min(lines, b.N-n) {
					batch.Text(event.TypeStdout, p, false)
					n++
				}
			})
		}
		l.Remove()
	}
}

// The time is of one event that reaches one reader, all of which keep up.
func BenchmarkCursor_Deliver(b *testing.B) {
	for _, readers := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(readers), func(b *testing.B) {
			l, p := benchLog(b), []byte(line)
			cursors := make([]*event.Cursor, readers)
			for i := range cursors {
				cursors[i] = l.Cursor(0)
				b.Cleanup(cursors[i].Close)
			}
			const lines = 100
			for n := 0; n < b.N; n += lines * readers {
				l.Batch(func(batch *event.Batch) {
					for range lines {
						batch.Text(event.TypeStdout, p, false)
					}
				})
				for _, c := range cursors {
					drain(b, c)
				}
			}
		})
	}
}

func drain(b *testing.B, c *event.Cursor) {
	b.Helper()
	for {
		_, wait, err := c.Take()
		if err != nil {
			b.Fatal(err)
		}
		if wait != nil {
			return
		}
	}
}

// Replay of what has gone to files.
func BenchmarkCursor_Replay(b *testing.B) {
	l, p := benchLog(b), []byte(line)
	const lines = 100_000
	for range lines / 100 {
		l.Batch(func(batch *event.Batch) {
			for range 100 {
				batch.Text(event.TypeStdout, p, false)
			}
		})
	}
	b.ResetTimer()
	for n := 0; n < b.N; n += lines {
		c := l.Cursor(0)
		drain(b, c)
		c.Close()
	}
}

// The time is of one chunk as a full read of a pipe brings it, printed and
// taken by a reader that keeps up, where segments begin with chunks and where
// they do not.
func BenchmarkPrint_Take(b *testing.B) {
	for _, before := range []int{0, 20_000} {
		b.Run(fmt.Sprint(before), func(b *testing.B) {
			chunk := []byte(strings.Repeat(line+"\n", 64<<10/len(line))[:64<<10])
			l, o := event.NewStore(b.TempDir(), event.Limits{DiskPerLog: 64 << 20}, func(err error) { b.Error(err) }).NewLogOver("x")
			b.Cleanup(o.Remove)
			b.Cleanup(l.Remove)
			c := l.Cursor(0)
			b.Cleanup(c.Close)
			l.Print(0, nil, chunk[:before], before)
			b.ReportAllocs()
			b.SetBytes(int64(len(chunk)))
			for b.Loop() {
				l.Print(0, nil, chunk, len(chunk))
				drain(b, c)
			}
		})
	}
}
