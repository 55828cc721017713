package shell_test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"execd/shell"
)

// A child that becomes somebody else leaves this process as dumpable as it
// was: shells of sessions open files in its /proc/[pid]/fd.
func TestStranger_LeavesDumpable(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can run something as somebody else")
	}
	before := dumpable(t)
	c := script("true")
	c.Credential = &shell.Credential{UID: 65534, GID: 65534}
	start(t, c).Run(newRecord())
	if after := dumpable(t); after != before {
		t.Errorf("PR_GET_DUMPABLE is %d, and was %d", after, before)
	}
}

func dumpable(t *testing.T) int {
	t.Helper()
	is, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return is
}
