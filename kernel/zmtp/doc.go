// Package zmtp speaks the ZeroMQ message transport protocol, version 3, over
// a stream socket: as much of it as a Jupyter client needs, which is the
// socket types DEALER and SUB with the NULL mechanism. ROUTER and PUB are
// there for the fake kernel of the tests.
//
// The connection says it speaks ZMTP 3.0 (RFC 23): a 3.1 peer then accepts
// subscriptions as messages, which every ZeroMQ since 2.x understands, and a
// PING (RFC 37) is answered all the same. Peers older than 3.0 are refused.
//
// A Conn has no goroutine. One goroutine at a time reads; any number write,
// and each message is one write to the socket. What ReadMessage returns is
// valid until the next call. ReadMessage blocks until a message is there;
// WriteMessage blocks only while the peer does not read, and no longer than
// WriteTimeout, after which the connection is closed. Close may be called from
// any goroutine and ends both.
//
// There is no reconnecting and no queue, on purpose: the peer is a process on
// the same machine, and a connection that breaks means that it is gone.
//
// To test: New takes any net.Conn and does either side. A net.Pipe will not do,
// because both sides write their greeting before they read.
package zmtp
