package httpapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"execd/httpapi"
	"execd/kernel/kerneltest"
)

// What is proxied is a part of execd's span; without spans the header goes through as it is.
func TestTrace_Proxied(t *testing.T) {
	const client = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("Traceparent"))
	}))
	defer other.Close()
	address, err := url.Parse(other.URL)
	if err != nil {
		t.Fatal(err)
	}
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	for _, tracer := range []trace.Tracer{nil, provider.Tracer("test")} {
		server := serveSystem(t, &kerneltest.Fake{}, httpapi.Config{Tracer: tracer})
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/proxy/"+address.Port()+"/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Traceparent", client)
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		want := client
		if tracer != nil {
			server.Close() // so that the request is over
			span := spans.Ended()[0]
			want = "00-4bf92f3577b34da6a3ce929d0e0e4736-" + span.SpanContext().SpanID().String() + "-01"
			if span.Name() != "GET /proxy/:port" || span.Parent().SpanID().String() != "00f067aa0ba902b7" || !span.Parent().IsRemote() {
				t.Errorf("%s is a part of %v", span.Name(), span.Parent())
			}
		}
		if string(got) != want {
			t.Errorf("the other server gets %q, want %q", got, want)
		}
	}
}
