package kernel_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"execd/kernel"
	"execd/kernel/jupyter"
)

// TestServer_Redirect: the token goes nowhere but where it is configured to.
func TestServer_Redirect(t *testing.T) {
	var thief atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { thief.Add(1) }))
	t.Cleanup(other.Close)
	for _, path := range []string{"/api/kernelspecs", "/api/sessions", "/api/kernels/k1/channels"} {
		f := plainFake(t, &fakeJupyter{before: func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == path && (path != "/api/sessions" || r.Method == http.MethodPost) {
				http.Redirect(w, r, other.URL+path, http.StatusTemporaryRedirect)
				return true
			}
			return false
		}})
		_, err := newServer(t, kernel.ServerConfig{URL: f.URL}).Start(deadline(t), kernel.StartSpec{Language: "python"})
		var refused *jupyter.RedirectError
		if !errors.As(err, &refused) || refused.To != other.URL || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if thief.Load() > 0 {
		t.Errorf("%d requests went to the other host", thief.Load())
	}
	f := plainFake(t, &fakeJupyter{before: func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/base/api/kernelspecs" {
			http.Redirect(w, r, "/api/kernelspecs", http.StatusFound)
		}
		return strings.HasPrefix(r.URL.Path, "/base")
	}})
	if list, err := newServer(t, kernel.ServerConfig{URL: f.URL + "/base"}).Languages(deadline(t)); err != nil || len(list) != 1 {
		t.Errorf("redirect on the same host: %v, %v", list, err)
	}
}

// TestServer_Address: what operators paste.
func TestServer_Address(t *testing.T) {
	f := plainFake(t, &fakeJupyter{})
	for _, url := range []string{f.URL, f.URL + "/", f.URL + "/lab?token=from-the-url", f.URL + "/tree?token=from-the-url"} {
		s, err := kernel.NewServer(kernel.ServerConfig{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Languages(deadline(t)); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		_ = s.Close()
		want := ""
		if strings.Contains(url, "token") {
			want = "token from-the-url"
		}
		if got := f.headers[len(f.headers)-1].Get("Authorization"); got != want {
			t.Errorf("%s: sends %q", url, got)
		}
	}
	for _, url := range []string{"", "localhost:8888", "ftp://host/", "http://", "http://me:pw@host/", "http://a b/"} {
		if _, err := kernel.NewServer(kernel.ServerConfig{URL: url}); !errors.Is(err, jupyter.ErrAddress) || strings.Contains(err.Error(), "pw") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestServer_TLS(t *testing.T) {
	f := newFakeJupyter(t, &fakeJupyter{}, httptest.NewTLSServer)
	_, err := newServer(t, kernel.ServerConfig{URL: f.URL}).Languages(deadline(t))
	if var509 := (&tls.CertificateVerificationError{}); !errors.As(err, &var509) {
		t.Errorf("trusts an unknown certificate: %v", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(f.Certificate())
	ok(t, f.kernel(t, kernel.ServerConfig{TLS: &tls.Config{RootCAs: pool}}), "1")
}

// TestServer_Stall: a server that takes connections and says nothing.
func TestServer_Stall(t *testing.T) {
	f := plainFake(t, &fakeJupyter{before: func(_ http.ResponseWriter, r *http.Request) bool {
		<-r.Context().Done()
		return true
	}})
	s := newServer(t, kernel.ServerConfig{URL: f.URL, RequestTimeout: short})
	if _, err := s.Languages(deadline(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if _, err := s.Start(deadline(t), kernel.StartSpec{Language: "python"}); !errors.Is(err, kernel.ErrStart) {
		t.Errorf("%v", err)
	}
}

// TestServer_StartCanceled: a kernel that comes when nobody waits any more is
// ended.
func TestServer_StartCanceled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(deadline(t))
	why := errors.New("changed my mind")
	release := make(chan struct{})
	f := plainFake(t, &fakeJupyter{before: func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			cancel(why)
			<-release
		}
		return false
	}})
	s := newServer(t, kernel.ServerConfig{URL: f.URL})
	if _, err := s.Start(ctx, kernel.StartSpec{Language: "python"}); !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
	close(release)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := f.deletions(); got != "/api/sessions/s1" {
		t.Errorf("deleted %q", got)
	}
}

// TestServer_Odd: what a socket may bring and a run must survive.
func TestServer_Odd(t *testing.T) {
	for name, test := range map[string]struct {
		before  func(*fakeSocket, fakeMessage)
		dropped string
	}{
		"Malformed": {before: func(s *fakeSocket, _ fakeMessage) {
			for _, text := range []string{"", "{", "[]", "null", `{"header":1}`, `{"channel":"iopub","header":{}}`, "\x00\xff"} {
				_ = s.WriteMessage(websocket.TextMessage, []byte(text))
				_ = s.WriteMessage(websocket.BinaryMessage, []byte(text))
			}
		}},
		"Foreign idle": {before: func(s *fakeSocket, _ fakeMessage) {
			for n := range 9 { // as the server numbers what it asks in the name of our session
				s.say("iopub", "status", map[string]any{"msg_id": fmt.Sprintf("%s_%d", s.name, n)}, map[string]any{"execution_state": "idle"})
				s.say("shell", "execute_reply", map[string]any{"msg_id": fmt.Sprintf("%s_%d", s.name, n)}, map[string]any{"status": "error"})
			}
		}},
		"Too large": {before: func(s *fakeSocket, m fakeMessage) {
			s.print(m, strings.Repeat("x", 64<<10))
		}, dropped: "stream: message of "},
	} {
		t.Run(name, func(t *testing.T) {
			f := plainFake(t, &fakeJupyter{execute: func(s *fakeSocket, m fakeMessage) {
				test.before(s, m)
				s.print(m, "end")
				s.finish(m)
			}})
			r := ok(t, f.kernel(t, kernel.ServerConfig{FrameLimit: 32 << 10}), "1")
			if got := r.text("stdout"); got != "end" {
				t.Errorf("stdout %q", got)
			}
			list := r.only(kernel.KindDropped)
			if test.dropped == "" && len(list) > 0 || test.dropped != "" && (len(list) != 1 || !strings.HasPrefix(list[0].Text, test.dropped)) {
				t.Errorf("dropped %v", list)
			}
		})
	}
}

// TestServer_CutInFrame: the reply breaks off in its middle, and the server
// has forgotten it when the connection is back.
func TestServer_CutInFrame(t *testing.T) {
	for _, bytes := range []int{0, 1, 2, 60} {
		f := plainFake(t, &fakeJupyter{execute: func(s *fakeSocket, m fakeMessage) {
			if s.number > 1 {
				s.finish(m)
				return
			}
			s.status(m, "busy")
			frame := append([]byte{0x81, 126, 0x40, 0}, strings.Repeat(" ", 100)...)
			_, _ = s.NetConn().Write(frame[:bytes])
			_ = s.NetConn().Close()
		}})
		k := f.kernel(t, kernel.ServerConfig{Grace: short})
		if _, result := execute(t, k, "1"); result.Status != kernel.StatusError || !errors.Is(result.Err, kernel.ErrLost) {
			t.Errorf("after %d bytes: %+v", bytes, result)
		}
		ok(t, k, "2")
	}
}

// TestServer_Silent: a connection on which nothing comes, not even pongs, is
// made again.
func TestServer_Silent(t *testing.T) {
	var cells atomic.Int64 // not sockets: on a busy machine a pong may be late without this
	f := plainFake(t, &fakeJupyter{execute: func(s *fakeSocket, m fakeMessage) {
		if cells.Add(1) > 1 {
			s.finish(m)
			return
		}
		s.SetPingHandler(func(string) error { return nil })
	}})
	k := f.kernel(t, kernel.ServerConfig{PingEvery: short, Grace: short})
	if _, result := execute(t, k, "1"); !errors.Is(result.Err, kernel.ErrLost) {
		t.Errorf("%+v", result)
	}
	ok(t, k, "2")
}

// TestServer_Vanished: a kernel that somebody deletes says nothing any more. A
// 404 that a proxy says, because there is no server behind it, is not that.
func TestServer_Vanished(t *testing.T) {
	var looks atomic.Int64
	var server atomic.Bool
	f := plainFake(t, &fakeJupyter{
		execute: func(*fakeSocket, fakeMessage) {},
		before: func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "k1") {
				looks.Add(1)
				http.NotFound(w, r)
				return true
			}
			if looks.Load() > 0 && !server.Load() && r.URL.Path == "/api" {
				w.WriteHeader(http.StatusBadGateway)
				return true
			}
			return false
		},
	})
	k := f.kernel(t, kernel.ServerConfig{})
	r := begin(t, k, "1")
	for limit := time.Now().Add(patience); looks.Load() < 2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("nobody looks for the kernel")
		}
	}
	select {
	case <-k.Done():
		t.Fatalf("believes the proxy: %v", k.Err())
	default:
	}
	server.Store(true)
	if result := r.wait(t); result.Status != kernel.StatusDead || !errors.Is(result.Err, kernel.ErrDead) {
		t.Errorf("%+v", result)
	}
}

// TestServer_Replaced: the connection is back, and another process answers.
func TestServer_Replaced(t *testing.T) {
	f := plainFake(t, &fakeJupyter{execute: func(s *fakeSocket, _ fakeMessage) { _ = s.NetConn().Close() }})
	k := f.kernel(t, kernel.ServerConfig{})
	f.process.Store("another process")
	if _, result := execute(t, k, "1"); result.Status != kernel.StatusDead || !strings.Contains(result.Err.Error(), "restarted") {
		t.Errorf("%+v", result)
	}
}
