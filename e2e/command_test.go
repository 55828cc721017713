package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// ending is how a command is told to have ended.
type ending struct {
	kind   string // execution_complete or error
	name   string // of the error
	value  string
	code   int // exit_code, or -1 for none
	signal string
	reason string
}

var success = ending{kind: "execution_complete"}

func exitStatus(code int, value string) ending {
	return ending{kind: "error", name: "CommandExecError", value: value, code: code}
}

func endingOf(e event) ending {
	got := ending{kind: e.Type, signal: e.Signal, reason: e.Reason, code: -1}
	if e.ExitCode != nil {
		got.code = *e.ExitCode
	}
	if e.Error != nil {
		got.name, got.value = e.Error.Name, e.Error.Value
	}
	return got
}

// ends checks how a run has ended.
func (r run) ends(tb testing.TB, want ending) {
	tb.Helper()
	if got := endingOf(r.last()); got != want {
		tb.Errorf("the run ended as %+v, want %+v: %s", got, want, r.last().Raw)
	}
}

func TestCommand_Ending(t *testing.T) {
	t.Parallel()
	d := start(t)
	killed := exitStatus(143, "-1")
	killed.signal = "SIGTERM"
	unborn := ending{kind: "error", name: "CommandExecError", code: -1, reason: "start"}
	for _, c := range []struct {
		name   string
		body   object
		stdout []string
		stderr []string
		want   ending
	}{
		{"success", object{"command": "echo hi; echo oops >&2"}, []string{"hi"}, []string{"oops"}, success},
		{"exit status", object{"command": "echo hi; exit 7"}, []string{"hi"}, nil, exitStatus(7, "7")},
		{"signal", object{"command": "echo hi; kill -TERM $$"}, []string{"hi"}, nil, killed},
		{"not found", object{"command": "no-such-program"}, nil, []string{"*"}, exitStatus(127, "127")},
		{"syntax error", object{"command": "if then"}, nil, []string{"*"}, exitStatus(2, "2")},
		{"no start", object{"command": "true", "envs": object{"BIG": strings.Repeat("x", 1<<18)}}, nil, nil, unborn},
		{"several lines", object{"command": "for i in 1 2; do\n  echo $i\ndone\ncat <<END\nhere\nEND\n"},
			[]string{"1", "2", "here"}, nil, success},
		{"stdin is empty", object{"command": "cat; readlink /proc/self/fd/0"}, []string{"/dev/null"}, nil, success},
		{"100 KB of text", object{"command": ": " + strings.Repeat("x", 100_000) + "\necho read"}, []string{"read"}, nil, success},
		{"bash", object{"command": `[[ abc == a* ]] && echo "${BASH_VERSION:+bash}"`}, []string{"bash"}, nil, success},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := d.command(t, c.body)
			if !slices.Equal(r.stdout(), c.stdout) {
				t.Errorf("stdout %q, want %q", r.stdout(), c.stdout)
			}
			if !slices.Equal(c.stderr, []string{"*"}) && !slices.Equal(r.stderr(), c.stderr) || (c.stderr != nil && len(r.stderr()) == 0) {
				t.Errorf("stderr %q, want %q", r.stderr(), c.stderr)
			}
			if c.want.reason == "start" {
				c.want.value = r.last().Error.Value // in the system's words
			}
			r.ends(t, c.want)
			checkEnd(t, d, r)
		})
	}
}

// checkEnd checks what holds for every ended command, whatever it did.
func checkEnd(t *testing.T, d *daemon, r run) {
	t.Helper()
	end := r.last()
	if end.ExecutionTime < 1 {
		t.Errorf("no execution time: %s", end.Raw)
	}
	if end.Error != nil && (end.Error.Value == "" || len(end.Error.Traceback) == 0 || end.Error.Traceback[0] == "") {
		t.Errorf("the error says too little: %s", end.Raw)
	}
	if killed := len(r.of("status")) == 1 && r.of("status")[0].Status == "killed"; killed != (end.Signal != "") {
		t.Errorf("signal %q, status events %+v", end.Signal, r.of("status"))
	}
	st := d.execution(t, r[0].Text)
	if st.State != "ended" || st.Kind != "command" || st.Last != end.ID || st.Signal != end.Signal || (st.Error == "") != (end.Error == nil) {
		t.Errorf("/executions tells of %+v after %s", st, end.Raw)
	}
}

func TestCommand_Refused(t *testing.T) {
	t.Parallel()
	d := start(t)
	file := filepath.Join(d.dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	t.Cleanup(func() {
		if list := get[[]execution](t, d, "/executions"); len(list) != 0 {
			t.Errorf("refused commands are listed: %+v", list)
		}
	})
	for _, c := range []struct{ name, body string }{
		{"no command", `{}`},
		{"empty command", `{"command":""}`},
		{"null command", `{"command":null}`},
		{"no body", ``},
		{"no JSON", `command=true`},
		{"half of JSON", `{"command":"true"`},
		{"wrong type", `{"command":["true"]}`},
		{"wrong type of timeout", `{"command":"true","timeout":"1s"}`},
		{"negative timeout", `{"command":"true","timeout":-1}`},
		{"negative uid", `{"command":"true","uid":-1}`},
		{"uid that stands for none", `{"command":"true","uid":4294967295}`},
		{"gid that stands for none", `{"command":"true","uid":1,"gid":4294967295}`},
		{"NUL in the command", `{"command":"echo a\u0000b"}`},
		{"NUL in an argument", `{"argv":["echo","a\u0000b"]}`},
		{"gid without uid", `{"command":"true","gid":5}`},
		{"cwd that is missing", `{"command":"true","cwd":"/no/such/folder"}`},
		{"cwd that is a file", `{"command":"true","cwd":"` + file + `"}`},
		{"cwd with an unknown variable", `{"command":"true","cwd":"$NO_SUCH_VARIABLE/x"}`},
		{"variable name with =", `{"command":"true","envs":{"A=B":"x"}}`},
		{"variable with NUL", `{"command":"true","envs":{"A":"x\u0000y"}}`},
		{"unknown policy", `{"command":"true","on_disconnect":"explode"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/command", c.body)
		})
	}
}

func TestCommand_TolerantRequest(t *testing.T) {
	t.Parallel()
	d := start(t)
	for _, body := range []string{
		`{"command":"echo hi","unknown":{"a":[1]},"background":false}`,
		`{"command":"echo hi","cwd":null,"timeout":null,"uid":null,"gid":null,"envs":null,"background":null}`,
		`{"command":"echo hi","timeout":0} and what follows`,
		"\n\t {\"command\":\"echo hi\"}\n",
	} {
		s := d.open(t, http.MethodPost, "/command", body, "Content-Type", "application/x-www-form-urlencoded")
		if r := s.complete(t); !slices.Equal(r.stdout(), []string{"hi"}) {
			t.Errorf("%s: %q", body, r.stdout())
		}
	}
}

func TestCommand_Directory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "with space"), 0o755))
	d := startWith(t, []string{"E2E_DIR=" + dir, "HOME=" + dir})
	for _, c := range []struct {
		cwd, want string
	}{
		{"", d.dir},
		{dir, dir},
		{dir + "/with space/", dir + "/with space"},
		{"~", dir},
		{"~/with space", dir + "/with space"},
		{"$E2E_DIR/with space", dir + "/with space"},
		{"${E2E_DIR}", dir},
		{"$ASKED", "/"}, // a variable of the request itself
	} {
		r := d.command(t, object{"command": "pwd", "cwd": c.cwd, "envs": object{"ASKED": "/"}})
		if got := r.stdout(); !slices.Equal(got, []string{c.want}) {
			t.Errorf("cwd %q is %q, want %q", c.cwd, got, c.want)
		}
	}
}

func TestCommand_Environment(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "env")
	d := startWith(t, []string{"A=process", "B=process", "C=process", "EXECD_ENVS=" + file})
	show := `printf '%s\n' "$A" "$B" "$C" "${D-unset}" "${E-unset}"`
	asked := object{"C": "asked", "D": "", "E": "a \"b' $c\n\\é"}
	check := func(what string, envs object, want ...string) {
		t.Helper()
		r := d.command(t, object{"command": show, "envs": envs})
		if !slices.Equal(r.stdout(), want) {
			t.Errorf("%s: %q, want %q", what, r.stdout(), want)
		}
	}
	check("without a file", nil, "process", "process", "process", "unset", "unset")
	must(t, os.WriteFile(file, []byte("# comment\n\nB=first\n  B=$A/${A}$NO_SUCH \nmalformed\nC=file\n"), 0o600))
	check("file over process", nil, "process", "process/process", "file", "unset", "unset")
	check("request over file", asked, "process", "process/process", "asked", "\n", `a "b' $c`, `\é`)
	must(t, os.WriteFile(file, []byte("B=again\n"), 0o600))
	check("file is read each time, requests do not leak", nil, "process", "again", "process", "unset", "unset")
	eventually(t, "the log to warn of the malformed line", func() bool { return strings.Contains(d.log(t), "line 5") })
}

func TestCommand_Identity(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root may take another identity")
	}
	d := start(t)
	secret := filepath.Join(d.dir, "secret")
	must(t, os.WriteFile(secret, []byte("x"), 0o600))
	show := "id -u; id -g; id -G; cat " + secret + " 2>/dev/null || echo denied"
	for _, c := range []struct {
		name string
		body object
		want []string
	}{
		{"own", object{}, []string{"0", "0", "*", "x"}},
		{"known", object{"uid": 65534}, []string{"65534", "65534", "65534", "denied"}},
		{"known with group", object{"uid": 65534, "gid": 12}, []string{"65534", "12", "12", "denied"}},
		{"unknown", object{"uid": 54321}, []string{"54321", "0", "0", "denied"}},
	} {
		c.body["command"] = show
		r := d.command(t, c.body)
		got := r.stdout()
		if len(got) == 4 && c.want[2] == "*" {
			got[2] = "*"
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	must(t, os.Chmod(d.dir, 0o700))
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/command",
		object{"command": "true", "uid": 65534, "cwd": d.dir})
}

// A daemon that a shell starts in the background has SIGINT and SIGQUIT ignored; its commands must not.
func TestCommand_NoIgnoredSignals(t *testing.T) {
	t.Parallel()
	d := prepare(t, t.TempDir(), nil)
	d.cmd.Args = append([]string{"sh", "-c", `trap '' INT QUIT PIPE; exec "$0" "$@"`}, d.cmd.Args...)
	d.cmd.Path = "/bin/sh"
	d.launch(t)
	t.Cleanup(func() { d.stop(t) })
	for _, sig := range []string{"INT", "PIPE"} { // bash itself ignores SIGQUIT, and gives it back to what it starts
		if end := d.command(t, "kill -"+sig+" $$").last(); end.Signal != "SIG"+sig {
			t.Errorf("SIG%s: %s", sig, end.Raw)
		}
	}
	r := d.command(t, "grep SigIgn: /proc/self/status")
	if ignoredSignals(t, strings.Join(r.stdout(), "")) != 0 {
		t.Errorf("%q", r.stdout())
	}
}

// ignoredSignals is the mask of a line SigIgn of proc_pid_status(5), of the signals that POSIX names: from 32 on they are the
// C library's.
func ignoredSignals(tb testing.TB, line string) uint64 {
	tb.Helper()
	mask, err := strconv.ParseUint(strings.TrimPrefix(line, "SigIgn:\t"), 16, 64)
	must(tb, err)
	return mask & (1<<31 - 1)
}

func TestCommand_Timeout(t *testing.T) {
	t.Parallel()
	d := start(t)
	r := d.command(t, object{"command": "trap '' TERM; echo begun; sleep 1000 & setsid sleep 1000 & sleep 1000", "timeout": 300})
	want := exitStatus(128+int(syscall.SIGKILL), "-1")
	want.signal, want.reason = "SIGKILL", "timeout"
	r.ends(t, want)
	if !slices.Equal(r.stdout(), []string{"begun"}) {
		t.Errorf("stdout %q", r.stdout())
	}
	eventually(t, "the end of the whole family", func() bool { return len(d.children()) == 0 })
	d.command(t, object{"command": "true", "timeout": 60_000}).ends(t, success)
}
