package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"execd/actors/event"
	"execd/httpapi"
)

// A run that ends with its reader is told of one who had left before there was an answer.
func TestDeserted_BeforeTheAnswer(t *testing.T) {
	t.Parallel()
	gone, leave := context.WithCancel(t.Context())
	leave()
	for path, body := range map[string]string{
		"/command":        `{"command":"sleep 600","on_disconnect":"kill"}`,
		"/session/s1/run": `{"command":"sleep 600","on_disconnect":"kill","wait_ms":60000}`,
		"/code":           `{"code":"x","language":"python","on_disconnect":"kill"}`,
	} {
		for range 32 { // who has an answer and has left may be told either
			log := event.NewStore(t.TempDir(), event.Limits{}, nil).NewLog("x1")
			log.Append(event.Event{Type: event.TypeInit, Text: "x1"})
			var mu sync.Mutex
			var seen []int
			log.OnReaders(func(n int) {
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, n)
			})
			server := httpapi.New(httpapi.Config{Supervisor: holder{log}, Log: zerolog.Nop()})
			r := httptest.NewRequestWithContext(gone, http.MethodPost, path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			func() {
				defer func() { _ = recover() }() // how net/http is told of a broken stream
				server.Handler().ServeHTTP(httptest.NewRecorder(), r)
			}()
			mu.Lock()
			if !slices.Equal(seen, []int{1, 0}) {
				t.Fatalf("%s: readers %v, want one who leaves", path, seen)
			}
			mu.Unlock()
			log.Remove()
		}
	}
}
