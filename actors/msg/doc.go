// Package msg is the protocol between the HTTP handlers and the actors: plain
// structs passed by value, never changed after they were sent.
//
// A request embeds Reply, which names the type of its answer, and is answered
// exactly once: by the actor that serves it, by its supervisor when that actor
// is gone, or by Ask when the caller's context or the whole system ends first.
// Output never travels in a message; an answer carries the event log to read.
//
// Ordering: requests of one sender reach the root supervisor in the order in
// which they were sent. Ask blocks its caller only. To test a handler,
// implement Supervisor over a function.
package msg
