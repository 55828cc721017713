package kernel

import "time"

// quirk is what a kernel does against the protocol, seen by running it.
type quirk struct {
	// linger keeps an execution open after reply and idle, for output that
	// comes later.
	linger time.Duration

	// retryAborted is how long after an aborted reply the same request is sent
	// again, maxRetries times.
	retryAborted time.Duration

	// insist is how long after an interrupt another one is sent, and again, as
	// long as what it was for goes on.
	insist time.Duration

	// rinse is code that runs after an interrupt, before anything else does.
	rinse string

	// interrupt is the interrupt_mode that works, whatever the kernelspec says;
	// empty if that does.
	interrupt string

	// confess finds in what a run printed what its reply should have said.
	confess func(*printed, *Result)

	// begin is what a new kernel runs before anything else, silently.
	begin string
}

// rinseNode keeps the processor for a while, which is how long the thread that
// has the interrupt needs to be given some of it. TypeScript does not look into
// eval, where it would ask for the types of Node.js.
const rinseNode = `eval("for (let from = process.cpuUsage(), used = from; used === from || used.user + used.system < 4e4; ) " +
	"used = process.cpuUsage(from)"), void 0`

// insistence is how long an interrupt has to work. The kernels that lose some
// take milliseconds for those that they get, and to one that has only been slow
// the next means nothing.
const insistence = 400 * time.Millisecond

// quirkOf knows the kernels by their program.
//
//   - Deno publishes stream messages behind the idle. It ends on SIGINT.
//   - tslab refuses every request within 200 ms after an error, so a client
//     that never had a queue sees its next cell aborted. An interrupt that comes
//     while it begins to wait for a promise it keeps for the next cell. What went
//     wrong it says on stderr only.
//   - JJava loses an interrupt that comes between two statements of a cell.
//   - ipykernel throws output away that is more than 1,000 messages ahead of its
//     reader.
//   - gonb tells of a Go program that failed on stderr only, and replies ok. Its
//     replies to control requests it sends on shell, where they find nobody.
func quirkOf(s *kernelspec) quirk {
	switch {
	case s.mentions("deno"):
		return quirk{linger: 50 * time.Millisecond, interrupt: "message"}
	case s.mentions("tslab"):
		return quirk{retryAborted: 250 * time.Millisecond, insist: insistence, rinse: rinseNode, confess: confessTslab}
	case s.mentions("jjava"):
		return quirk{insist: insistence}
	case s.mentions("ipykernel"):
		return quirk{begin: keepOutput}
	case s.mentions("gonb"):
		return quirk{interrupt: "signal", confess: confessGonb}
	}
	return quirk{}
}
