package event_test

import (
	"testing"

	"go.uber.org/goleak"
)

// A log has no goroutines of its own, and its readers leave none behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
