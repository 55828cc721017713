//go:build unix

package shell

import (
	"context"
	"maps"
	"slices"
	"syscall"
	"time"
)

// Signal sends a signal to the process group; 0 only asks whether there is
// one (kill(2)). It fails with ESRCH when the group is gone.
func (p *Process) Signal(sig syscall.Signal) error {
	if p.hold() {
		defer p.release()
		return kill(-p.Pid(), sig)
	}
	if kill(-p.Pid(), 0) != nil { // by far the most often: nobody was left behind
		return syscall.ESRCH
	}
	return signalAll(p.family(), sig)
}

// signalLeader sends a signal to the leader alone.
func (p *Process) signalLeader(sig syscall.Signal) error {
	if !p.hold() {
		return syscall.ESRCH
	}
	defer p.release()
	return kill(p.Pid(), sig)
}

// Kill ends the process and everything that descends from it at once. Where
// there are no control groups what is born while it works may escape it; Stop
// does not let it.
func (p *Process) Kill() {
	if p.hold() {
		defer p.release()
		_ = kill(-p.Pid(), syscall.SIGKILL) // ESRCH: gone already
	}
	p.child.group.kill()
	sweep(p.family, p.child.group)
}

// Stop sends first to the process and everything that descends from it, and
// SIGKILL to what is left after the grace, until nothing is. It returns when
// all are gone and the leader's exit is known, or when ctx is over, which
// ends the grace too. It tells how many processes it has seen end.
func (p *Process) Stop(ctx context.Context, first syscall.Signal, grace time.Duration) int {
	held := p.hold()
	if held {
		defer p.release()
	}
	seen := census{}
	find := func() []member { return p.kin(seen).members() }
	p.child.group.freeze(true) // so that whoever is there is asked, and not his successor
	seen.add(find())
	polite := first != syscall.SIGKILL && grace > 0 && len(seen) > 0
	if polite {
		p.ask(seen, first, held)
	}
	p.child.group.freeze(false)
	if polite {
		p.await(ctx, seen, first, grace)
	}
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		if (p.hasExited() || p.isReaped()) && len(find()) == 0 {
			return len(seen)
		}
		if held {
			_ = kill(-p.Pid(), syscall.SIGKILL) // all of the group at one moment: none forks on
		}
		seen.add(sweep(find, p.child.group))
		p.child.group.kill() // likewise, whatever they have left
		if !sleep(ctx, pause) {
			return len(seen)
		}
	}
}

// ask sends the polite signal: to the group as one, so that nobody in it is
// missed or gets it twice, and to those outside of it.
func (p *Process) ask(seen census, sig syscall.Signal, held bool) {
	var others []member
	for _, m := range seen {
		if !held || m.group != p.Pid() {
			others = append(others, m)
		}
	}
	if held {
		_ = kill(-p.Pid(), sig) // ESRCH: gone already
		_ = kill(-p.Pid(), syscall.SIGCONT)
	}
	askAll(others, sig)
}

// askAll sends the polite signal to processes, and has those go on that are
// stopped: they would not take it before the grace is over.
func askAll(members []member, sig syscall.Signal) {
	_ = signalAll(members, sig) // gone is as good
	_ = signalAll(members, syscall.SIGCONT)
}

// Waiting for processes that are not our children means looking; the pauses
// between two looks grow.
const (
	firstPause   = time.Millisecond
	longestPause = 10 * time.Millisecond
	leaderPause  = 100 * time.Millisecond // while the leader lives, whose end comes by itself
)

// storm tells those who start others instead of ending, as they were asked
// to: there are too many new ones, or they come and go while one looks.
type storm struct {
	most   int // who may have been seen
	wilder int // looks at which some had gone before they were known
}

const (
	stormSize = 100
	wildLooks = 2
)

func (s *storm) rages(seen census, steady bool) bool {
	if s.most == 0 {
		s.most = len(seen) + stormSize
	}
	if !steady {
		s.wilder++
	}
	return len(seen) > s.most || s.wilder > wildLooks
}

// await returns when nothing is left, after the grace, or with ctx. Who was
// still being born when sig went out, or was about to leave the group, may
// have missed it and gets it now; where they are too many the grace is over.
func (p *Process) await(ctx context.Context, seen census, sig syscall.Signal, grace time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	var weather storm
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		select {
		case <-p.exited:
		case <-time.After(leaderPause):
		case <-ctx.Done():
			return
		}
		left, steady := p.kin(seen).near(p.child.group)
		askAll(seen.add(left), sig)
		if len(left) == 0 && steady || weather.rages(seen, steady) || !sleep(ctx, pause) {
			return
		}
	}
}

// family is who descends from p and lives, itself included.
func (p *Process) family() []member { return p.kin(nil).members() }

func (p *Process) kin(seen census) kin {
	k := kin{id: p.id, seen: seen, group: p.child.group}
	if !p.isReaped() {
		k.session = p.Pid() // nobody else can have its ids
	}
	return k
}

// kin says who belongs together.
type kin struct {
	session int    // everybody in it; 0 for none
	id      string // everybody who carries it in the environment; empty for none
	group   *cgroup
	seen    census // who belonged to them before: their parents may be gone by now
	nest    nest   // what its shell has forked since then; zero for nobody
}

// nest is a shell that runs scripts one after the other, and the run that it
// has in progress. What it forks without a program of its own, such as a
// subshell or a loop in a pipeline, has the environment that the shell began
// with, and so no mark of the run.
type nest struct {
	shell int    // pid
	id    string // of the session: the shell carries it, and those do
	since uint64 // when the run began, as in identity
	group *cgroup
}

// endAll ends everybody that it finds and returns when they are gone, or ctx
// is over. It tells how many it has seen.
func endAll(ctx context.Context, who kin) int {
	if who.seen == nil {
		who.seen = census{}
	}
	for pause := firstPause; len(who.members()) > 0; pause = min(2*pause, longestPause) {
		who.seen.add(sweep(who.members, who.group))
		who.group.kill()
		if !sleep(ctx, pause) {
			break
		}
	}
	return len(who.seen)
}

// sweep stops everybody that it finds, looks again until it finds nobody new,
// and then kills them: those that start others faster than they are found
// cannot while they are stopped. Where they have a control group all of it
// holds still from the beginning, which also leaves sweep the processor.
func sweep(find func() []member, group *cgroup) []member {
	group.freeze(true)
	defer group.freeze(false)
	found := census{}
	for range sweepRounds {
		fresh := found.add(find())
		if len(fresh) == 0 {
			break
		}
		_ = signalAll(fresh, syscall.SIGSTOP) // gone is as good as stopped
	}
	all := slices.Collect(maps.Values(found))
	_ = signalAll(all, syscall.SIGKILL) // likewise
	return all
}

// sweepRounds is how often sweep looks: each round stops all that were there,
// so only what was being forked meanwhile is new.
const sweepRounds = 16

func (p *Process) isReaped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reaped
}

func kill(pid int, sig syscall.Signal) error {
	return syscall.Kill(pid, sig) //nolint:wrapcheck // an error number says it all
}

// sleep reports false when ctx was over first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// identity is which process it is. A pid alone could be given to another one;
// with the time of its start, in clock ticks since boot, it cannot.
type identity struct {
	pid   int
	start uint64
}

// member is a process that descends from another.
type member struct {
	identity
	group int  // process group
	bare  bool // it has no mark of the run whose shell has started it, and may be about to execute its program
}

// census is who has been seen.
type census map[identity]member

// add returns those who had not been seen, or had been in another group.
func (c census) add(members []member) (fresh []member) {
	for _, m := range members {
		if old, known := c[m.identity]; !known || old.group != m.group {
			c[m.identity] = m
			fresh = append(fresh, m)
		}
	}
	return fresh
}
