package httpapi

import (
	"bytes"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"execd/actors/event"
)

// tally is a sink that counts.
type tally struct{ frames, bytes int }

func (s *tally) Write(p []byte) (int, error) {
	s.frames += bytes.Count(p, frameEnd)
	s.bytes += len(p)
	return len(p), nil
}
func (*tally) Flush() error                     { return nil }
func (*tally) SetWriteDeadline(time.Time) error { return nil }

// What is relayed is counted, wherever a reader begins.
func TestRelay_Counts(t *testing.T) {
	const events = 5000
	log := event.NewStore(t.TempDir(), event.Limits{}, func(err error) { t.Error(err) }).NewLog("x")
	defer log.Remove()
	for range events - 1 {
		log.Append(event.Event{Type: event.TypeStatus, Status: "one of many that fill some segments"})
	}
	log.End(event.Event{Type: event.TypeComplete})
	for _, after := range []int64{0, 1, 777, events - 1} {
		s := &Server{stats: newStats(prometheus.NewRegistry())}
		var sent tally
		cursor := log.Cursor(after)
		chunk, wait, err := cursor.Take()
		if err != nil {
			t.Fatal(err)
		}
		r := &relay{server: s, ctx: t.Context(), out: &sent}
		if err := r.run(cursor, chunk, wait); err != nil {
			t.Fatal(err)
		}
		cursor.Close()
		counted := func(c prometheus.Counter) int {
			var m dto.Metric
			if err := c.Write(&m); err != nil {
				t.Fatal(err)
			}
			return int(m.GetCounter().GetValue())
		}
		if n := counted(s.stats.events); n != events-int(after) || n != sent.frames {
			t.Errorf("behind %d: %d events are counted, and %d were sent", after, n, sent.frames)
		}
		if n := counted(s.stats.bytes); n != sent.bytes {
			t.Errorf("behind %d: %d bytes are counted, and %d were sent", after, n, sent.bytes)
		}
	}
}
