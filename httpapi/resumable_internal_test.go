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
	ages := newUploadAges(now)
	check := func(want int) {
		t.Helper()
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != want {
			t.Errorf("%v is left, %v; want %d", left, err, want)
		}
	}
	ages.sweep(dir, now)
	check(3)
	ages.sweep(dir, now.Add(sweepPause-1))
	check(3)
	ages.sweep(dir, now.Add(3*uploadLife))
	check(0)
}

// TestResumable_ClockSet: uploads are as old as they were when the machine's clock is set, in whatever direction, and in
// the end they go all the same.
func TestResumable_ClockSet(t *testing.T) {
	wall := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, jump := range map[string]time.Duration{
		"years ahead": 50 * 365 * 24 * time.Hour, "hours ahead": 30 * time.Hour, "hours back": -30 * time.Hour, "not": 0,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			a := uploadAges{wall: wall, swept: -sweepPause}
			put := func(file string, at time.Time) {
				t.Helper()
				if err := os.WriteFile(dir+"/"+file, nil, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chtimes(dir+"/"+file, at, at); err != nil {
					t.Fatal(err)
				}
			}
			left := func(ran time.Duration, want string) {
				t.Helper()
				a.sweepAt(dir, wall.Add(ran+jump), ran)
				entries, err := os.ReadDir(dir)
				if err != nil {
					t.Fatal(err)
				}
				got := ""
				for _, e := range entries {
					got += e.Name() + " "
				}
				if got != want {
					t.Errorf("after %v there are %q, want %q", ran, got, want)
				}
			}
			put("a", wall.Add(-20*time.Hour))
			put("a.info", wall.Add(-21*time.Hour))
			put("b", wall)
			put("c", wall.Add(time.Hour+jump)) // written behind the jump
			left(time.Hour, "a a.info b c ")
			left(2*time.Hour, "a a.info b c ")
			if jump >= 0 { // set back, everything is of the time at which that was seen
				left(5*time.Hour, "b c ")
				left(24*time.Hour+30*time.Minute, "c ")
			} else {
				left(22*time.Hour, "a a.info b c ")
			}
			left(26*time.Hour, "")
		})
	}
}
