package telemetry

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// environmentOf is an environment of NAME=VALUE.
func environmentOf(hostInfo string, vars ...string) environment {
	all := map[string]string{}
	for _, kv := range vars {
		name, value, _ := strings.Cut(kv, "=")
		all[name] = value
	}
	return environment{lookup: func(name string) (string, bool) { v, ok := all[name]; return v, ok }, hostInfo: hostInfo}
}

func TestEnvironment_Destinations(t *testing.T) {
	info := filepath.Join(t.TempDir(), "hostinfo")
	if err := os.WriteFile(info, []byte("# the node\nname\n 10.1.2.3 \n10.9.9.9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const both, own = "OTEL_EXPORTER_OTLP_ENDPOINT=", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT="
	for _, c := range []struct {
		name            string
		hostInfo        string
		vars            []string
		metrics, traces string // where they go; empty for nowhere, "!" for an error
	}{
		{"nothing", "", nil, "", ""},
		{"empty is unset", "", []string{both, "HOST_IP="}, "", ""},
		{"both", "", []string{both + "http://c:1"}, "http://c:1/v1/metrics", "http://c:1/v1/traces"},
		{"with a path", "", []string{both + "https://c/base/"}, "https://c/base/v1/metrics", "https://c/base/v1/traces"},
		{"its own as it is", "", []string{both + "http://c", own + "http://d/x"}, "http://d/x", "http://c/v1/traces"},
		{"address of the node", "", []string{"HOST_IP=10.0.0.1"}, "http://10.0.0.1:4318/v1/metrics", ""},
		{"IPv6 of the node", "", []string{"HOST_IP=fd00::1"}, "http://[fd00::1]:4318/v1/metrics", ""},
		{"no address", "", []string{"HOST_IP=node-7"}, "", ""},
		{"file of the node", info, nil, "http://10.1.2.3:4318/v1/metrics", ""},
		{"the variable before the file", info, []string{"HOST_IP=10.0.0.1"}, "http://10.0.0.1:4318/v1/metrics", ""},
		{"the endpoint before both", info, []string{"HOST_IP=10.0.0.1", both + "http://c"}, "http://c/v1/metrics", "http://c/v1/traces"},
		{"no such file", info + "x", nil, "", ""},
		{"disabled", info, []string{both + "http://c", "OTEL_SDK_DISABLED=True"}, "", ""},
		{"none", "", []string{both + "http://c", "OTEL_METRICS_EXPORTER=none"}, "", "http://c/v1/traces"},
		{"another exporter", "", []string{both + "http://c", "OTEL_TRACES_EXPORTER=zipkin"}, "http://c/v1/metrics", "!"},
		{"no scheme", "", []string{both + "c:4318"}, "!", "!"},
		{"no host", "", []string{both + "http:///x"}, "!", "!"},
		{"another protocol", "", []string{both + "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}, "!", "!"},
		{"timeout", "", []string{both + "http://c", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=soon"}, "http://c/v1/metrics", "!"},
		{"compression", "", []string{both + "http://c", "OTEL_EXPORTER_OTLP_COMPRESSION=zstd"}, "!", "!"},
		{"headers", "", []string{both + "http://c", "OTEL_EXPORTER_OTLP_HEADERS=secret"}, "!", "!"},
		{"no certificate", "", []string{both + "http://c", "OTEL_EXPORTER_OTLP_CERTIFICATE=" + info}, "!", "!"},
		{"no client certificate", "", []string{both + "http://c", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=" + info}, "!", "!"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := environmentOf(c.hostInfo, c.vars...)
			for s, want := range map[signal]string{metricsSignal: c.metrics, tracesSignal: c.traces} {
				got := ""
				d, err := e.destination(s)
				switch {
				case err != nil:
					got = "!"
					if strings.Contains(err.Error(), "secret") {
						t.Errorf("an error tells a secret: %v", err)
					}
				case d != nil:
					got = d.url
				}
				if got != want {
					t.Errorf("%s go to %q, want %q (%v)", s.name, got, want, err)
				}
			}
		})
	}
}

func TestEnvironment_Refines(t *testing.T) {
	e := environmentOf("", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c", "OTEL_EXPORTER_OTLP_TIMEOUT=250", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=50",
		"OTEL_EXPORTER_OTLP_METRICS_COMPRESSION=gzip", "OTEL_EXPORTER_OTLP_HEADERS=a=1, b = two%2C ,", "OTEL_EXPORTER_OTLP_TRACES_HEADERS=a=3")
	metrics, err := e.destination(metricsSignal)
	if err != nil || metrics.timeout != 250*time.Millisecond || !metrics.gzip ||
		!maps.Equal(metrics.headers, map[string]string{"a": "1", "b": "two,"}) {
		t.Errorf("%+v, %v", metrics, err)
	}
	traces, err := e.destination(tracesSignal)
	if err != nil || traces.timeout != 50*time.Millisecond || traces.gzip ||
		!maps.Equal(traces.headers, map[string]string{"a": "3", "b": "two,"}) {
		t.Errorf("%+v, %v", traces, err)
	}
}

func TestEnvironment_Shared(t *testing.T) {
	got, err := environmentOf("", "OPENSANDBOX_ID=box", "OPENSANDBOX_EXECD_METRICS_EXTRA_ATTRS=b=2,a=1").shared()
	if err != nil || len(got) != 3 || got[0].Key != "sandbox_id" || got[1].Key != "a" || got[2].Value.AsString() != "2" {
		t.Errorf("%v, %v", got, err)
	}
	got, err = environmentOf("", "OPENSANDBOX_ID=box", "OPENSANDBOX_EXECD_METRICS_EXTRA_ATTRS=nonsense").shared()
	if err == nil || len(got) != 1 {
		t.Errorf("nonsense is %v, %v", got, err)
	}
}
