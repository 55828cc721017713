package kernel

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"testing"
)

// TestRunEnvCode_Interpreters runs the code and looks what came of it: one
// variable was there before, one had another value, and the others are new.
func TestRunEnvCode_Interpreters(t *testing.T) {
	const python = `import json, os; print(json.dumps(dict(os.environ)), flush=True)`
	const javascript = "\nconsole.log(JSON.stringify(process.env))\n"
	for language, command := range map[string][]string{
		"python":     {"python3", "-c", "\n" + python + "\n"},
		"javascript": {"node", "-e", javascript},
		"bash":       {"bash", "-c", "\npython3 -c '" + python + "'\n"},
	} {
		t.Run(language, func(t *testing.T) {
			if _, err := exec.LookPath(command[0]); err != nil {
				t.Skip(err)
			}
			set, restore, ok := runEnvCode(language, nasty())
			if !ok {
				t.Fatal("no code")
			}
			look := command[2]
			// Each is run again, as after an interrupt in the middle.
			cmd := exec.Command(command[0], command[1], look+set+look+set+look+restore+look+restore+look)
			cmd.Env = append(os.Environ(), "WIDE=narrow \"'\n$x", "EMPTY=full")
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s: %v", set, err)
			}
			var seen []map[string]string
			for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
				env := map[string]string{}
				if err := d.Decode(&env); err != nil {
					t.Fatalf("it says more than it should: %q: %v", out, err)
				}
				maps.DeleteFunc(env, func(k, _ string) bool { _, is := nasty()[k]; return !is })
				seen = append(seen, env)
			}
			before := map[string]string{"WIDE": "narrow \"'\n$x", "EMPTY": "full"}
			for i, want := range []map[string]string{before, nasty(), nasty(), before, before} {
				if len(seen) != 5 || !maps.Equal(seen[i], want) {
					t.Fatalf("%s\n%d: %q, want %q", set, i, seen, want)
				}
			}
		})
	}
}
