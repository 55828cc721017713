package e2e_test

// dialect is a language, and how to say in it what can be said in every one.
type dialect struct {
	name     string // as a client may write it
	language string // what the context says
	kernel   string // the kernelspec that runs it
	set, get string // keep 41, and show one more
	unicode  string // prints é€😀
	stderr   string // prints err
	where    string // prints the working directory and the variable OF_ONE
	fail     string // goes wrong
	ename    string
	evalue   string
	rich     []string // cells, of which the last shows <b>x</b> as HTML
	hang     string   // prints begun, and goes on

	// terminal: the kernel has its shell in a terminal, which has no stderr.
	terminal bool

	// rigid: a kernel of a server cannot be given a directory and an environment.
	rigid bool
}

// tslabHang prints when it waits already: an interrupt that comes while Node.js begins to wait may be lost or end it.
const tslabHang = `setTimeout(() => console.log("begun"), 0); await new Promise(() => setTimeout(() => {}, 1e6))`

// dialects are the six languages, and Deno's kernel.
var dialects = []dialect{
	{
		name: "PY", language: "python", kernel: "python3", set: "x = 41", get: "x + 1",
		unicode: `print("é€😀")`, stderr: `import sys; print("err", file=sys.stderr)`,
		where: `import os; print(os.getcwd(), os.environ["OF_ONE"])`,
		fail:  "1/0", ename: "ZeroDivisionError", evalue: "division by zero",
		rich: []string{`from IPython.display import HTML; HTML("<b>x</b>")`},
		hang: `import time; print("begun", flush=True); time.sleep(1000)`,
	}, {
		name: "Sh", language: "bash", kernel: "bash", set: "x=41", get: "echo $((x + 1))",
		unicode: `echo "é€😀"`, stderr: "echo err >&2", where: `echo "$PWD $OF_ONE"`,
		fail: "(exit 7)", ename: "Error", evalue: "7",
		rich: []string{`displayHTML <<<"<b>x</b>"`},
		// In the foreground by the time that it prints: bash itself does not hear Ctrl-C while it forks.
		hang: "bash -c 'echo begun; exec sleep 1000'", terminal: true,
	}, {
		name: "Java", language: "java", kernel: "java", set: "int x = 41;", get: "x + 1",
		unicode: `System.out.println("é€😀")`, stderr: `System.err.println("err")`,
		where: `System.out.println(System.getProperty("user.dir") + " " + System.getenv("OF_ONE"))`,
		fail:  `throw new RuntimeException("boom");`, ename: "RuntimeException", evalue: "java.lang.RuntimeException, boom",
		rich: []string{`display("<b>x</b>", "text/html")`},
		hang: `System.out.println("begun"); while (true) { Thread.sleep(100); }`, rigid: true,
	}, {
		name: "NodeJS", language: "javascript", kernel: "jslab", set: "let x = 41", get: "x + 1",
		unicode: `console.log("é€😀")`, stderr: `console.error("err")`, where: "console.log(process.cwd(), process.env.OF_ONE)",
		fail: `throw new RangeError("boom")`, ename: "RangeError", evalue: "boom",
		rich: []string{`require("tslab").display.html("<b>x</b>")`}, hang: tslabHang,
	}, {
		name: "TS", language: "typescript", kernel: "tslab", set: "let x: number = 41", get: "x + 1",
		unicode: `console.log("é€😀")`, stderr: `console.error("err")`, where: "console.log(process.cwd(), process.env.OF_ONE)",
		fail: `throw new RangeError("boom")`, ename: "RangeError", evalue: "boom",
		rich: []string{`import * as tslab from "tslab"; tslab.display.html("<b>x</b>")`}, hang: tslabHang,
	}, {
		name: "GoLang", language: "go", kernel: "gonb", set: "var x = 41", get: "%%\nfmt.Println(x + 1)",
		unicode: "%%\nfmt.Println(\"é€😀\")", stderr: "%%\nfmt.Fprintln(os.Stderr, \"err\")",
		where: "%%\nwd, _ := os.Getwd()\nfmt.Println(wd, os.Getenv(\"OF_ONE\"))",
		fail:  "%%\npanic(\"boom\")", ename: "panic", evalue: "boom",
		rich: []string{ // the module by its exact version, which needs no list of them
			"!*go get github.com/janpfeifer/gonb@v0.10.7",
			"import \"github.com/janpfeifer/gonb/gonbui\"\n%%\ngonbui.DisplayHtml(\"<b>x</b>\")",
		},
		hang: "%%\nfmt.Println(\"begun\")\ntime.Sleep(time.Hour)",
	}, {
		name: "Deno", language: "deno", kernel: "deno", set: "let x: number = 41", get: "x + 1",
		unicode: `console.log("é€😀")`, stderr: `console.error("err")`, where: `console.log(Deno.cwd(), Deno.env.get("OF_ONE"))`,
		fail: `throw new RangeError("boom")`, ename: "RangeError", evalue: "boom",
		rich: []string{"Deno.jupyter.html`<b>x</b>`"}, hang: `console.log("begun"); for (;;) {}`,
	},
}
