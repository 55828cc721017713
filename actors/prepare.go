package actors

import (
	"os"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"execd/actors/msg"
	"execd/shell"
)

// prepare checks what a client asked for before anything starts, and turns it
// into a command to start. What it refuses is an InvalidRequest.
func (s *System) prepare(c msg.Command, log *zerolog.Logger) (shell.Command, error) {
	env, err := s.environ(os.Environ(), c.Env, log)
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
	argv := c.Argv
	if len(argv) == 0 {
		argv = shell.Script(c.Script)
	}
	if slices.ContainsFunc(argv, func(word string) bool { return strings.ContainsRune(word, 0) }) {
		return shell.Command{}, invalid(shell.ErrNUL)
	}
	return shell.Command{
		Argv:       argv,
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
