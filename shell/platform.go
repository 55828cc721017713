package shell

// Platform says what cannot be had on this platform, and why; nil is what can.
type Platform struct {
	Processes, Sessions, Terminals error
}
