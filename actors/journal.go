package actors

import (
	"time"

	"github.com/rs/zerolog"
)

// The fields of lines that tell of an execution.
const (
	fieldExecution = "execution_id"
	fieldRequest   = "request_id"
)

// about is the logger for what happens to an execution: each of its lines
// names it, and the request that began it.
func (s *System) about(x *execution) *zerolog.Logger {
	with := s.config.Log.With().Str(fieldExecution, x.id)
	if x.origin.RequestID != "" {
		with = with.Str(fieldRequest, x.origin.RequestID)
	}
	log := with.Logger()
	return &log
}

// begin registers an execution that a request begins; see registry.begin.
func (s *System) begin(x *execution) (_ *execution, fresh bool, _ error) {
	x, fresh, err := s.runs.begin(x, s.config.MaxRunning)
	if fresh {
		s.noteBegin(x)
	}
	return x, fresh, err
}

// noteBegin writes the line of an execution that was asked for. What it runs
// is not in it: a command may hold what no log should.
func (s *System) noteBegin(x *execution) {
	if s.config.Log.GetLevel() > zerolog.DebugLevel {
		return
	}
	s.about(x).Debug().Str("kind", string(x.kind)).Msg("execution begun")
}

// noteEnd writes the line of an execution's end. One that was refused is told
// to its client alone.
func (s *System) noteEnd(x *execution) {
	level := zerolog.InfoLevel
	outcome := x.result()
	if outcome == resultRefused {
		level = zerolog.DebugLevel
	}
	if s.config.Log.GetLevel() > level {
		return
	}
	x.mu.Lock()
	exit, signal, context := x.outcome.exit, x.outcome.signal, x.contextID
	x.mu.Unlock()
	line := s.about(x).WithLevel(level).Str("kind", string(x.kind)).Str("outcome", outcome)
	if context != "" {
		line.Str("context", context)
	}
	if exit != nil {
		line.Int("exit_code", *exit)
	}
	if signal != "" {
		line.Str("signal", signal)
	}
	line.Float64("ms", float64(x.took().Microseconds())/float64(time.Millisecond/time.Microsecond)).Msg("execution ended")
}
