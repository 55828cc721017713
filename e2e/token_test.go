package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTokenFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(file, []byte(accessToken+"\r\n\n"), 0o600))
	d := start(t, "--access-token-file", file)
	d.fails(t, http.StatusUnauthorized, "UNAUTHORIZED", http.MethodGet, "/ping", nil)
	d.empty(t, http.MethodGet, "/ping", nil, "X-EXECD-ACCESS-TOKEN", accessToken)
	if log := d.log(t); strings.Contains(log, "chmod") || strings.Contains(log, accessToken) {
		t.Errorf("the log tells too much: %s", log)
	}
	must(t, os.Chmod(file, 0o644))
	open := startWith(t, []string{"EXECD_ACCESS_TOKEN_FILE=" + file})
	open.empty(t, http.MethodGet, "/ping", nil, "X-EXECD-ACCESS-TOKEN", accessToken)
	eventually(t, "the warning of a file that all may read", func() bool {
		return strings.Contains(open.log(t), "0644") && strings.Contains(open.log(t), "chmod 0600")
	})
}

func TestTokenFile_Refused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	for _, text := range []string{"", "\n", "\r\n\r\n", "two\nlines", "a\x00b"} {
		must(t, os.WriteFile(file, []byte(text), 0o600))
		if _, stderr, status := execute(t, nil, "--access-token-file", file); status != 2 || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: status %d, %q", text, status, stderr)
		}
	}
	for _, args := range [][]string{
		{"--access-token-file", file + "-that-is-not-there"},
		{"--access-token-file", file, "--access-token", "another"},
	} {
		if _, stderr, status := execute(t, nil, args...); status != 2 || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: status %d, %q", args, status, stderr)
		}
	}
}

// TestToken_NotForChildren: what execd starts finds the token neither in its own environment nor in what the system tells
// about execd.
func TestToken_NotForChildren(t *testing.T) {
	t.Parallel()
	const secret = "zq81vk7c"
	for name, given := range map[string]struct{ env, args []string }{
		"environment": {env: []string{"EXECD_ACCESS_TOKEN=" + secret}},
		"flag":        {args: []string{"--access-token=" + secret}},
		"two words":   {args: []string{"-access-token", secret}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := startWith(t, given.env, given.args...)
			d.token = secret
			hidden := secret[:4] + "[" + secret[4:5] + "]" + secret[5:] // as a pattern that does not match itself
			look := fmt.Sprintf("env | grep '%s'; tr '\\0' '\\n' </proc/%d/environ | grep '%[1]s'; "+
				"tr '\\0' ' ' </proc/%[2]d/cmdline | grep '%[1]s'; echo looked", hidden, d.pid)
			checkUnseen(t, secret, "a command", d.command(t, look).output())
			checkUnseen(t, secret, "a session", d.newSession(t, nil).run(t, look).output())
			v := d.view(t, d.terminal(t, object{"command": look}), "pty=0")
			v.ends(0)
			checkUnseen(t, secret, "a terminal", v.text[0]+v.text[1])
			if os.Getenv("JUPYTER_PATH") != "" {
				run := d.code(t, object{"language": "python", "code": "import subprocess\nprint(subprocess.getoutput(r\"\"\"" + look + "\"\"\"))"})
				checkUnseen(t, secret, "a kernel", run.output())
			}
		})
	}
}

// TestToken_NotForPeers: what runs as the same user, without being root, gets into nothing of execd where the token is: not
// its memory, not what it was started with, not its descriptors.
func TestToken_NotForPeers(t *testing.T) {
	t.Parallel()
	const nobody = 65534
	d := startStranger(t, nobody, []string{"EXECD_ACCESS_TOKEN=" + accessToken})
	d.token = accessToken
	script := fmt.Sprintf(`id -u; cd /proc/%d
for f in environ mem maps auxv; do cat $f >/dev/null 2>&1 && echo "$f is open"; done
ls fd >/dev/null 2>&1 && echo "fd is open"
for f in environ maps; do cat /proc/self/$f >/dev/null || echo "$f is closed for its own process too"; done`, d.pid)
	if got := strings.Join(d.command(t, script).stdout(), "|"); got != "65534" {
		t.Errorf("%s", got)
	}
}

// TestToken_Sessions: sessions go with a token, also where execd has no capability to look into other processes, and its
// log says what that costs.
func TestToken_Sessions(t *testing.T) {
	t.Parallel()
	const nobody = 65534
	d := startStranger(t, nobody, []string{"EXECD_ACCESS_TOKEN=" + accessToken})
	d.token = accessToken
	for range 2 {
		r := d.newSession(t, nil).run(t, "id -u")
		r.ends(t, success)
		if got := strings.Join(r.stdout(), "|"); got != "65534" {
			t.Errorf("%q", got)
		}
	}
	eventually(t, "one warning", func() bool { return strings.Count(d.log(t), "can read the memory of execd") == 1 })
}

func checkUnseen(t *testing.T, secret, who, seen string) {
	t.Helper()
	if strings.Contains(seen, secret) || !strings.Contains(seen, "looked") {
		t.Errorf("%s sees %q", who, seen)
	}
}
