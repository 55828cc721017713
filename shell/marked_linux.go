package shell

import (
	"context"
	"sync"
	"syscall"
	"time"
)

// EndMarked ends those who carry the id of a command that is known, and who
// descends from them: with SIGTERM, and with SIGKILL after the grace. It
// returns when they are gone, or ctx is over. It is for the end of all
// commands: one look finds whomever they have left behind.
func EndMarked(ctx context.Context, known func(id string) bool, grace time.Duration) {
	ids := map[string]bool{}
	t := processes()
	for _, s := range t.all {
		if s.zombie {
			continue
		}
		for _, id := range t.marks(s) {
			if known(id) {
				ids[id] = true
			}
		}
	}
	var all sync.WaitGroup
	for id := range ids {
		all.Go(func() { endPolitely(ctx, kin{id: id}, grace) })
	}
	all.Wait()
}

// endPolitely is endAll after a grace.
func endPolitely(ctx context.Context, who kin, grace time.Duration) {
	who.seen = census{}
	patience, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		left := who.members()
		if len(left) == 0 {
			return
		}
		askAll(who.seen.add(left), syscall.SIGTERM)
		if !sleep(patience, pause) {
			break
		}
	}
	endAll(ctx, who)
}
