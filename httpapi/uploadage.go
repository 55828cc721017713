package httpapi

import (
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Uploads that nobody goes on with are removed.
const (
	uploadLife = 24 * time.Hour
	sweepPause = time.Minute

	// clockJump is from where on a difference between two clocks is no drift,
	// but that the machine's was set.
	clockJump = time.Minute
)

// uploadAges removes uploads by the times of their files, which are the
// machine's. When its clock is set while this process runs, they stay as old
// as they were.
type uploadAges struct {
	mu    sync.Mutex
	born  time.Time     // what runs on is counted from
	wall  time.Time     // the machine's clock when last looked at
	ran   time.Duration // and what had run then
	swept time.Duration // what had run at the last sweep
}

func newUploadAges(now time.Time) uploadAges {
	return uploadAges{born: now, wall: now.Round(0), swept: -sweepPause}
}

// sweep removes what nobody has gone on with, at most once a minute.
func (a *uploadAges) sweep(dir string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sweepAt(dir, now.Round(0), now.Sub(a.born)) // only the first is what the clock was set to
}

// sweepAt is sweep for who knows both clocks.
func (a *uploadAges) sweepAt(dir string, wall time.Time, ran time.Duration) {
	if ran-a.swept < sweepPause {
		return
	}
	ahead := wall.Sub(a.wall) - (ran - a.ran)
	a.wall, a.ran, a.swept = wall, ran, ran
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // there may be none yet
	}
	newest := map[string]time.Time{} // of the files of an upload, which share its id
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // somebody else was faster
		}
		at := info.ModTime()
		if moved := movedTime(at, wall, ahead); !moved.Equal(at) {
			at = moved
			_ = os.Chtimes(filepath.Join(dir, e.Name()), at, at)
		}
		if id := uploadOf(e.Name()); at.After(newest[id]) {
			newest[id] = at
		}
	}
	for _, e := range entries {
		if last, known := newest[uploadOf(e.Name())]; known && wall.Sub(last) > uploadLife {
			_ = os.Remove(filepath.Join(dir, e.Name())) // somebody else was faster
		}
	}
}

// movedTime is the time of a file when the clock has been set ahead by so much
// since it was last looked at. What comes from the future, because the clock
// was set back, may be by this process or before: it is as of now.
func movedTime(at, wall time.Time, ahead time.Duration) time.Time {
	if ahead > clockJump {
		at = at.Add(ahead)
		if at.After(wall) {
			return wall
		}
	}
	if at.Sub(wall) > clockJump {
		return wall
	}
	return at
}

// uploadOf is the id of the upload that a file belongs to: the store keeps
// ID, ID.info and ID.lock, and beside them there may be ID.done.
func uploadOf(name string) string {
	return name[:len(name)-len(filepath.Ext(name))]
}
