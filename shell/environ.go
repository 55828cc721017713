package shell

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Environ returns base with the variables of a file over it and extra over
// both. The file has KEY=VALUE lines; $NAME and ${NAME} in its values are
// replaced by what base has, or nothing. A value in single quotes is taken as
// it is; in one in double quotes, backslashes escape. Blank lines and those that begin
// with # are skipped, and so are malformed ones, with a warning each. A file
// that does not exist is no error. A name in extra that no environment can
// hold is one.
func Environ(base []string, file string, extra map[string]string) (env, warnings []string, err error) {
	for name := range extra {
		if !validName(name) || strings.ContainsRune(extra[name], 0) {
			return nil, nil, fmt.Errorf("environment variable %q: a name has no '=' and is not empty, and neither it nor its value has a NUL", name)
		}
	}
	if file == "" && len(extra) == 0 {
		return base, nil, nil
	}
	env = slices.Clone(base)
	at := make(map[string]int, len(env))
	for i, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		at[name] = i
	}
	set := func(name, value string) {
		if i, ok := at[name]; ok {
			env[i] = name + "=" + value
			return
		}
		at[name] = len(env)
		env = append(env, name+"="+value)
	}
	if file != "" {
		warnings = readEnvFile(file, lookupIn(base), set)
	}
	for name, value := range extra {
		set(name, value)
	}
	return env, warnings, nil
}

func validName(name string) bool { return name != "" && !strings.ContainsAny(name, "=\x00") }

func readEnvFile(file string, lookup func(string) (string, bool), set func(name, value string)) []string {
	path, err := ExpandPath(file, lookup)
	if err != nil {
		return []string{err.Error()}
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return []string{fmt.Sprintf("read environment file: %v", err)}
	}
	var warnings []string
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if !ok || !validName(name) || strings.ContainsRune(value, 0) {
			warnings = append(warnings, fmt.Sprintf("line %d is not KEY=VALUE and was skipped", number))
			continue
		}
		set(name, fileValue(value, lookup))
	}
	return warnings
}

// unescape is what may be escaped in a value in double quotes.
var unescape = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n", `\r`, "\r", `\t`, "\t")

func fileValue(value string, lookup func(string) (string, bool)) string {
	value = strings.TrimSpace(value)
	if last := len(value) - 1; last > 0 && value[0] == value[last] {
		switch value[0] {
		case '\'':
			return value[1:last]
		case '"':
			value = unescape.Replace(value[1:last])
		}
	}
	return os.Expand(value, func(n string) string { v, _ := lookup(n); return v })
}

// lookupIn finds variables in an environment; the last of a name wins.
func lookupIn(env []string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, kv := range slices.Backward(env) {
			if v, ok := strings.CutPrefix(kv, name+"="); ok {
				return v, true
			}
		}
		return "", false
	}
}

// marked is env with the id that descendants inherit.
func marked(env []string, id string) []string {
	if id == "" {
		return env
	}
	kept := make([]string, 0, len(env)+1)
	for _, kv := range env {
		if !strings.HasPrefix(kv, marker+"=") {
			kept = append(kept, kv)
		}
	}
	return append(kept, marker+"="+id)
}
