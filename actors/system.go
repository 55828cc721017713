package actors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"execd/actors/event"
	"execd/actors/msg"
	"execd/kernel"
	"execd/metrics"
	"execd/shell"
)

// Config is what the supervision tree runs on. Zero durations and counts take
// their defaults.
type Config struct {
	Log     zerolog.Logger
	Store   *event.Store
	Kernels kernel.Provider // nil where there is none: code fails with a clear error

	Platform        Platform      // what this platform lacks: requests for it fail with NotSupported
	EnvFile         string        // EXECD_ENVS: variables for commands, read at each start
	StopGrace       time.Duration // from the polite signal to SIGKILL
	DisconnectGrace time.Duration // of on_disconnect kill
	Retention       Retention
	MaxRunning      int           // executions that run at once
	QueueLength     int           // runs that wait in one context
	IdleLimit       time.Duration // after which the kernel of a context that nobody uses ends; 0 is never
	MaxWatches      int           // watches of files that are kept at once
	WatchRetention  time.Duration // of a watch that nobody reads
	JanitorPeriod   time.Duration
	Metrics         metrics.Config
	Tracer          trace.Tracer // of OpenTelemetry; nil traces nothing
	Meter           metric.Meter // likewise; nil counts nothing for it

	// Fault, for tests, is called with the class of an actor before each
	// message that it receives, and may panic.
	Fault func(class Class, message any)
}

const (
	defaultStopGrace       = 3 * time.Second  // what the API's clients expect of DELETE /command
	defaultDisconnectGrace = 10 * time.Second // a mobile network changes cells within it
	defaultMaxRunning      = 10_000           // two descriptors each, half of the usual 65,536 at worst
	defaultQueueLength     = 128              // a notebook's "run all"
	defaultMaxWatches      = 64               // an inotify instance each, of which a user has 128
	defaultWatchRetention  = 5 * time.Minute  // a laptop that was closed for a moment
)

func (c Config) withDefaults() Config {
	setDefault(&c.StopGrace, defaultStopGrace)
	setDefault(&c.DisconnectGrace, defaultDisconnectGrace)
	setDefault(&c.MaxRunning, defaultMaxRunning)
	setDefault(&c.QueueLength, defaultQueueLength)
	setDefault(&c.MaxWatches, defaultMaxWatches)
	setDefault(&c.WatchRetention, defaultWatchRetention)
	setDefault(&c.JanitorPeriod, defaultJanitorPeriod)
	c.Retention = c.Retention.withDefaults()
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// System is the running supervision tree. It implements msg.Supervisor; all
// methods may be called from any goroutine.
type System struct {
	config      Config
	actors      *actor.ActorSystem
	root        *actor.PID
	runs        *registry
	census      *census
	meter       *meter
	tally       *tally
	instruments *instruments
	workers     sync.WaitGroup // every goroutine that an actor has started
	jobs        chan job       // to those of them that have nothing to do
	resting     atomic.Int32   // how many these are
	pulse       pulse
	lookouts    lookouts

	draining atomic.Bool // the daemon ends: what can outlive it does
	stopping atomic.Bool // the end of an actor is the daemon's doing, not a failure
	stopOnce sync.Once
	done     chan struct{} // closed when no message will be answered any more
	failed   chan struct{} // closed when the root has given up
	failOnce sync.Once
	cause    error // why; set before failed is closed
}

var _ msg.Supervisor = (*System)(nil)

// Start makes the tree. It is stopped by Stop.
func Start(config Config) *System {
	s := &System{
		config: config.withDefaults(),
		done:   make(chan struct{}),
		failed: make(chan struct{}),
		jobs:   make(chan job),
	}
	s.runs = newRegistry(s.config.Store)
	s.census = newCensus()
	s.meter = newMeter(s.config.Metrics)
	s.tally = newTally()
	var err error
	if s.instruments, err = newInstruments(s.config.Meter, s.meter); err != nil {
		s.config.Log.Warn().Err(err).Msg("some metrics are not sent")
	}
	s.runs.begun = func(x *execution) { s.tally.begins(x); x.journey = newJourney(s.config.Tracer, x) }
	s.runs.over = func(x *execution) { s.tally.ends(x); s.instruments.ends(x); x.journey.ended(x); s.noteEnd(x) }
	s.actors = actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return frameworkLogger(config.Log) }),
		actor.WithDeadLetterRequestLogging(false),
		actor.WithDeadLetterThrottleInterval(deadLetterInterval),
	)
	s.countDeadLetters()
	guard := s.actors.Root.Copy().WithGuardian(&strategy{system: s, class: classRoot})
	root, err := guard.SpawnNamed(s.props(classRoot, func() actor.Actor { return &root{system: s} }), "root")
	if err != nil {
		panic(fmt.Errorf("spawn root: %w", err)) // the name is free in a new system
	}
	s.root = root
	return s
}

// deadLetterInterval is how often the framework's dead letter throttle, which
// is a goroutine while it counts, forgets.
const deadLetterInterval = 10 * time.Millisecond

// Tell sends m to the root supervisor, unless it is a question about the tree
// itself.
func (s *System) Tell(m msg.Message) {
	if q, ok := m.(msg.ListActors); ok {
		s.census.answer(q)
		return
	}
	s.actors.Root.Send(s.root, m)
}

// Done is closed once no message will be answered any more.
func (s *System) Done() <-chan struct{} { return s.done }

// Failed is closed when the root supervisor has given up. The daemon is
// useless then and must exit; Err says why.
func (s *System) Failed() <-chan struct{} { return s.failed }

// Err is why the root supervisor has given up, once Failed is closed.
func (s *System) Err() error { return s.cause }

func (s *System) giveUp(cause error) {
	s.failOnce.Do(func() {
		s.cause = cause
		close(s.failed)
	})
}

// Drain refuses everything new from now on, ends all executions with a
// truthful terminal event, and returns when all have ended or ctx is over.
// Their logs can still be read.
func (s *System) Drain(ctx context.Context) error {
	d := drain{Reply: msg.NewReply[msg.Nothing](), deadline: deadlineOf(ctx)}
	if _, err := msg.Ask(ctx, s, d); err != nil && !errors.Is(err, msg.ErrStopped) {
		return fmt.Errorf("drain: %w", err)
	}
	return nil
}

// Stop ends the tree and returns when every actor, worker, process and kernel
// of it is gone, or ctx is over. Call Drain before it for a polite end.
func (s *System) Stop(ctx context.Context) error {
	err := s.End(ctx)
	s.Release()
	return err
}

// End is Stop without the end of the logs: they can be read until Release.
func (s *System) End(ctx context.Context) error {
	var err error
	s.stopOnce.Do(func() { err = s.stop(ctx) })
	return err
}

// Release removes all logs and their files, after End.
func (s *System) Release() {
	s.runs.removeAll()
	s.lookouts.removeAll()
}

func (s *System) stop(ctx context.Context) error {
	s.stopping.Store(true)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = s.actors.Root.StopFuture(s.root).Wait() // gives up after 10 s by itself
		close(s.done)
		s.endLeftovers(ctx, 0)
		s.runs.closeOutputs()
		s.lookouts.closeAll()
		s.workers.Wait()
	}()
	var err error
	select {
	case <-gone:
	case <-ctx.Done():
		err = fmt.Errorf("stop actors: %w", ctx.Err())
	}
	s.actors.Shutdown()
	return err
}

func deadlineOf(ctx context.Context) time.Time {
	if t, ok := ctx.Deadline(); ok {
		return t
	}
	return time.Now().Add(defaultStopGrace)
}

func (s *System) logPanic(class Class, message, reason any) {
	s.config.Log.Error().
		Str("actor", string(class)).
		Str("on", fmt.Sprintf("%T", message)).
		Str("panic", fmt.Sprint(reason)).
		Bytes("stack", debug.Stack()).
		Msg("actor panicked")
}

// environ is the environment for a command; log is told what was wrong with
// its file.
func (s *System) environ(base []string, extra map[string]string, log *zerolog.Logger) ([]string, error) {
	env, warnings, err := shell.Environ(base, s.config.EnvFile, extra)
	for _, w := range warnings {
		log.Warn().Str("file", s.config.EnvFile).Msg(w)
	}
	return env, err
}
