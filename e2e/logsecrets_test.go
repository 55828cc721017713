package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever is sent, done and refused, at the level that logs most: no token, no header with a credential, no value of a
// variable, no command, code, or content of a file is in the log. See daemon.secrets for all other tests.
func TestLog_NoSecrets(t *testing.T) {
	t.Parallel()
	const secret = "hunter2hunter2"
	envs := filepath.Join(t.TempDir(), "envs")
	must(t, os.WriteFile(envs, []byte("KEY="+secret+"\nno assignment "+secret+"\n"), 0o600))
	d := startWith(t, []string{"SECRET=" + secret, "EXECD_ENVS=" + envs},
		"--log-level", "7", "--access-token", secret, "--jupyter-host", "http://127.0.0.1:1/?token="+secret, "--jupyter-token", secret)
	h := []string{
		"X-EXECD-ACCESS-TOKEN", secret, "Authorization", "Bearer " + secret, "Cookie", secret, "Idempotency-Key", secret,
		"X-Request-ID", secret + " " + secret, // not printable, so it is not taken over
	}
	do := func(method, path string, body any) string { return d.call(t, method, path, body, h...).body }
	env := object{"PASSWORD": secret}
	d.command(t, object{"command": "echo $PASSWORD " + secret, "envs": env}, h...)
	do(http.MethodPost, "/command", `{"command":["`+secret+`"]}`)
	do(http.MethodPost, "/command", object{"command": "true", "envs": object{"A=" + secret: secret}})
	do(http.MethodPost, "/command", object{"argv": []string{"/no/such/program", secret}, "envs": env})
	session := decode[struct {
		ID string `json:"session_id"`
	}](t, d.ok(t, http.MethodPost, "/session", object{"envs": env}, h...)).ID
	do(http.MethodPost, "/session/"+session+"/run", object{"command": "echo $PASSWORD; " + secret + "; exit", "envs": env})
	do(http.MethodPost, "/code", object{"language": "python", "code": secret})
	do(http.MethodPost, "/code/context", object{"language": "python", "envs": env})
	do(http.MethodPost, "/pty", object{"command": secret, "envs": env})
	do(http.MethodPut, "/files/upload?owner=nobody-has-this-name&path="+d.dir+"/file", secret)
	do(http.MethodPost, "/files/replace", object{d.dir + "/file": object{"old": secret, "new": secret}})
	do(http.MethodGet, "/proxy/1/?key="+secret, nil)
	do(http.MethodGet, "/ready", nil)
	do(http.MethodGet, "/executions", nil)
	d.call(t, http.MethodGet, "/ping?password="+secret, nil, "X-EXECD-ACCESS-TOKEN", secret+"x")
	d.stop(t)
	lines := parseLog(t, d.log(t))
	for _, l := range lines {
		if strings.Contains(l.raw, secret) {
			t.Errorf("a secret is in the log: %s", l.raw)
		}
	}
	if len(lines) < 20 {
		t.Errorf("so little is logged that nothing is proven:\n%s", d.log(t))
	}
}
