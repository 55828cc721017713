package kernel

import (
	"strings"
	"testing"
)

// What kernels print and reply, as they were seen to.
func TestQuirk_Confession(t *testing.T) {
	for _, c := range []struct {
		name, argv    string
		stdout        bool // something is printed to stdout at the end
		stderr        []string
		reply         string
		status        Status
		ename, evalue string
	}{
		{name: "tslab: thrown", argv: "node /x/tslab/bin/tslab kernel",
			stderr: []string{
				"TypeError: of mine\n",
				"evalmachine.<anonymous>:2\nthrow new RangeError(\"boom\");\n^\n\nRangeError: boom\n    at x {\n  [cause]: Error: inner\n}\n",
			},
			reply: `{"status":"error"}`, status: StatusError, ename: "RangeError", evalue: "boom"},
		{name: "tslab: interrupted", argv: "tslab kernel",
			stderr: []string{"Error [ERR_SCRIPT_EXECUTION_INTERRUPTED]: Script execution was interrupted by `SIGINT`\n    at x\n"},
			reply:  `{"status":"error"}`, status: StatusError, ename: "Error", evalue: "Script execution was interrupted by `SIGINT`"},
		{name: "tslab: not compiled", argv: "tslab kernel", stderr: []string{"1:1 - Cannot find name 'let'.\n", "1:7 - Expression expected.\n"},
			reply: `{"status":"error"}`, status: StatusError, ename: "SyntaxError", evalue: "1:1 - Cannot find name 'let'."},
		{name: "tslab: no Error thrown", argv: "tslab kernel", stderr: []string{"mine\n", "thrown\n"},
			reply: `{"status":"error"}`, status: StatusError, ename: "Error", evalue: "thrown"},
		{name: "tslab: nothing thrown", argv: "tslab kernel", reply: `{"status":"error"}`, status: StatusError, ename: "Error"},
		{name: "tslab: a warning", argv: "tslab kernel", stderr: []string{"Error: mine\n"}, reply: okReply, status: StatusOK},
		{name: "gonb: panic", argv: "/x/gonb --kernel", stderr: []string{"panic: ", "boom\n\ngoroutine 1 [running]:\n", "exit status 2\n"},
			reply: okReply, status: StatusError, ename: "panic", evalue: "boom"},
		{name: "gonb: exit", argv: "/x/gonb --kernel", stderr: []string{"exit status 3\n"},
			reply: okReply, status: StatusError, ename: "ExitError", evalue: "exit status 3"},
		{name: "gonb: interrupted", argv: "/x/gonb --kernel", stderr: []string{"^C\nsignal: interrupt\n"},
			reply: okReply, status: StatusError, ename: "ExitError", evalue: "signal: interrupt"},
		{name: "gonb: crashed", argv: "/x/gonb --kernel", stderr: []string{"signal: segmentation fault (core dumped)\n"},
			reply: okReply, status: StatusError, ename: "ExitError", evalue: "signal: segmentation fault (core dumped)"},
		{name: "gonb: printed by a program that goes on", argv: "/x/gonb --kernel", stderr: []string{"exit status 3\n"}, stdout: true,
			reply: okReply, status: StatusOK},
		{name: "gonb: printed among other things", argv: "/x/gonb --kernel", stderr: []string{"child: exit status 3\n"},
			reply: okReply, status: StatusOK},
		{name: "gonb: not compiled", argv: "/x/gonb --kernel", reply: `{"status":"error","ename":"ERROR","evalue":"v"}`,
			status: StatusError, ename: "ERROR", evalue: "v"},
		{name: "bash", argv: "python3 -m bash_kernel", stderr: []string{"exit status 3\n"}, reply: `{"status":"error","ename":"","evalue":"3"}`,
			status: StatusError, ename: "Error", evalue: "3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, _, h := newExecution(quirkOf(&kernelspec{Argv: strings.Fields(c.argv)}))
			for _, text := range c.stderr {
				say(t, e, "stream", `{"name":"stderr","text":`+quoteJSON(text)+`}`)
			}
			if c.stdout {
				say(t, e, "stream", `{"name":"stdout","text":"on"}`)
			}
			say(t, e, "status", idle)
			say(t, e, "execute_reply", c.reply)
			got := h.result()
			if got == nil || got.Status != c.status || got.EName != c.ename || got.EValue != c.evalue {
				t.Fatalf("%+v", got)
			}
			if len(c.stderr) > 0 && got.EName != "" && c.ename != "Error" && len(got.Traceback) == 0 {
				t.Errorf("there is no traceback: %+v", got)
			}
		})
	}
}
