package kernel

import (
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"testing"
)

// nasty are values that quoting has to get right.
func nasty() map[string]string {
	return map[string]string{
		"EMPTY": "", "QUOTES": `a "b" 'c' \d \"`, "LINES": "a\nb\tc\r", "EXPANDED": "$HOME `id` ${x} %s $(id) !1 {}",
		"WIDE": "ü 日本 🙂 \u2028 <&>",
	}
}

// TestSetupCode_Interpreters runs the code and looks what came of it.
func TestSetupCode_Interpreters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), `it's "here" $x`)
	if err := exec.Command("mkdir", dir).Run(); err != nil {
		t.Fatal(err)
	}
	const python = `import json, os; print(json.dumps([os.getcwd(), dict(os.environ)]))`
	const javascript = "\nconsole.log(JSON.stringify([process.cwd(), process.env]))"
	for language, command := range map[string][]string{
		"python":     {"python3", "-c", "\n" + python},
		"javascript": {"node", "-e", javascript},
		"typescript": {"node", "-e", javascript},
		"bash":       {"bash", "-c", "\npython3 -c '" + python + "'"},
	} {
		t.Run(language, func(t *testing.T) {
			if _, err := exec.LookPath(command[0]); err != nil {
				t.Skip(err)
			}
			code, ok := setupCode(language, dir, nasty())
			if !ok {
				t.Fatal("no code")
			}
			out, err := exec.Command(command[0], command[1], code+command[2]).Output()
			if err != nil {
				t.Fatalf("%s: %v", code, err)
			}
			var cwd string
			env := map[string]string{}
			if err := json.Unmarshal(out, &[]any{&cwd, &env}); err != nil {
				t.Fatalf("it says more than it should: %q: %v", out, err)
			}
			maps.DeleteFunc(env, func(k, _ string) bool { _, is := nasty()[k]; return !is })
			if cwd != dir || !maps.Equal(env, nasty()) {
				t.Errorf("%s\nin %q with %q", code, cwd, env)
			}
		})
	}
}

func TestSetupCode_Gonb(t *testing.T) {
	code, ok := setupCode("go", `/a "b"`, map[string]string{"A": "x\ny", "B": ""})
	if want := "%env A \"x\\ny\"\n%env B \"\"\n%cd \"/a \\\"b\\\"\""; !ok || code != want {
		t.Errorf("%s, want %s", code, want)
	}
	if code, ok := setupCode("go", "/ü", nil); ok {
		t.Errorf("gonb would read %s as something else", code)
	}
	if _, ok := setupCode("java", "/tmp", nil); ok {
		t.Error("a JVM cannot change its directory")
	}
}
