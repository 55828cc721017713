package actors_test

import (
	"runtime"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"execd/actors"
	"execd/actors/msg"
)

// counted is the value of a counter or gauge, or the count of a histogram,
// with the values of its labels in the order of their names.
func (s *system) counted(name string, labels ...string) float64 {
	s.t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(s.Collectors()...)
	families, err := r.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			if hasLabels(m, labels) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return 0
}

func hasLabels(m *dto.Metric, labels []string) bool {
	if len(m.GetLabel()) != len(labels) {
		return false
	}
	for i, l := range m.GetLabel() {
		if l.GetValue() != labels[i] {
			return false
		}
	}
	return true
}

// expectCount waits for a count: an end is counted behind its last event.
func (s *system) expectCount(want float64, name string, labels ...string) {
	s.t.Helper()
	for ctx := deadline(s.t); ctx.Err() == nil; runtime.Gosched() {
		if s.counted(name, labels...) == want {
			return
		}
	}
	s.t.Errorf("%s%q is %v, want %v", name, labels, s.counted(name, labels...), want)
}

// TestTally: what was done has been counted, each under what it was.
func TestTally(t *testing.T) {
	once := make(chan struct{}, 1)
	s := start(t, func(c *actors.Config) {
		c.Fault = func(class actors.Class, message any) {
			if _, ok := message.(msg.ListExecutions); ok && class == "root" {
				select {
				case once <- struct{}{}:
					panic("injected")
				default:
				}
			}
		}
	})
	s.read(must(s, s.command("true")))
	s.read(must(s, s.command("exit 3")))
	refused := s.command("true")
	refused.Command.Dir = "/does/not/exist"
	if _, err := ask(s, refused); err == nil {
		t.Error("a command in no directory was not refused")
	}
	s.read(must(s, s.code("print one")))
	if _, err := ask(s, msg.ListExecutions{Reply: msg.NewReply[[]msg.Status]()}); err == nil {
		t.Error("the fault was not injected")
	}
	running := must(s, s.command("echo up; sleep 600"))
	for _, want := range []struct {
		name   string
		labels []string
		value  float64
	}{
		{"execd_executions_begun_total", []string{"command"}, 4},
		{"execd_executions_total", []string{"command", "success"}, 1},
		{"execd_executions_total", []string{"command", "failure"}, 1},
		{"execd_executions_total", []string{"command", "refused"}, 1},
		{"execd_executions_total", []string{"code", "success"}, 1},
		{"execd_execution_duration_seconds", []string{"command"}, 2},
		{"execd_execution_duration_seconds", []string{"code"}, 1},
		{"execd_kernel_start_seconds", []string{"success"}, 1},
		{"execd_actor_failures_total", []string{"root", "resumed"}, 1},
		{"execd_executions_running", nil, 1},
		{"execd_executions_retained", nil, 3},
	} {
		s.expectCount(want.value, want.name, want.labels...)
	}
	if s.counted("execd_log_memory_bytes") <= 0 || s.counted("execd_sampler_age_seconds") <= 0 {
		t.Error("logs hold nothing, or the sample has no age")
	}
	must(s, msg.RemoveExecution{Reply: msg.NewReply[msg.Nothing](), ID: running.ID})
	s.expectCount(1, "execd_executions_total", "command", "removed")
}
