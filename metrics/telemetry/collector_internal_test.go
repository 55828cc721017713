package telemetry

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answering is a collector that answers with statuses, one after the other, the last of them for ever.
func answering(t *testing.T, status ...int) (*collector, *atomic.Int32, *[]error) {
	t.Helper()
	var n atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i := int(n.Add(1)) - 1
		w.WriteHeader(status[min(i, len(status)-1)])
	}))
	var told []error
	c := newCollector(tracesSignal, &destination{url: server.URL + "/?token=hunter2", host: "there", timeout: time.Minute},
		func(err error) { told = append(told, err) })
	t.Cleanup(func() {
		c.close()
		c.client.CloseIdleConnections()
		server.Close()
	})
	return c, &n, &told
}

// What may be better next time is tried again, what was refused is not; the log hears of the first of a row of failures,
// and of its end.
func TestCollector_TriesAgain(t *testing.T) {
	c, n, told := answering(t, http.StatusServiceUnavailable, http.StatusOK, http.StatusBadRequest, http.StatusBadRequest, http.StatusOK)
	for i, want := range []bool{true, false, false, true} {
		if _, err := c.send(t.Context(), nil); (err == nil) != want {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if n.Load() != 5 {
		t.Errorf("%d requests were made", n.Load())
	}
	var failed []bool
	for _, err := range *told {
		failed = append(failed, err != nil)
	}
	if !slices.Equal(failed, []bool{true, false, true, false}) {
		t.Errorf("it tells %v", *told)
	}
}

// At the end, and when the SDK has no more patience, one attempt is all.
func TestCollector_GivesUp(t *testing.T) {
	c, n, _ := answering(t, http.StatusTooManyRequests)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.send(ctx, nil); err == nil || n.Load() != 1 {
		t.Errorf("%v after %d requests", err, n.Load())
	}
	c.close()
	if _, err := c.send(t.Context(), nil); err == nil || n.Load() != 2 {
		t.Errorf("%v after %d requests", err, n.Load())
	}
}

// An error names the collector's host, and nothing of the rest of its address.
func TestCollector_ErrorsTellNoSecret(t *testing.T) {
	c, _, _ := answering(t, http.StatusOK)
	c.to.url = "http://user:hunter2@127.0.0.1:1/?token=hunter2"
	c.close()
	_, err := c.send(t.Context(), nil)
	var sent *sendError
	if !errors.As(err, &sent) || !strings.Contains(err.Error(), "there") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("it says %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "3": 3 * time.Second, "-1": 0, "Fri, 31 Dec 1999 23:59:59 GMT": 0} {
		if got := retryAfter(text); got != want {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestEncodeAttribute(t *testing.T) {
	for want, kv := range map[string]attribute.KeyValue{
		`bool_value:true`:      attribute.Bool("k", true),
		`int_value:-7`:         attribute.Int("k", -7),
		`double_value:0.5`:     attribute.Float64("k", 0.5),
		`string_value:"text"`:  attribute.String("k", "text"),
		`string_value:"[\"a\"`: attribute.StringSlice("k", []string{"a", "b"}),
	} {
		if got := strings.ReplaceAll(encodeAttribute(kv).Value.String(), ": ", ":"); !strings.HasPrefix(strings.ReplaceAll(got, " ", ""), want) {
			t.Errorf("%v is %s", kv.Value, got)
		}
	}
}

// Nothing turned on: nothing is there, and nothing to end.
func TestStart_Off(t *testing.T) {
	off, err := Start(Config{Lookup: func(string) (string, bool) { return "", false }, HostInfo: t.TempDir()})
	if err != nil || off.Meter() != nil || off.Tracer() != nil || off.Shutdown(t.Context()) != nil {
		t.Errorf("%+v, %v", off, err)
	}
}
