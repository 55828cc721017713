package kernel

// keepOutput takes the limit from ipykernel's PUB socket (zmq_setsockopt,
// ZMQ_SNDHWM; libzmq applies it to connections that are there). On a machine
// that is busy not even a reader who does nothing else is always fast enough.
// What waits is in the memory of the kernel then. The code leaves no name.
const keepOutput = `try:
    (lambda t: t.schedule(lambda: t.socket.setsockopt(__import__("zmq").SNDHWM, 0)))(get_ipython().kernel.iopub_thread)
except Exception:
    pass`

// begin has a new kernel run what its quirk says. Nobody waits for it: what is
// sent behind it runs behind it.
func (c *client) begin() {
	if c.quirk.begin != "" {
		_ = c.Execute(Request{Code: c.quirk.begin, Silent: true}, make(quiet, 1)) // a dead kernel is told by all else
	}
}
