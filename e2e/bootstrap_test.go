package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// withShells runs a test of bootstrap.sh in each shell of this machine that may be an image's sh.
func withShells(t *testing.T, test func(t *testing.T, sh []string)) {
	t.Helper()
	for _, sh := range [][]string{{"dash"}, {"bash", "--posix"}, {"bash"}, {"busybox", "sh"}} {
		t.Run(strings.Join(sh, " "), func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(sh[0]); err != nil {
				t.Skipf("there is no %s", sh[0])
			}
			test(t, sh)
		})
	}
}

// bootstrap prepares bootstrap.sh as a container would run it, with an execd of the test's own.
func bootstrap(tb testing.TB, sh, env []string, args ...string) *daemon {
	tb.Helper()
	d := prepare(tb, tb.TempDir(), nil)
	script, err := filepath.Abs("../bootstrap.sh")
	must(tb, err)
	d.cmd.Env = append(d.cmd.Env, "EXECD="+strings.Join(d.cmd.Args, " "), "EXECD_ENVS="+filepath.Join(d.dir, "made", ".env"))
	d.cmd.Env = append(d.cmd.Env, env...)
	d.cmd.Args = append([]string{script}, args...)
	d.under(tb, sh...)
	return d
}

func TestBootstrap_Command(t *testing.T) {
	t.Parallel()
	withShells(t, func(t *testing.T, sh []string) {
		t.Helper()
		for _, c := range []struct {
			env, args []string
			typed     string
			printed   string
			status    int
		}{
			{args: []string{"sh", "-c", `printf '%s|' "$@"; exit 7`, "sh", "a b", "-c"}, printed: "a b|-c|", status: 7},
			{args: []string{"cat"}, typed: "typed", printed: "typed"},
			{args: []string{"-c", "echo one &&", "echo two"}, printed: "one\ntwo\n"},
			{args: []string{"-c", `echo "${BASH_VERSION:+bash}"`}, printed: "bash\n"},
			{env: []string{"BOOTSTRAP_SHELL=/bin/dash"}, args: []string{"-c", `echo "${BASH_VERSION-dash}"`}, printed: "dash\n"},
			{env: []string{"BOOTSTRAP_CMD=echo from the variable; exit 9"}, args: []string{"echo", "no"}, printed: "from the variable\n", status: 9},
			{typed: "echo typed; exit 4", printed: "typed\n", status: 4},
			{args: []string{"sh", "-c", "kill -KILL $$"}, status: 137},
			{args: []string{"no-such-program"}, status: 127},
			{env: []string{"EXECD_INIT=yes"}, args: []string{"-c", "exit 6"}, status: 6},
		} {
			d := bootstrap(t, sh, c.env, c.args...)
			d.cmd.Stdin = strings.NewReader(c.typed)
			d.runs(t)
			d.leaves(t, c.status)
			if printed := withoutAnnouncement(d.stdout.String()); printed != c.printed {
				t.Errorf("%q %q printed %q, want %q", c.env, c.args, printed, c.printed)
			}
		}
	})
}

// withoutAnnouncement takes out the line that execd prints, wherever it came.
func withoutAnnouncement(text string) string {
	at := announcement.FindStringIndex(text)
	if at == nil {
		return text
	}
	from, to := strings.LastIndex(text[:at[0]], "execd "), at[1]+1
	return text[:from] + text[to:]
}

// execd serves beside the command, with the file of variables that was made for it and with what the script before it has
// exported; and ends when the command does.
func TestBootstrap_Serves(t *testing.T) {
	t.Parallel()
	withShells(t, func(t *testing.T, sh []string) {
		t.Helper()
		g, wait := newGate(t)
		d := bootstrap(t, sh, []string{"EXECD_BOOTSTRAP_PRE_SCRIPT=before.sh"}, "-c", `echo "command: $BEFORE"; `+wait+"; exit 3")
		must(t, os.WriteFile(filepath.Join(d.dir, "before.sh"), []byte("export BEFORE='set before'\n"), 0o600))
		d.runs(t)
		d.listens(t)
		d.says(t, "command: set before\n")
		must(t, os.WriteFile(filepath.Join(d.dir, "made", ".env"), []byte("LATER=in the file\n"), 0o600))
		r := d.command(t, `echo "$BEFORE, $LATER"; grep SigIgn: /proc/self/status`)
		if got := strings.Join(r.stdout()[:1], ""); got != "set before, in the file" || ignoredSignals(t, r.stdout()[1]) != 0 {
			t.Errorf("a command has %q", r.stdout())
		}
		s := d.openCommand(t, "echo begun; sleep 1000")
		s.untilText(t, "begun")
		g.open(t)
		s.rest(t).ends(t, byShutdown("SIGTERM", 143))
		d.leaves(t, 3)
	})
}

func TestBootstrap_Terminated(t *testing.T) {
	t.Parallel()
	withShells(t, func(t *testing.T, sh []string) {
		t.Helper()
		_, wait := newGate(t)
		d := bootstrap(t, sh, nil, "bash", "-c", "trap 'echo heard; exit 3' TERM; echo ready; while :; do "+wait+"; done")
		d.runs(t)
		d.listens(t)
		d.says(t, "ready")
		s := d.openCommand(t, "echo begun; sleep 1000")
		s.untilText(t, "begun")
		d.signal(t, syscall.SIGTERM)
		s.rest(t).ends(t, byShutdown("SIGTERM", 143))
		d.says(t, "heard")
		d.leaves(t, 0)
	})
}

// What cannot be had is said, and everything starts all the same.
func TestBootstrap_Missing(t *testing.T) {
	t.Parallel()
	withShells(t, func(t *testing.T, sh []string) {
		t.Helper()
		d := bootstrap(t, sh, []string{"EXECD_ENVS=/proc/none/.env", "EXECD_BOOTSTRAP_PRE_SCRIPT=/no/such/script"}, "-c", "echo $EXECD_ENVS")
		d.runs(t)
		d.leaves(t, 0)
		if printed := withoutAnnouncement(d.stdout.String()); printed != "/proc/none/.env\n" {
			t.Errorf("printed %q", printed)
		}
		for _, want := range []string{"EXECD_ENVS=/proc/none/.env", "EXECD_BOOTSTRAP_PRE_SCRIPT=/no/such/script"} {
			if !strings.Contains(d.stderr.String(), want) {
				t.Errorf("%q is not in %q", want, d.stderr.String())
			}
		}
	})
}

// inOwnPlaces has a script run in a mount namespace in which the places of an image are the script's own.
func inOwnPlaces(tb testing.TB, script string) []string {
	tb.Helper()
	const places = "for place in /opt /usr/local/share; do mount -t tmpfs none $place; done; "
	isolate := []string{"unshare", "--mount", "sh", "-ec"}
	if out, err := exec.CommandContext(tb.Context(), isolate[0], append(isolate[1:], places)...).CombinedOutput(); err != nil {
		tb.Skipf("no mount namespace may be made here: %v: %s", err, out)
	}
	return append(isolate, places+script+`; exec "$@"`, "sh")
}

// trusting are programs in place of those of the system that change what is trusted: they say what they were told.
func trusting(tb testing.TB) (path string) {
	tb.Helper()
	dir := tb.TempDir()
	for name, body := range map[string]string{
		"update-ca-certificates": `echo "update-ca-certificates $(cat /usr/local/share/ca-certificates/*.crt)" >&2`,
		"certutil":               `echo "certutil $*" >&2; case $1 in -N) touch "$HOME/.pki/nssdb/cert9.db" ;; esac`,
		"sleep":                  "echo slept >&2; cd /opt/opensandbox && [ ! -e late ] || mv late mitmproxy-ca-cert.pem",
	} {
		must(tb, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o700))
	}
	return "PATH=" + dir + ":" + os.Getenv("PATH")
}

// The certificate of the proxy is waited for, and everything that has a say in it is told to trust it.
func TestBootstrap_Proxy(t *testing.T) {
	t.Parallel()
	places := inOwnPlaces(t, "mkdir -p /opt/opensandbox /opt/home; echo certificate >/opt/opensandbox/late")
	const tell = `echo "$NODE_EXTRA_CA_CERTS $REQUESTS_CA_BUNDLE $SSL_CERT_FILE"; tail -n 1 "$SSL_CERT_FILE"; wc -l <"$SSL_CERT_FILE"`
	withShells(t, func(t *testing.T, sh []string) {
		t.Helper()
		if sh[0] == "busybox" {
			t.Skip("its sleep is its own, and cannot be stood in for")
		}
		d := bootstrap(t, sh, []string{"OPENSANDBOX_EGRESS_MITMPROXY_TRANSPARENT=True", trusting(t), "HOME=/opt/home"}, "-c", tell)
		d.under(t, places...).runs(t)
		d.leaves(t, 0)
		lines := strings.Split(withoutAnnouncement(d.stdout.String()), "\n")
		const merged = "/opt/opensandbox/merged-ca-certificates.pem"
		if lines[0] != "/opt/opensandbox/mitmproxy-ca-cert.pem "+merged+" "+merged {
			t.Errorf("the variables are %q", lines[0])
		}
		if all, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt"); err == nil && lines[1] != "certificate" ||
			lines[2] == "1" && bytes.Count(all, []byte("\n")) > 0 {
			t.Errorf("the bundle ends with %q after %s lines", lines[1], lines[2])
		}
		const told = "slept\nupdate-ca-certificates certificate\ncertutil -N -d sql:/opt/home/.pki/nssdb --empty-password\n" +
			"certutil -A -d sql:/opt/home/.pki/nssdb -n opensandbox-mitmproxy -t C,, -i /opt/opensandbox/mitmproxy-ca-cert.pem\n"
		if d.stderr.String() != told {
			t.Errorf("told %q, want %q", d.stderr.String(), told)
		}
	})
}

// A certificate that does not come delays the start by 300 s, and prevents nothing.
func TestBootstrap_ProxyAbsent(t *testing.T) {
	t.Parallel()
	places := inOwnPlaces(t, "true")
	env := []string{"OPENSANDBOX_EGRESS_MITMPROXY_TRANSPARENT=1", trusting(t), "SSL_CERT_FILE=as before"}
	d := bootstrap(t, []string{"dash"}, env, "-c", `echo "$SSL_CERT_FILE"`)
	d.under(t, places...).runs(t)
	d.leaves(t, 0)
	if got := strings.Count(d.stderr.String(), "slept\n"); got != 300 {
		t.Errorf("it has slept %d times", got)
	}
	if printed := withoutAnnouncement(d.stdout.String()); printed != "as before\n" {
		t.Errorf("printed %q", printed)
	}
	if !strings.Contains(d.stderr.String(), "mitmproxy-ca-cert.pem has not come") {
		t.Errorf("said %q", strings.ReplaceAll(d.stderr.String(), "slept\n", ""))
	}
}

// The defaults are the places where an OpenSandbox server puts things.
func TestBootstrap_Places(t *testing.T) {
	t.Parallel()
	d := bootstrap(t, []string{"dash"}, []string{"EXECD=", "EXECD_ENVS=", "EXECD_INIT=1", "EXECD_PORT=0", "EXECD_HOST=127.0.0.1"},
		"-c", "ls -A /opt/opensandbox; cat /proc/$PPID/cmdline | tr '\\0' ' '")
	d.under(t, inOwnPlaces(t, "mkdir -p /opt/opensandbox; cp "+binary(t)+" /opt/opensandbox/execd")...).runs(t)
	d.leaves(t, 0)
	if want := ".env\nexecd\n/opt/opensandbox/execd --init -- "; !strings.HasPrefix(d.stdout.String(), want) {
		t.Errorf("%q, want %q…", d.stdout.String(), want)
	}
}
