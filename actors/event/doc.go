// Package event is the data plane of execd: the append-only log of one
// execution and the cursors that read it.
//
// An event is encoded once, when it is appended, as the Server-Sent Events
// frame that goes on the wire (WHATWG HTML, section 9.2). Ids are dense and
// start at 1. The first event is init, the last is the terminal event, and
// nothing follows it.
//
// Any number of goroutines append to a Log and any number read it, each
// through a Cursor of its own. A Cursor belongs to one goroutine. An appender
// never waits for a reader, except where a log was made with Pace: see there.
// It may wait for the disk once the log has outgrown its share of memory.
//
// The newest part of a log is in memory, older parts are in files, and what
// exceeds the disk limit is evicted, oldest first. A reader that asks for an
// evicted event gets an *EvictedError with the oldest id still held; there is
// no silent gap.
//
// The one goroutine here is the cooler's, which has old files leave the page
// cache and ends when there are none. The store does not wait for it.
//
// An Output holds the exact bytes a process wrote, with the same storage, and
// is addressed by byte offset. A log may be over an output: then its texts are
// only there, cursors encode them, and they are evicted together. What Print
// appends is in memory at first, and what Pour does is in a file from the
// start. The log's mutex is taken before the output's, and the output's files
// are seen to before the log's (spool.spilling, which is taken before either
// mutex, and after Log.printing).
//
// To test: a Store on t.TempDir() with small Limits makes spilling and
// eviction happen within a few kilobytes; nothing here reads the clock except
// for the timestamp of an event, and testing/synctest replaces that.
package event
