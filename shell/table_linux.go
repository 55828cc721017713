package shell

import (
	"bytes"
	"os"
	"strconv"
	"sync"
)

// table is the table of processes, as one look at it has found it. Who ends
// processes looks again and again until they are gone, and each look reads
// two files of every process; those who look at the same time share one, or a
// thousand sessions that end together would take a million reads a round.
type table struct {
	all  []stat
	done chan struct{} // closed when all is there

	mu    sync.Mutex
	known map[int][]string // marks by pid
}

// looks are those at the table of processes: one at a time.
var looks struct {
	sync.Mutex
	next    *table // whose look has not begun
	reading sync.Mutex
}

// processes looks at the table of processes. One that ends meanwhile is left
// out, and none that was there before the call.
func processes() *table {
	looks.Lock()
	if t := looks.next; t != nil {
		looks.Unlock()
		<-t.done
		return t
	}
	t := &table{done: make(chan struct{})}
	looks.next = t
	looks.Unlock()
	looks.reading.Lock()
	defer looks.reading.Unlock()
	looks.Lock()
	looks.next = nil // who comes now may know of a process that this look will miss
	looks.Unlock()
	defer close(t.done)
	t.all, _ = statsOf(everybody())
	return t
}

// everybody is the pids that there are.
func everybody() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close() //nolint:errcheck // only read from
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil
	}
	pids := make([]int, 0, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// marks are the ids that a process carries in its environment. That cannot be
// read where it runs as another user and this process is not privileged; it
// could not be signalled either.
func (t *table) marks(s stat) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ids, read := t.known[s.pid]; read {
		return ids
	}
	var ids []string
	env, _ := os.ReadFile(procPath(s.pid, "environ")) // see above
	for len(env) > 0 {
		var kv []byte
		kv, env, _ = bytes.Cut(env, []byte{0})
		if name, value, _ := bytes.Cut(kv, []byte{'='}); string(name) == marker || string(name) == sessionMarker {
			ids = append(ids, string(value))
		}
	}
	if t.known == nil {
		t.known = map[int][]string{}
	}
	t.known[s.pid] = ids
	return ids
}
