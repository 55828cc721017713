package msg

// Readiness is what execd can do for those who ask now.
type Readiness struct {
	Languages []string // that code can be in, sorted
	Missing   []string // that execd knows and finds no kernel for, sorted
}

// CheckReady asks whether everything that the configuration promises can be
// done. It fails with NotReady, whose details say what cannot.
type CheckReady struct {
	Reply[Readiness]
}
