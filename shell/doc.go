// Package shell is the one door to exec: it starts processes, takes what they
// print to a Sink, tells how they ended, and ends them with everything that
// descends from them.
//
// A process is the leader of its own session, and so of its own process
// group. Its output comes through pipes of its own, one goroutine each, which
// holds a buffer only while there is something to read. Its exit is noticed
// through a pidfd in the runtime's poller, where the platform has one, so that
// no thread waits for it.
//
// A process is over when its leader has exited and what the leader wrote has
// been delivered; a background child that holds the pipes open delays this by
// 25 ms at most (the idea of WaitDelay in os/exec). What such a child prints
// later still goes to the Sink, until OutputDone. A flow, which is much and
// fast, is read without the poller, and offered to a Taker unread.
//
// While the leader has not been reaped its pid cannot be taken by another
// process, and neither can the ids of its group and session; all signals are
// sent under that protection, or to a process that was identified by a pidfd
// and its start time. So no signal ever hits a foreign process.
//
// # Ordering
//
// Output of one stream arrives in order and from one goroutine at a time.
// Everything that the leader wrote arrives before Run returns.
//
// # Testing
//
// The tests run real processes; they need nothing but a POSIX system with sh.
package shell
