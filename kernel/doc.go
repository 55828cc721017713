// Package kernel runs code in Jupyter kernels. There is one interface and two
// providers behind it: Local starts kernels as processes of this machine and
// speaks the Jupyter messaging protocol to them directly; Server has a Jupyter
// server or gateway run them.
//
// What a request causes is attributed to it by parent_header.msg_id and
// nothing else (Jupyter messaging protocol 5.x, "Parent header"). A request
// is over when its reply and its idle status have both been seen; the death
// of a kernel ends everything that is in it with StatusDead. Output that comes
// behind the end of its request goes to its handler's Late, if it has one, and
// never to another request.
//
// # Ordering
//
// A Handler gets the output of its request in the order in which the kernel
// sent it, one call at a time, and Finished once behind it. Between the
// outputs of two requests there is no order but that of the kernel, which runs
// one after the other.
//
// # Goroutines
//
// A connected kernel has one goroutine per channel that it reads and one that
// waits for its end; one of a server has one that does both, and another one
// as long as something runs. An interrupt of a kernel that loses some has one
// until it has worked. Handlers run on the readers' and must not block: a
// kernel drops output when nobody reads it.
//
// # Testing
//
// kerneltest is a fake kernel that stalls, dies and lies on cue. Tests that
// need a real one are skipped where JUPYTER_PATH names none. The real Jupyter
// servers are those of scripts/jupyter-servers.sh; a server that misbehaves is
// faked, and a proxy before a real one is the network that breaks.
package kernel
