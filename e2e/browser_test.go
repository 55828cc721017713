package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// chromium is what scripts/chromium.sh has to say, once.
var chromium = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("../scripts/chromium.sh")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
})

// browser is a real Chromium with a person in it, who does what testdata/console/person.cjs knows.
type browser struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

// startBrowser starts it, or skips the test where there is none.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	clients := clientsDir(t)
	path, err := chromium()
	must(t, err)
	if path == "" {
		t.Skip("NO BROWSER, so nobody looks at the console: scripts/chromium.sh says why")
	}
	cmd := exec.CommandContext(context.Background(), "node", "testdata/console/person.cjs", clients, path)
	var problems lockedBuffer
	cmd.Stderr = &problems
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir()) // for the browser's profile and caches
	b := &browser{}
	b.in, err = cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	b.out = bufio.NewScanner(out)
	b.out.Buffer(nil, 1<<20)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = b.in.Close() // ends it
		for b.out.Scan() {
		}
		if err := cmd.Wait(); err != nil || problems.String() != "" {
			t.Errorf("browser: %v: %s", err, problems.String())
		}
	})
	return b
}

// do has the person do something, and returns what was seen.
func (b *browser) do(t *testing.T, what string, with object) string {
	t.Helper()
	if with == nil {
		with = object{}
	}
	with["do"] = what
	text, err := json.Marshal(with)
	must(t, err)
	_, err = fmt.Fprintf(b.in, "%s\n", text)
	must(t, err)
	if !b.out.Scan() {
		t.Fatalf("%s: the browser has ended", what)
	}
	var answer struct{ Seen, Error string }
	must(t, json.Unmarshal(b.out.Bytes(), &answer))
	if answer.Error != "" {
		t.Fatalf("%s: %s", what, answer.Error)
	}
	return answer.Seen
}
