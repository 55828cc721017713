package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// jupyterServers is what scripts/jupyter-servers.sh has to say, once.
var jupyterServers = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("../scripts/jupyter-servers.sh")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
})

// jupyter is a Jupyter Server 2.x for daemons whose kernels it runs.
type jupyter struct {
	url, token    string
	port          int
	program, home string
	env           []string
	cmd           *exec.Cmd
	log           *os.File
}

// startJupyter starts one that ends with the test, with further environment variables as NAME=VALUE, or skips the test
// where there is none.
func startJupyter(tb testing.TB, env ...string) *jupyter {
	tb.Helper()
	needsPython(tb)
	servers, err := jupyterServers()
	must(tb, err)
	if servers == "" {
		tb.Skip("NO JUPYTER SERVER, so nothing is tested with one: scripts/jupyter-servers.sh says why")
	}
	j := &jupyter{token: newMarker(), home: tb.TempDir(), program: filepath.Join(servers, "2", "bin", "jupyter-server"), env: env}
	j.port = unusedPort(tb)
	j.url = "http://127.0.0.1:" + strconv.Itoa(j.port)
	j.launch(tb)
	tb.Cleanup(func() { j.stop(tb, syscall.SIGTERM) })
	return j
}

// launch starts the server, perhaps in the place of one that was stopped, and waits until it answers.
func (j *jupyter) launch(tb testing.TB) {
	tb.Helper()
	var err error
	j.log, err = os.OpenFile(filepath.Join(j.home, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(tb, err)
	j.cmd = exec.Command(j.program,
		"--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", fmt.Sprintf("--ServerApp.port=%d", j.port), "--ServerApp.port_retries=0",
		"--IdentityProvider.token="+j.token, "--ServerApp.root_dir="+j.home, "--ZMQChannelsWebsocketConnection.limit_rate=False")
	j.cmd.Dir, j.cmd.Stdout, j.cmd.Stderr = j.home, j.log, j.log
	j.cmd.Env = append(os.Environ(), "HOME="+j.home, "JUPYTER_RUNTIME_DIR="+j.home+"/run", "JUPYTER_CONFIG_DIR="+j.home+"/config",
		"JUPYTER_DATA_DIR="+j.home+"/data", "IPYTHONDIR="+j.home+"/ipython")
	j.cmd.Env = append(j.cmd.Env, j.env...)
	j.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	must(tb, j.cmd.Start())
	eventually(tb, "the Jupyter server", func() bool {
		r, err := connections.Get(j.url + "/api")
		if err != nil {
			return false
		}
		return r.Body.Close() == nil && r.StatusCode == http.StatusOK
	})
}

// stop ends the server, which ends its kernels; one that is killed leaves that to them.
func (j *jupyter) stop(tb testing.TB, sig syscall.Signal) {
	tb.Helper()
	if j.cmd == nil {
		return
	}
	_ = j.cmd.Process.Signal(sig)
	giveUp := time.AfterFunc(patience, func() { _ = j.cmd.Process.Kill() })
	_ = j.cmd.Wait() // its status does not matter
	giveUp.Stop()
	j.cmd = nil
	text, _ := os.ReadFile(j.log.Name()) // for the message
	_ = j.log.Close()
	if tb.Failed() {
		tb.Logf("the Jupyter server said:\n%s", tail(string(text), 8<<10))
	}
}

// daemon starts an execd whose kernels are the server's.
func (j *jupyter) daemon(tb testing.TB, args ...string) *daemon {
	tb.Helper()
	return start(tb, append([]string{"--jupyter-host", j.url, "--jupyter-token", j.token}, args...)...)
}

func unusedPort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(tb, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	must(tb, err)
	must(tb, l.Close())
	n, err := strconv.Atoi(port)
	must(tb, err)
	return n
}

// providerChecks are what must hold wherever the kernels come from. They share a context, whose kernel they leave alive.
var providerChecks = map[string]func(*testing.T, *daemon, string){
	"Input":          inputAnswered,
	"Input refused":  inputRefused,
	"Input of which": inputOfTheAsking,
	"Late output":    lateOutput,
	"Comms":          commMessages,
	"Errors":         errorsShown,
	"Values":         valuesCounted,
	"Whole":          contextWhole,
	"Deaths":         kernelDeaths,
	"Memory":         kernelMemory,
	"Flood":          kernelFlood,
	"Deaf":           kernelDeaf,
}

// TestProviders has one execd with kernels of its own, and one whose kernels a Jupyter server runs.
func TestProviders(t *testing.T) {
	t.Parallel()
	needsPython(t)
	check := func(t *testing.T, d *daemon) {
		t.Helper()
		id := d.newContext(t).ID
		for name, check := range providerChecks {
			t.Run(name, func(t *testing.T) { check(t, d, id) })
		}
	}
	t.Run("Local", func(t *testing.T) { t.Parallel(); check(t, start(t)) })
	t.Run("Server", func(t *testing.T) {
		t.Parallel()
		d := startJupyter(t).daemon(t)
		check(t, d)
		if end := d.code(t, "1 + 1").last(); strings.Contains(end.Raw, "usage") { // nobody here can know it
			t.Errorf("it ended with %s", end.Raw)
		}
	})
}
