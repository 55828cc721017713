package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/prometheus/client_golang/prometheus"
)

// tally counts what the tree does. All methods may be called from any
// goroutine.
type tally struct {
	begun       *prometheus.CounterVec
	ended       *prometheus.CounterVec
	seconds     *prometheus.HistogramVec
	kernels     *prometheus.HistogramVec
	failures    *prometheus.CounterVec
	deadLetters prometheus.Counter
}

// executionBuckets go from a command that does nothing to a build.
var executionBuckets = []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800}

// kernelBuckets go from a kernel that was ready to one that compiles first.
var kernelBuckets = []float64{.01, .05, .1, .25, .5, .75, 1, 1.5, 2, 3, 5, 10, 20, 60}

// newTally counts from 0 what may never happen: what is not there cannot be
// watched.
func newTally() *tally {
	t := &tally{
		begun: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "execd_executions_begun_total", Help: "Executions that were asked for, by kind.",
		}, []string{"kind"}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "execd_executions_total", Help: "Executions that have ended, by kind and outcome: success, failure, refused, " +
				"or the reason of an end that was not their own doing.",
		}, []string{"kind", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "execd_execution_duration_seconds", Help: "Time from the start to the end of an execution, by kind.", Buckets: executionBuckets,
		}, []string{"kind"}),
		kernels: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "execd_kernel_start_seconds", Help: "Time until a kernel was ready, or had failed to start, by outcome.", Buckets: kernelBuckets,
		}, []string{"outcome"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "execd_actor_failures_total", Help: "Panics of actors, by kind and by what became of it: restarted, resumed, stopped, gave up.",
		}, []string{"actor", "verdict"}),
		deadLetters: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "execd_dead_letters_total", Help: "Messages to actors that had stopped.",
		}),
	}
	for class := range policies {
		t.failures.WithLabelValues(string(class), restartIt.String())
	}
	t.kernels.WithLabelValues(resultSuccess)
	t.kernels.WithLabelValues(resultFailure)
	return t
}

// begins counts an execution that was asked for.
func (t *tally) begins(x *execution) { t.begun.WithLabelValues(string(x.kind)).Inc() }

// ends counts the end of an execution.
func (t *tally) ends(x *execution) {
	kind, result := string(x.kind), x.result()
	t.ended.WithLabelValues(kind, result).Inc()
	if result == resultRefused {
		return
	}
	t.seconds.WithLabelValues(kind).Observe(x.took().Seconds())
}

// kernelStarted counts the start of a kernel that took since began.
func (t *tally) kernelStarted(began time.Time, err error) {
	outcome := "success"
	if err != nil {
		outcome = "failure"
	}
	t.kernels.WithLabelValues(outcome).Observe(time.Since(began).Seconds())
}

func (v verdict) String() string {
	return [...]string{stopIt: "stopped", restartIt: "restarted", resumeIt: "resumed", giveUp: "gave up"}[v]
}

// countDeadLetters has the framework tell of each.
func (s *System) countDeadLetters() {
	s.actors.EventStream.Subscribe(func(event any) {
		if _, ok := event.(*actor.DeadLetterEvent); ok {
			s.tally.deadLetters.Inc()
		}
	})
}

// gauges are measured when they are asked for.
type gauges struct{ system *System }

var (
	gaugeRunning  = prometheus.NewDesc("execd_executions_running", "Executions that run or wait for their turn.", nil, nil)
	gaugeRetained = prometheus.NewDesc("execd_executions_retained", "Executions that have ended and can be read.", nil, nil)
	gaugeMemory   = prometheus.NewDesc("execd_log_memory_bytes", "Memory of all event logs.", nil, nil)
	gaugeDisk     = prometheus.NewDesc("execd_log_disk_bytes", "Files of all event logs.", nil, nil)
	gaugeReaders  = prometheus.NewDesc("execd_log_readers", "Open cursors on event logs.", nil, nil)
	countEvicted  = prometheus.NewDesc("execd_log_evicted_bytes_total", "Bytes of events that were evicted.", nil, nil)
	gaugeAge      = prometheus.NewDesc("execd_sampler_age_seconds", "Age of the newest sample of the machine.", nil, nil)
	gaugeWatchers = prometheus.NewDesc("execd_metrics_watchers", "Clients that watch samples.", nil, nil)
)

// Describe implements prometheus.Collector.
func (gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		gaugeRunning, gaugeRetained, gaugeMemory, gaugeDisk, gaugeReaders, countEvicted, gaugeAge, gaugeWatchers,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (g gauges) Collect(to chan<- prometheus.Metric) {
	s := g.system
	usage := s.config.Store.Usage()
	gauge := func(d *prometheus.Desc, v float64) { to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	gauge(gaugeRunning, float64(s.runs.active()))
	gauge(gaugeRetained, float64(len(s.runs.past())))
	gauge(gaugeMemory, float64(usage.Memory))
	gauge(gaugeDisk, float64(usage.Disk))
	gauge(gaugeReaders, float64(usage.Readers))
	to <- prometheus.MustNewConstMetric(countEvicted, prometheus.CounterValue, float64(usage.Evicted))
	gauge(gaugeAge, s.meter.age(time.Now()).Seconds())
	gauge(gaugeWatchers, float64(s.meter.watchers()))
}

// Collectors are what the tree counts, for Prometheus.
func (s *System) Collectors() []prometheus.Collector {
	t := s.tally
	return []prometheus.Collector{t.begun, t.ended, t.seconds, t.kernels, t.failures, t.deadLetters, gauges{s}}
}
