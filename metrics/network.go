package metrics

// Network is what has gone over the network since the machine has started,
// the loopback interface aside, and what is open.
type Network struct {
	Received, Sent uint64 // bytes
	TCP, UDP       int    // established connections; sockets
}
