package msg

import "execd/actors/event"

// WatchFiles asks for what happens to a file or a directory, and is answered
// when everything from then on will be in the log. Who asks for the same
// shares a watch. Whoever got a Watch has to close its cursor. It fails with
// TooManyWatches or ShuttingDown, or with an error of the file system.
type WatchFiles struct {
	Reply[Watch]
	Path      string // absolute
	Recursive bool

	// After is the id of the last event that a client has, of this watch or of
	// one before it; negative without one.
	After int64
}

// Watch is a place in the log of a watch.
type Watch struct {
	Log    *event.Log
	Cursor *event.Cursor // behind After, or else behind all that there is
	Missed bool          // After could not be found: there may have been changes
}
