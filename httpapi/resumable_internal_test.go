package httpapi

import (
	"os"
	"testing"
	"time"
)

// Only what nobody has gone on with for the whole life of an upload is removed, and not looked for all the time.
func TestResumable_Sweep(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	for name, age := range map[string]time.Duration{
		"old": uploadLife + time.Hour, "old.info": uploadLife + 2*time.Hour,
		"used": time.Hour, "used.info": 2 * uploadLife, "new.info": 0,
	} {
		if err := os.WriteFile(dir+"/"+name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir+"/"+name, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	u := newResumable(&Server{config: Config{UploadDir: dir}})
	check := func(want int) {
		t.Helper()
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != want {
			t.Errorf("%v is left, %v; want %d", left, err, want)
		}
	}
	u.sweep(now)
	check(3)
	u.sweep(now.Add(sweepPause - 1))
	check(3)
	u.sweep(now.Add(3 * uploadLife))
	check(0)
}
