package actors

import (
	"os"
	"strings"
	"sync"

	"execd/actors/event"
	"execd/actors/msg"
	"execd/shell"
)

// prepare checks what a client asked for before anything starts, and turns it
// into a command to start. What it refuses is an InvalidRequest.
func (s *System) prepare(c msg.Command) (shell.Command, error) {
	env, err := s.environ(os.Environ(), c.Env)
	if err != nil {
		return shell.Command{}, invalid(err)
	}
	credential, err := shell.LookupCredential(c.UID, c.GID)
	if err != nil {
		return shell.Command{}, invalid(err)
	}
	var dir string
	if c.Dir != "" {
		if dir, err = shell.ResolveDir(c.Dir, lookupIn(env)); err != nil {
			return shell.Command{}, invalid(err)
		}
	}
	return shell.Command{
		Argv:       shell.Script(c.Script),
		Dir:        dir,
		Env:        env,
		Credential: credential,
		Join:       c.Background,
	}, nil
}

func invalid(err error) error { return msg.Errorf(msg.InvalidRequest, "%w", err) }

// lookupIn finds variables in an environment; the last of a name wins.
func lookupIn(env []string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := len(env) - 1; i >= 0; i-- {
			if v, ok := strings.CutPrefix(env[i], name+"="); ok {
				return v, true
			}
		}
		return "", false
	}
}

// sink takes a process's output to its log and its exact bytes to its output.
type sink struct {
	execution *execution
	streams   [2]stream
}

// stream splits one of stdout and stderr into lines. Its mutex is between the
// pump of its pipe and finish; nobody else takes it.
type stream struct {
	mu    sync.Mutex
	typ   event.Type
	lines shell.Lines
	over  bool
}

func newSink(x *execution) *sink {
	k := &sink{execution: x}
	k.streams[shell.Stdout].typ = event.TypeStdout
	k.streams[shell.Stderr].typ = event.TypeStderr
	return k
}

// Output implements shell.Sink.
func (k *sink) Output(s shell.Stream, p []byte) {
	k.execution.output.Write(p)
	st := &k.streams[s]
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.over {
		return
	}
	k.execution.log.Batch(func(b *event.Batch) {
		st.lines.Feed(p, func(line []byte, partial bool) { b.Text(st.typ, lineText(line), partial) })
	})
}

// finish delivers lines without a terminator; what comes later is background
// children's and goes to the exact bytes only.
func (k *sink) finish() {
	for i := range k.streams {
		st := &k.streams[i]
		st.mu.Lock()
		k.execution.log.Batch(func(b *event.Batch) {
			st.lines.Flush(func(line []byte, partial bool) { b.Text(st.typ, lineText(line), partial) })
		})
		st.over = true
		st.mu.Unlock()
	}
}

var newline = []byte("\n")

// lineText is the text of a line's event. An empty line is sent as a newline,
// because clients leave out an empty text.
func lineText(line []byte) []byte {
	if len(line) == 0 {
		return newline
	}
	return line
}
