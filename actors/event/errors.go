package event

import (
	"errors"
	"fmt"
)

// ErrRemoved is what readers of a log get once it was removed: its retention
// is over. Start a new execution.
var ErrRemoved = errors.New("the execution and its events have been removed")

// EvictedError says that a reader asked for what is no longer held. Attach
// again with after = Oldest-1.
type EvictedError struct {
	Asked  int64 // the event id, or byte offset, that was asked for
	Oldest int64 // the oldest that is still held
}

func (e *EvictedError) Error() string {
	return fmt.Sprintf("%d was evicted to keep within the disk limit; the oldest still held is %d", e.Asked, e.Oldest)
}
