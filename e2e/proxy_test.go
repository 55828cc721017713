package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// upstream is a server in the sandbox, which tells what it was asked.
func upstream(t *testing.T) (port string) {
	t.Helper()
	goOn := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "first\n")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-goOn:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "second\n")
	})
	mux.HandleFunc("/go-on", func(http.ResponseWriter, *http.Request) { close(goOn) })
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		c, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			kind, text, err := c.ReadMessage()
			if err != nil || c.WriteMessage(kind, append([]byte("echo "), text...)) != nil {
				return
			}
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Header.Get("X-Sent"))
		w.WriteHeader(http.StatusTeapot)
		_, _ = fmt.Fprintf(w, "%s %s %s %q token=%q for=%q proto=%q", r.Method, r.RequestURI, r.Host, body,
			r.Header.Get("X-EXECD-ACCESS-TOKEN"), r.Header.Get("X-Forwarded-For"), r.Header.Get("X-Forwarded-Proto"))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL[strings.LastIndex(server.URL, ":")+1:]
}

func TestProxy_Requests(t *testing.T) {
	t.Parallel()
	const token = "the-token"
	d := start(t, "--access-token", token)
	port := upstream(t)
	for _, c := range []struct{ method, path, want string }{
		{http.MethodGet, "", "GET /"},
		{http.MethodGet, "/", "GET /"},
		{http.MethodPost, "/a/b?x=1&y=%20;z", "POST /a/b?x=1&y=%20;z"},
		{http.MethodPut, "/a%2Fb/%C3%A4", "PUT /a%2Fb/%C3%A4"},
		{http.MethodDelete, "/x/", "DELETE /x/"},
		{"PROPFIND", "/dav", "PROPFIND /dav"},
	} {
		a := d.call(t, c.method, "/proxy/"+port+c.path, "the body", "X-EXECD-ACCESS-TOKEN", token, "X-Sent", "seen")
		want := fmt.Sprintf(`%s %s "the body" token="" for="127.0.0.1, 127.0.0.1" proto="http"`, c.want, d.addr)
		if a.status != http.StatusTeapot || a.body != want || a.header.Get("X-Seen") != "seen" {
			t.Errorf("%d %s, want %s", a.status, a.body, want)
		}
	}
	a := d.call(t, http.MethodGet, "/proxy/"+port, nil, "X-EXECD-ACCESS-TOKEN", token, "X-Forwarded-For", "10.1.2.3, 10.4.5.6")
	if !strings.Contains(a.body, `for="10.1.2.3, 127.0.0.1"`) {
		t.Error(a.body)
	}
	d.call(t, http.MethodGet, "/proxy/"+port, nil).checkFailure(t, http.StatusUnauthorized, "UNAUTHORIZED", "no token")
}

func TestProxy_Streams(t *testing.T) {
	t.Parallel()
	d := start(t)
	port := upstream(t)
	resp, err := d.send(t.Context(), http.MethodGet, "/proxy/"+port+"/stream", nil)
	must(t, err)
	defer resp.Body.Close()
	first := make([]byte, len("first\n"))
	_, err = io.ReadFull(resp.Body, first) // while the second is still to come
	must(t, err)
	d.empty(t, http.MethodGet, "/proxy/"+port+"/go-on", nil)
	rest, err := io.ReadAll(resp.Body)
	if err != nil || string(first)+string(rest) != "first\nsecond\n" {
		t.Errorf("%q, %v", rest, err)
	}
	c, answer, err := websocket.DefaultDialer.Dial("ws://"+d.addr+"/proxy/"+port+"/echo", nil)
	must(t, err)
	defer c.Close()
	_ = answer.Body.Close()
	for _, text := range []string{"one", strings.Repeat("x", 1<<20)} {
		must(t, c.WriteMessage(websocket.TextMessage, []byte(text)))
		if _, got, err := c.ReadMessage(); err != nil || string(got) != "echo "+text {
			t.Errorf("%d bytes came, %v", len(got), err)
		}
	}
}

func TestProxy_Refused(t *testing.T) {
	t.Parallel()
	d := start(t)
	closed := httptest.NewServer(nil)
	port := closed.URL[strings.LastIndex(closed.URL, ":")+1:]
	closed.Close()
	d.fails(t, http.StatusBadGateway, "BAD_GATEWAY", http.MethodGet, "/proxy/"+port+"/x", nil)
	for _, at := range []string{"", "0", "65536/x", "-1", "http", "example.com:80/", "127.0.0.1"} {
		path := "/proxy/" + at
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, path, nil)
	}
	open := upstream(t)
	for _, h := range [][]string{{"Origin", "https://example.com"}, {"Sec-Fetch-Site", "cross-site"}} {
		d.call(t, http.MethodPost, "/proxy/"+open, nil, h...).checkFailure(t, http.StatusForbidden, "ORIGIN_NOT_ALLOWED", h[0])
	}
	a := d.call(t, http.MethodGet, "/proxy/"+open, nil, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate")
	if a.status != http.StatusTeapot {
		t.Errorf("a link from elsewhere: %d", a.status)
	}
}
