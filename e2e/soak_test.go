package e2e_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// promised checks a stream, read to its end, against what every stream promises: ids without a gap from 1, init first, one
// terminal event, and that is the last. It returns the events without pings.
func promised(stream string) (run, error) {
	var all run
	for frame := range strings.SplitAfterSeq(stream, "\n\n") {
		if frame == "" || strings.HasPrefix(frame, "data: {\"type\":\"ping\"") {
			continue
		}
		var e event
		head, data, _ := strings.Cut(frame, "\ndata: ")
		if _, err := fmt.Sscanf(head, "id: %d", &e.ID); err != nil {
			return all, fmt.Errorf("frame %.100q: %w", frame, err)
		}
		e.Raw = strings.TrimSpace(data)
		if err := json.Unmarshal([]byte(e.Raw), &e); err != nil {
			return all, fmt.Errorf("frame %.100q: %w", frame, err)
		}
		if e.ID != int64(len(all)+1) || (e.Type == "init") != (len(all) == 0) || (len(all) > 0 && all.last().terminal()) {
			return all, fmt.Errorf("event %d is %.200s", len(all)+1, e.Raw)
		}
		all = append(all, e)
	}
	if len(all) < 2 || !all.last().terminal() {
		return all, errors.New("a stream without an end")
	}
	return all, nil
}

// holdings are what a daemon holds that must not grow with what it has done.
type holdings struct {
	descriptors int
	files       int
	goroutines  int
}

func (d *daemon) holds(tb testing.TB) holdings {
	tb.Helper()
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", d.pid))
	must(tb, err)
	descriptors := 0
	for _, fd := range fds {
		to, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", d.pid, fd.Name())) // closed meanwhile
		if !strings.Contains(to, fmt.Sprintf("/execd-%d/", d.pid)) {          // of a control group that waits for a process
			descriptors++
		}
	}
	h := holdings{descriptors: descriptors, files: len(filesIn(tb, d.state)) + len(filesIn(tb, d.tmp))}
	text := d.ok(tb, http.MethodGet, "/metrics/prometheus", nil).body
	_, after, _ := strings.Cut(text, "\ngo_goroutines ")
	_, err = fmt.Sscan(after, &h.goroutines)
	must(tb, err)
	return h
}

// settles waits until the daemon holds no more than before, and nothing runs.
func (d *daemon) settles(t *testing.T, before holdings) {
	t.Helper()
	d.connections().CloseIdleConnections()
	var now holdings
	defer func() { t.Logf("before %+v, after %+v; children %v", before, now, d.children()) }()
	eventually(t, "what was taken to be given back", func() bool {
		now = d.holds(t)
		return len(d.children()) == 0 && now.descriptors <= before.descriptors+2 && now.files <= before.files &&
			now.goroutines <= before.goroutines+5
	})
	if left := zombiesOf(t, d.pid); len(left) > 0 {
		t.Errorf("zombies: %q", left)
	}
}

func (d *daemon) connections() *http.Client { return cmp.Or(d.client, connections) }

// reusing has a daemon's client keep its connections, as agents do.
func (d *daemon) reusing(tb testing.TB) {
	tb.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	d.client = &http.Client{Transport: transport}
	tb.Cleanup(transport.CloseIdleConnections)
}

// TestSoak_Commands: commands by the thousand, and a session now and then, leave nothing behind and take nothing. The
// memory to compare with is that after the first hundredth.
func TestSoak_Commands(t *testing.T) {
	t.Parallel()
	d := start(t, "--retention-count", "200", "--log-level", "4", "--pprof")
	d.reusing(t)
	const workers = 8
	n := int64(2_000 * soak(t))
	var done atomic.Int64
	round := func(upTo int64) {
		var all sync.WaitGroup
		for range workers {
			all.Go(func() {
				for i := done.Add(1); i <= upTo; i = done.Add(1) {
					if i%1000 == 0 {
						d.oneSession(t)
					}
					d.oneCommand(t, int(i))
				}
			})
		}
		all.Wait()
		done.Store(upTo)
	}
	round(max(n/100, 1000)) // at least until what is retained no longer grows
	d.settles(t, holdings{1 << 20, 1 << 20, 1 << 20})
	before, memory := d.holds(t), d.collected(t)
	round(n)
	d.settles(t, before)
	slack := int64(0)
	if n < 1_000_000 {
		slack = 8 << 20 // what a tenth of the first MiB is too little for
	}
	d.grows(t, memory, memory/10+slack)
}

// grows holds the memory of a daemon to most bytes more than it was before.
func (d *daemon) grows(t *testing.T, before, most int64) {
	t.Helper()
	after := d.collected(t)
	t.Logf("memory before %d KiB, after %d KiB", before>>10, after>>10)
	if after > before+most {
		t.Errorf("memory has grown from %d to %d KiB", before>>10, after>>10)
	}
}

// collected is the memory of a daemon that holds no garbage any more, which has to have --pprof.
func (d *daemon) collected(t *testing.T) int64 {
	t.Helper()
	least := int64(math.MaxInt64)
	for same := 0; same < 20; same++ { // the runtime gives memory back little by little
		d.ok(t, http.MethodGet, "/debug/pprof/heap?gc=1", nil)
		if now := memory(t, d.pid); now < least-least/100 {
			least, same = now, 0
		}
		time.Sleep(50 * time.Millisecond)
	}
	return least
}

// oneCommand runs a command whose output and status are its own.
func (d *daemon) oneCommand(t *testing.T, i int) {
	t.Helper()
	status := i % 256
	a := d.call(t, http.MethodPost, "/command", object{"argv": []string{"sh", "-c", fmt.Sprintf("echo %d; exit %d", i, status)}})
	r, err := promised(a.body)
	if err != nil {
		t.Errorf("command %d: %v", i, err)
		return
	}
	if end := r.last(); !slices.Equal(r.stdout(), []string{fmt.Sprint(i)}) || end.ExitCode == nil || *end.ExitCode != status {
		t.Errorf("command %d: %q, %s", i, r.stdout(), end.Raw)
	}
}

// oneSession has state that is its own.
func (d *daemon) oneSession(t *testing.T) {
	t.Helper()
	made := decode[session](t, d.call(t, http.MethodPost, "/session", nil))
	mine := newMarker()
	for script, want := range map[string]string{"x=" + mine + "; echo begun": "begun", "true; echo ${x-$?}": ""} {
		a := d.call(t, http.MethodPost, "/session/"+made.ID+"/run", object{"command": script})
		r, err := promised(a.body)
		if err != nil || (want != "" && !slices.Equal(r.stdout(), []string{want})) {
			t.Errorf("session: %q, %v", r.stdout(), err)
		}
	}
	d.empty(t, http.MethodDelete, "/session/"+made.ID, nil)
}

// TestSoak_Faults: clients that break off, readers that stall, children that are killed, shells that are, and a daemon that
// is stopped and goes on, all at once. Each run keeps its promises, and nothing is left.
func TestSoak_Faults(t *testing.T) {
	t.Parallel()
	d := start(t, "--log-memory", "64KiB", "--stop-grace", "200ms", "--pprof")
	d.oneCommand(t, 1)
	before, memory := d.holds(t), d.collected(t)
	faults := []func(*testing.T, *rand.Rand){
		d.cutReader, d.cutOwner, d.stalledReader, d.killedChild, d.killedShell, d.interruptedFamily, d.cutUpload,
	}
	over := make(chan struct{})
	var all, stops sync.WaitGroup
	stops.Go(func() { d.stopAndGo(over) })
	for worker := range 6 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 11))
			for range 2 * len(faults) * soak(t) {
				faults[random.IntN(len(faults))](t, random)
			}
		})
	}
	all.Wait()
	close(over)
	stops.Wait()
	d.oneCommand(t, 2)
	for _, x := range get[[]execution](t, d, "/executions") { // or what they printed would be kept
		d.empty(t, http.MethodDelete, "/executions/"+x.ID, nil)
	}
	d.settles(t, before)
	d.grows(t, memory, 32<<20)
}

// stopAndGo stops the daemon for a moment now and then (SIGSTOP), as a debugger or a container's freezer does.
func (d *daemon) stopAndGo(over <-chan struct{}) {
	again := time.NewTicker(300 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case <-over:
			return
		case <-again.C:
			_ = d.cmd.Process.Signal(syscall.SIGSTOP) // the daemon's end is found elsewhere
			time.Sleep(50 * time.Millisecond)
			_ = d.cmd.Process.Signal(syscall.SIGCONT)
		}
	}
}
