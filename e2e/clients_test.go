package e2e_test

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// clients is what scripts/sdk-clients.sh has to say, once.
var clients = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("../scripts/sdk-clients.sh")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
})

// clientsDir is where the clients of others are, or the test is skipped.
func clientsDir(t *testing.T) string {
	t.Helper()
	dir, err := clients()
	must(t, err)
	if dir == "" {
		t.Skip("NO CLIENTS, so nothing is tested with them: scripts/sdk-clients.sh says why")
	}
	return dir
}
