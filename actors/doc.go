// Package actors is the supervision tree of execd. Actors own lifecycles:
// what runs, why it ends, who is told. They carry no output; that goes from
// pipes and sockets to the event log of its execution directly.
//
//	root
//	├── commands         dynamic supervisor
//	│   └── command        one shell command, temporary
//	├── kernels          dynamic supervisor
//	│   └── session        one code context and its queue, transient
//	├── watches          dynamic supervisor
//	│   └── watch          one directory or file that clients watch, transient
//	├── metrics          samples of the machine for all who read them, permanent
//	└── janitor          retention of ended executions
//
// An execution and its log are made by the root before the actor that runs
// it, and outlive it, so that a crash still ends the log with one truthful
// terminal event. A notebook, which is a context's kernel and queue, likewise
// outlives the incarnations of its session.
//
// Receive never blocks. What may block runs in a worker: a goroutine that the
// system waits for at its end, that recovers its own panics, that touches no
// field of the actor, and that tells the actor by message what came out.
// Messages of one sender to one actor arrive in order; Terminated overtakes
// them all, which is why the end of a process is a message of its own.
//
// Restart classes stand in one table, in restart.go. Every request is
// answered once: by its actor, by the guard around Receive when that panics,
// or by the supervisor when the actor ends with the request in its mailbox.
//
// To test, start a System on a temporary Store and Ask it; Config.Fault makes
// any actor panic at any message.
package actors
