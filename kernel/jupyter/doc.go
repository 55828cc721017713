// Package jupyter is a client of a Jupyter server: its REST API and the
// WebSocket of each kernel. It knows Jupyter Server, Jupyter Kernel Gateway
// and Jupyter Enterprise Gateway, which differ in what they allow, not in
// words (Jupyter Server documentation, "REST API" and "WebSocket kernel wire
// protocols").
//
// The token goes to the configured scheme, host and port and nowhere else:
// redirects that leave them are refused, and no proxy is used.
//
// A Client may be used from any goroutine; every call is bounded by its
// context and by Config.Timeout. Channels has one reader, which owns what Read
// returns until it reads again, and any number of writers. Messages of a
// channel come in the order the server sent them. A Client has no goroutine of
// its own, but net/http keeps one or two per idle connection until Close.
//
// To test: the codecs are fuzzed against their own encoders; what servers do
// is tested with real ones, in package kernel.
package jupyter
