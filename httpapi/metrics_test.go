package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"execd/actors/msg"
	"execd/httpapi"
)

// useMetrics does with metrics what can be done with them.
func useMetrics(t *testing.T, c *contract) {
	t.Helper()
	openapi3filter.RegisterBodyDecoder("application/openmetrics-text",
		func(r io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
			text, err := io.ReadAll(r)
			return string(text), err
		})
	l := newLive(t, c)
	l.contains(l.do(200, "GET", "/metrics", "", "Accept", "application/json, text/plain, */*").body, `"host":{`)
	for _, target := range []string{"/metrics", "/metrics/prometheus"} {
		l.contains(l.do(200, "GET", target, "", "Accept", "text/plain;version=0.0.4, */*;q=0.1").body, "execd_http_requests_total")
		l.contains(l.do(200, "GET", target, "", "Accept", "application/openmetrics-text;q=0.5,*/*;q=0.2").body, "# EOF")
	}
	for _, bad := range []string{"99", "60001", "-1", "1.5", "x", "99999999999999999999"} {
		l.refused(400, "INVALID_REQUEST_BODY", "GET", "/metrics/watch?interval_ms="+bad, "")
	}
	l.contains(l.watch("text/event-stream"), "data: {")
	l.contains(l.watch("application/x-ndjson"), "{")
}

// watch reads two samples and leaves.
func (l *live) watch(accept string) string {
	l.t.Helper()
	ctx, leave := context.WithTimeout(l.t.Context(), patience)
	defer leave()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.server.URL+"/metrics/watch?interval_ms=100", http.NoBody)
	if err != nil {
		l.t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	resp, err := l.server.Client().Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	for lines := bufio.NewScanner(resp.Body); bytes.Count(body.Bytes(), []byte("{\"cpu")) < 2 && lines.Scan(); {
		body.Write(append(lines.Bytes(), '\n'))
	}
	l.c.check(l.t, r, resp, body.Bytes())
	return body.String()
}

// TestMetrics_Refused: what the supervisor says is said before the stream.
func TestMetrics_Refused(t *testing.T) {
	server := serve(t, httpapi.Config{Supervisor: refusing{msg.ErrDraining}})
	for _, target := range []string{"/metrics", "/metrics/watch"} {
		if got := httpGet(t, server, target); got != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", target, got)
		}
	}
}

func httpGet(t *testing.T, server *httptest.Server, target string) int {
	t.Helper()
	resp, err := server.Client().Get(server.URL + target)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
