package actors

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"execd/actors/event"
	"execd/shell"
)

// TestSink_TakeCutsNoCharacters: however output in bytes mode comes, by way of
// a pipe or not, no character is divided between two events.
func TestSink_TakeCutsNoCharacters(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // it is empty
	defer w.Close() //nolint:errcheck // likewise
	random := rand.New(rand.NewPCG(3, 4))
	log, output := event.NewStore(t.TempDir(), event.Limits{}, func(err error) { t.Error(err) }).NewLogOver("x")
	defer output.Remove()
	defer log.Remove()
	k := newSink(&execution{log: log, output: output})
	flow := strings.Repeat("aä€𝄞", 200_000)
	rest := [2]string{flow, flow}
	for rest[0]+rest[1] != "" {
		s := random.IntN(2)
		p := rest[s][:min(len(rest[s]), 1+random.IntN(1<<random.IntN(17)))]
		rest[s] = rest[s][len(p):]
		if random.IntN(3) == 0 {
			k.Output(shell.Stream(s), []byte(p))
			continue
		}
		if _, err := w.WriteString(p); err != nil {
			t.Fatal(err)
		}
		if n := k.Take(shell.Stream(s), int(r.Fd()), len(p)); n != len(p) {
			t.Fatalf("%d bytes were taken of %d", n, len(p))
		}
	}
	k.finish()
	log.End(event.Event{Type: event.TypeComplete})
	var got [2]strings.Builder
	for _, line := range printed(t, log) {
		var s int
		var quoted string
		if _, err := fmt.Sscanf(line, "%d %q", &s, &quoted); err != nil {
			t.Fatalf("%.80q: %v", line, err)
		}
		got[s].WriteString(quoted)
		if strings.ContainsRune(quoted, '\uFFFD') || strings.Contains(line, `\x`) {
			t.Fatalf("a character was divided: %.80s", strconv.Quote(quoted))
		}
	}
	for s := range got {
		if got[s].String() != flow {
			t.Errorf("stream %d: other text", s)
		}
	}
}
