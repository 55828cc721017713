package e2e_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// object is a JSON object, in requests.
type object map[string]any

// connections are the tests' own, and not kept: a connection left open would look like a leak.
var connections = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// send makes a request and returns its response, whose body is the caller's to close. A body that is a string or a
// reader is sent as it is, nil is none, and anything else is sent as JSON.
func (d *daemon) send(ctx context.Context, method, path string, body any, h ...string) (*http.Response, error) {
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	case io.Reader:
		r = b
	default:
		text, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		r = bytes.NewReader(text)
	}
	q, err := http.NewRequestWithContext(ctx, method, d.url+path, r)
	if err != nil {
		return nil, err
	}
	q.Header.Set("Authorization", "Bearer "+d.planted) // which execd does not know, and must not log
	if d.token != "" {
		q.Header.Set("X-EXECD-ACCESS-TOKEN", d.token)
	}
	for i := 0; i+1 < len(h); i += 2 {
		if h[i] == "Host" {
			q.Host = h[i+1]
			continue
		}
		if h[i] == "Authorization" {
			q.Header.Del(h[i])
		}
		q.Header.Add(h[i], h[i+1])
	}
	return cmp.Or(d.client, connections).Do(q)
}

// call makes a request and reads the whole response.
func (d *daemon) call(tb testing.TB, method, path string, body any, h ...string) answer {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := d.send(ctx, method, path, body, h...)
	if err != nil {
		tb.Fatalf("%s %s: %v", method, path, err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		tb.Fatalf("%s %s: read body: %v", method, path, err)
	}
	return answer{r.StatusCode, r.Header, string(text)}
}

// ok makes a request that must succeed with 200.
func (d *daemon) ok(tb testing.TB, method, path string, body any, h ...string) answer {
	tb.Helper()
	a := d.call(tb, method, path, body, h...)
	if a.status != http.StatusOK {
		tb.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	return a
}

// empty makes a request that must succeed and have nothing to say: 200, and a length of 0 rather than chunks.
func (d *daemon) empty(tb testing.TB, method, path string, body any, h ...string) {
	tb.Helper()
	a := d.ok(tb, method, path, body, h...)
	if a.body != "" || a.header.Get("Content-Length") != "0" {
		tb.Errorf("%s %s: Content-Length %q, body %q, want nothing", method, path, a.header.Get("Content-Length"), a.body)
	}
}

// get reads a JSON value into a T.
func get[T any](tb testing.TB, d *daemon, path string, h ...string) T {
	tb.Helper()
	return decode[T](tb, d.ok(tb, http.MethodGet, path, nil, h...))
}

// post sends a JSON value and reads another into a T.
func post[T any](tb testing.TB, d *daemon, path string, body any, h ...string) T {
	tb.Helper()
	return decode[T](tb, d.ok(tb, http.MethodPost, path, body, h...))
}

// decode reads the body of a response that must be JSON.
func decode[T any](tb testing.TB, a answer) T {
	tb.Helper()
	var v T
	if kind := a.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		tb.Fatalf("Content-Type %q, want JSON: %s", kind, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		tb.Fatalf("%v in %s", err, a.body)
	}
	return v
}

// failure is the contract's shape of every error.
type failure struct {
	Code, Message, Error string
	Oldest               int64
}

// fails makes a request that must be refused with a status and a code, in the contract's shape.
func (d *daemon) fails(tb testing.TB, status int, code, method, path string, body any, h ...string) failure {
	tb.Helper()
	a := d.call(tb, method, path, body, h...)
	return a.checkFailure(tb, status, code, method+" "+path)
}

func (a answer) checkFailure(tb testing.TB, status int, code, request string) failure {
	tb.Helper()
	if a.status != status {
		tb.Fatalf("%s: status %d, want %d: %.500s", request, a.status, status, a.body)
	}
	f := decode[failure](tb, a)
	if f.Code != code {
		tb.Errorf("%s: code %q, want %q (%s)", request, f.Code, code, f.Message)
	}
	if strings.TrimSpace(f.Message) == "" {
		tb.Errorf("%s: the error has no message: %s", request, a.body)
	}
	return f
}

// curl runs the real one, as a person would, and returns what it prints. D in an argument stands for the address.
func (d *daemon) curl(tb testing.TB, args ...string) string {
	tb.Helper()
	path, err := exec.LookPath("curl")
	if err != nil {
		tb.Skip("there is no curl")
	}
	for i := range args {
		args[i] = strings.Replace(args[i], "http://D", d.url, 1)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append([]string{"-sS", "-N"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("curl %q: %v: %s", args, err, stderr.String())
	}
	return string(out)
}
