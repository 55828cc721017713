package kernel_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"execd/kernel"
)

// flavor is a kind of Jupyter server.
type flavor struct {
	name string
	bin  string // below what scripts/jupyter-servers.sh prints
	args []string
	env  []string
}

var (
	server2 = flavor{"Jupyter Server 2", "2/bin/jupyter-server", []string{
		"--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=PORT", "--ServerApp.port_retries=0",
		"--IdentityProvider.token=TOKEN", "--ServerApp.root_dir=ROOT", "--ServerApp.base_url=/user/me/",
	}, nil}
	server1 = flavor{"Jupyter Server 1", "1/bin/jupyter-server", []string{
		"--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=PORT", "--ServerApp.port_retries=0",
		"--ServerApp.token=TOKEN", "--ServerApp.root_dir=ROOT", "--ServerApp.base_url=/user/me/",
	}, nil}
	kernelGateway = flavor{"Kernel Gateway", "2/bin/jupyter-kernelgateway", []string{
		"--KernelGatewayApp.ip=127.0.0.1", "--KernelGatewayApp.port=PORT", "--KernelGatewayApp.port_retries=0",
		"--KernelGatewayApp.auth_token=TOKEN", "--KernelGatewayApp.base_url=/user/me/",
	}, nil}
	enterpriseGateway = flavor{"Enterprise Gateway", "1/bin/jupyter-enterprisegateway", []string{
		"--EnterpriseGatewayApp.ip=127.0.0.1", "--EnterpriseGatewayApp.port=PORT", "--EnterpriseGatewayApp.port_retries=0",
		"--EnterpriseGatewayApp.auth_token=TOKEN", "--EnterpriseGatewayApp.base_url=/user/me/",
		"--EnterpriseGatewayApp.list_kernels=True",
	}, []string{"EG_PROHIBITED_UIDS=", "EG_UNAUTHORIZED_USERS="}}
	flavors = []flavor{server2, server1, kernelGateway, enterpriseGateway}
)

const token = "secret-of-the-tests"

// script runs a script of the checkout and returns what it prints.
func script(t *testing.T, name string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join("..", "scripts", name))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

// environment is asked for once: the scripts may install.
var environment struct {
	sync.Once
	servers, kernels string
}

// jupyterServer is a running one.
type jupyterServer struct {
	flavor flavor
	port   int
	root   string
	env    []string
	bin    string
	cmd    *exec.Cmd
	log    *os.File
}

func (j *jupyterServer) url() string {
	return "http://127.0.0.1:" + strconv.Itoa(j.port) + "/user/me/"
}

// newJupyter starts a real server, or skips the test where there is none.
func newJupyter(t *testing.T, f flavor) *jupyterServer {
	t.Helper()
	environment.Do(func() {
		environment.servers, environment.kernels = script(t, "jupyter-servers.sh"), script(t, "python-kernel.sh")
	})
	if environment.servers == "" || environment.kernels == "" {
		t.Skip("NO JUPYTER SERVER, so nothing is tested against a real one: scripts/jupyter-servers.sh says why")
	}
	home := t.TempDir()
	root := filepath.Join(home, "root")
	if err := os.MkdirAll(filepath.Join(root, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(home, "log"))
	if err != nil {
		t.Fatal(err)
	}
	j := &jupyterServer{flavor: f, root: root, log: log, port: freePort(t)}
	j.bin = filepath.Join(environment.servers, f.bin)
	j.env = append(os.Environ(), "JUPYTER_PATH="+environment.kernels, "HOME="+home, "JUPYTER_RUNTIME_DIR="+home+"/run",
		"JUPYTER_CONFIG_DIR="+home+"/config", "JUPYTER_DATA_DIR="+home+"/data", "IPYTHONDIR="+home+"/ipython")
	j.env = append(j.env, f.env...)
	j.start(t)
	t.Cleanup(func() {
		j.stop(syscall.SIGTERM)
		_ = log.Close()
		if t.Failed() {
			b, _ := os.ReadFile(log.Name())
			t.Logf("%s said:\n%.20000s", f.name, b)
		}
	})
	return j
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// start starts the server and waits until it answers.
func (j *jupyterServer) start(t *testing.T) {
	t.Helper()
	fill := strings.NewReplacer("PORT", strconv.Itoa(j.port), "TOKEN", token, "ROOT", j.root)
	var args []string
	for _, a := range j.flavor.args {
		args = append(args, fill.Replace(a))
	}
	j.cmd = exec.Command(j.bin, args...)
	j.cmd.Dir, j.cmd.Env = j.root, j.env
	j.cmd.Stdout, j.cmd.Stderr = j.log, j.log
	j.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := j.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	for limit := time.Now().Add(2 * patience); ; {
		r, err := client.Get(j.url() + "api")
		if err == nil {
			_ = r.Body.Close()
			if r.StatusCode < 500 {
				return
			}
		}
		if time.Now().After(limit) {
			t.Fatalf("%s does not answer: %v", j.flavor.name, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// stop ends the server; kernels notice that or are told.
func (j *jupyterServer) stop(sig syscall.Signal) {
	if j.cmd == nil {
		return
	}
	_ = syscall.Kill(-j.cmd.Process.Pid, sig)
	_ = j.cmd.Wait()
	j.cmd = nil
}

// provider returns a Server that ends with the test.
func (j *jupyterServer) provider(t *testing.T, cfg kernel.ServerConfig) *kernel.Server {
	t.Helper()
	if cfg.URL == "" {
		cfg.URL = j.url()
	}
	return newServer(t, cfg)
}

func newServer(t *testing.T, cfg kernel.ServerConfig) *kernel.Server {
	t.Helper()
	if cfg.Token == "" {
		cfg.Token = token
	}
	if cfg.Logf == nil {
		name := t.Name()
		cfg.Logf = func(format string, args ...any) { fmt.Fprintf(os.Stderr, name+": "+format+"\n", args...) }
	}
	s, err := kernel.NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Logf("close: %v", err)
		}
	})
	return s
}

// with is a flavor that is configured in another way.
func (f flavor) with(name string, args ...string) flavor {
	f.name, f.args = f.name+", "+name, append(slices.Clone(f.args), args...)
	return f
}

// TestServer_Real does with each server what must work with all.
func TestServer_Real(t *testing.T) {
	legacy := server2.with("legacy protocol", "--ZMQChannelsWebsocketConnection.kernel_ws_protocol=")
	for _, f := range append([]flavor{legacy}, flavors...) {
		t.Run(f.name, func(t *testing.T) {
			j := newJupyter(t, f)
			for name, test := range map[string]func(*testing.T, *jupyterServer){
				"Cells":     serverCells,
				"Lifecycle": serverLifecycle,
				"Killed":    serverKilled,
				"Cut":       serverCut,
			} {
				t.Run(name, func(t *testing.T) { test(t, j) })
			}
			if f.name != kernelGateway.name { // does not list its kernels
				t.Run("Adopt", func(t *testing.T) { serverAdopt(t, j) })
			}
		})
	}
}

func serverCells(t *testing.T, j *jupyterServer) {
	t.Helper()
	k := start(t, j.provider(t, kernel.ServerConfig{}), kernel.StartSpec{Language: "py", ID: "cells"})
	if k.ID() != "cells" || k.Language() != "python" {
		t.Errorf("id %q, language %q", k.ID(), k.Language())
	}
	for name, test := range map[string]func(cell){
		"Print":         pythonPrint,
		"Stderr":        pythonStderr,
		"Result":        pythonResult,
		"Error":         pythonError,
		"Display":       pythonDisplay,
		"Update":        pythonUpdate,
		"JSON":          pythonJSON,
		"Clear":         pythonClear,
		"Page":          pythonPage,
		"Unicode":       pythonUnicode,
		"Count":         pythonCount,
		"Refused input": pythonInputRefused,
		"Silent":        pythonSilent,
		"Queue":         pythonQueue,
	} {
		t.Run(name, func(t *testing.T) { test(cell{t, k}) })
	}
}

// TestServer_Floods: with its limits off, a server gives everything on.
func TestServer_Floods(t *testing.T) {
	off := server2.with("without limits", "--ZMQChannelsWebsocketConnection.limit_rate=False")
	k := start(t, newJupyter(t, off).provider(t, kernel.ServerConfig{}), kernel.StartSpec{Language: "python"})
	for name, test := range map[string]func(cell){
		"Bytes": pythonBytes,
		"Many":  pythonMany,
		"Large": pythonLarge,
	} {
		t.Run(name, func(t *testing.T) { test(cell{t, k}) })
	}
}

// TestServer_Limits: what a server drops because of its limits is said.
func TestServer_Limits(t *testing.T) {
	for _, f := range []flavor{server2, server1} {
		t.Run(f.name, func(t *testing.T) {
			k := start(t, newJupyter(t, f).provider(t, kernel.ServerConfig{}), kernel.StartSpec{Language: "python"})
			r, result := execute(t, k, "print('x' * 20_000_000)")
			if result.Status != kernel.StatusOK || result.Err != nil {
				t.Errorf("%+v", result)
			}
			if list := r.only(kernel.KindDropped); len(list) != 1 || !strings.Contains(list[0].Text, "iopub_data_rate_limit") {
				t.Errorf("dropped: %.300v", list)
				for _, o := range r.all() {
					t.Logf("%s %s %.300q", o.Kind, o.Name, o.Text)
				}
			}
		})
	}
}
