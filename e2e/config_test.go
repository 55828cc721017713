package e2e_test

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// execute runs the binary to its end, for what is over without serving.
func execute(tb testing.TB, env []string, args ...string) (stdout, stderr string, status int) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, binary(tb), args...)
	cmd.Env = append(os.Environ(), append([]string{"TMPDIR=" + tb.TempDir()}, env...)...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // its status is what it has to say
	if ctx.Err() != nil {
		tb.Fatalf("execd %q goes on", args)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestConfig_Version(t *testing.T) {
	t.Parallel()
	built, err := buildinfo.ReadFile(binary(t))
	must(t, err)
	want := regexp.MustCompile(`^execd \S+ \(commit \S+, built \S+, ` + regexp.QuoteMeta(built.GoVersion) + ` \w+/\w+\)\n$`)
	for _, flag := range []string{"--version", "-version"} {
		stdout, stderr, status := execute(t, nil, flag)
		if !want.MatchString(stdout) || stderr != "" || status != 0 {
			t.Errorf("%s: %q, %q, status %d", flag, stdout, stderr, status)
		}
	}
}

// settings are the names that other people's scripts use; to lose one breaks them.
var settings = map[string]string{
	"--host": "EXECD_HOST", "--port": "EXECD_PORT", "--access-token": "EXECD_ACCESS_TOKEN",
	"--allowed-origins": "EXECD_ALLOWED_ORIGINS", "--stream-format": "EXECD_STREAM_FORMAT", "--log-level": "EXECD_LOG_LEVEL",
	"--log-file": "EXECD_LOG_FILE", "--envs-file": "EXECD_ENVS", "--state-dir": "EXECD_STATE_DIR",
	"--jupyter-host": "JUPYTER_HOST", "--jupyter-token": "JUPYTER_TOKEN", "--kernels": "EXECD_KERNELS",
	"--jupyter-idle-poll-interval": "EXECD_JUPYTER_IDLE_POLL_INTERVAL",
	"--graceful-shutdown-timeout":  "EXECD_API_GRACE_SHUTDOWN",
}

func TestConfig_Help(t *testing.T) {
	t.Parallel()
	stdout, stderr, status := execute(t, nil, "--help")
	if stderr != "" || status != 0 {
		t.Errorf("%q, status %d", stderr, status)
	}
	for flag, env := range settings {
		if !regexp.MustCompile(`(?m)^  ` + flag + `\b.*\n .*\[` + env + `\]$`).MatchString(stdout) {
			t.Errorf("help does not tell of %s and %s", flag, env)
		}
	}
}

func TestConfig_BadValue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		names string // what the message must name
		env   string
		args  []string
	}{
		{"port", "", []string{"--port", "70000"}},
		{"port", "", []string{"--port", "-1"}},
		{"port", "", []string{"--port", "x"}},
		{"port", "", []string{"--port"}},
		{"EXECD_PORT", "EXECD_PORT=x", nil},
		{"log-level", "", []string{"--log-level", "8"}},
		{"graceful-shutdown-timeout", "", []string{"--graceful-shutdown-timeout", "5"}},
		{"EXECD_API_GRACE_SHUTDOWN", "EXECD_API_GRACE_SHUTDOWN=-1s", nil},
		{"EXECD_JUPYTER_IDLE_POLL_INTERVAL", "EXECD_JUPYTER_IDLE_POLL_INTERVAL=soon", nil},
		{"jupyter-host", "", []string{"--jupyter-host", "localhost:8888"}},
		{"JUPYTER_HOST", "JUPYTER_HOST=ftp://x", nil},
		{"kernels", "", []string{"--kernels", "python"}},
		{"stream-format", "", []string{"--stream-format", "xml"}},
		{"max-body", "", []string{"--max-body", "0"}},
		{"memory-limit", "", []string{"--memory-limit", "9999999999GiB"}},
		{"no-such-flag", "", []string{"--no-such-flag"}},
		{"surprise", "", []string{"surprise"}},
	} {
		stdout, stderr, status := execute(t, []string{c.env}, c.args...)
		oneLine := strings.Count(stderr, "\n") == 1 && strings.HasSuffix(stderr, "\n")
		if status != 2 || stdout != "" || !oneLine || !strings.Contains(stderr, c.names) {
			t.Errorf("%s %q: status %d, stdout %q, stderr %q", c.env, c.args, status, stdout, stderr)
		}
	}
}

func TestConfig_CannotStart(t *testing.T) {
	t.Parallel()
	d := start(t)
	port := d.addr[strings.LastIndexByte(d.addr, ':')+1:]
	file := filepath.Join(d.dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for name, args := range map[string][]string{
		"port in use":           {"--port", port},
		"no such address":       {"--port", "0", "--host", "192.0.2.1"},
		"no folder for the log": {"--port", "0", "--log-file", "/no/such/folder/log"},
		"state below a file":    {"--port", "0", "--state-dir", filepath.Join(file, "state")},
	} {
		stdout, stderr, status := execute(t, nil, append([]string{"--host", "127.0.0.1"}, args...)...)
		if status != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "execd: ") {
			t.Errorf("%s: status %d, stdout %q, stderr %q", name, status, stdout, stderr)
		}
	}
	d.command(t, "true").ends(t, success)
}

func TestConfig_Precedence(t *testing.T) {
	t.Parallel()
	env := []string{"EXECD_ACCESS_TOKEN=of the environment", "EXECD_STREAM_FORMAT=json", "EXECD_PORT=no number", "EXECD_LOG_LEVEL="}
	d := startWith(t, env, "-access-token=of the flag")
	d.fails(t, http.StatusUnauthorized, "UNAUTHORIZED", http.MethodGet, "/ping", nil, "X-EXECD-ACCESS-TOKEN", "of the environment")
	a := d.ok(t, http.MethodPost, "/command", object{"command": "true"}, "X-EXECD-ACCESS-TOKEN", "of the flag")
	if !strings.HasPrefix(a.body, "{") {
		t.Errorf("the environment's framing is not heeded: %q", a.body)
	}
}

// What the orchestrators of today set must not stop execd from starting.
func TestConfig_Accepted(t *testing.T) {
	t.Parallel()
	d := startWith(t, []string{"EXECD_API_GRACE_SHUTDOWN=3s", "EXECD_JUPYTER_IDLE_POLL_INTERVAL=-1s", "EXECD_ENVS=/no/such/file"},
		"-log-level=6", "-graceful-shutdown-timeout", "2s")
	d.command(t, "true").ends(t, success)
}
