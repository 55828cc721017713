"""Runs code with the OpenSandbox SDK in each of its languages, and draws a chart.

    sdk_languages.py DOMAIN DIRECTORY LANGUAGE...
"""

import sys
import threading

from code_interpreter.sync.code_interpreter import CodeInterpreterSync
from opensandbox.config.connection_sync import ConnectionConfigSync
from opensandbox.models.execd_sync import ExecutionHandlersSync
from opensandbox.sync.sandbox import SandboxSync

domain, directory, *languages = sys.argv[1:]

NODE_HANG = 'setTimeout(() => console.log("begun"), 0); await new Promise(() => setTimeout(() => {}, 1e6))'

# By language: keeps 41, shows one more, goes wrong, with which name and text, and prints begun and goes on.
DIALECTS = {
    "python": ("x = 41", "x + 1", "1/0", "ZeroDivisionError", "division by zero",
               "import time\nprint('begun', flush=True)\ntime.sleep(600)"),
    "java": ("int x = 41;", "x + 1", 'throw new RuntimeException("boom");', "RuntimeException", "java.lang.RuntimeException, boom",
             'System.out.println("begun"); while (true) { Thread.sleep(100); }'),
    "go": ("var x = 41", "%%\nfmt.Println(x + 1)", '%%\npanic("boom")', "panic", "boom",
           '%%\nfmt.Println("begun")\ntime.Sleep(time.Hour)'),
    "typescript": ("let x: number = 41", "x + 1", 'throw new RangeError("boom")', "RangeError", "boom", NODE_HANG),
    "javascript": ("let x = 41", "x + 1", 'throw new RangeError("boom")', "RangeError", "boom", NODE_HANG),
    "bash": ("x=41", "echo $((x + 1))", "(exit 7)", "Error", "7", "bash -c 'echo begun; exec sleep 600'"),
}


def same(got, want):
    assert got == want, f"{got!r}, want {want!r}"


def shown(done):
    """The value of an expression, which some kernels print and others return."""
    assert done.error is None, done.error
    return "".join(m.text for m in done.logs.stdout + done.result).strip()


def speak(codes, language):
    keep, show, fail, name, value, hang = DIALECTS[language]
    context = codes.create_context(language)
    same(context.language, language)
    same([c.id for c in codes.list_contexts(language)], [context.id])
    same(shown(codes.run(keep, context=context)), "")
    same(shown(codes.run(show, context=context)), "42")
    failed = codes.run(fail, context=context)
    same((failed.error.name, failed.error.value), (name, value))
    same(shown(codes.run(show, context=context)), "42")

    begun, ids = threading.Event(), []
    handlers = ExecutionHandlersSync(on_init=lambda i: ids.append(i.id), on_stdout=lambda m: begun.set())
    thread = threading.Thread(target=lambda: (begun.wait(60), codes.interrupt(ids[0])))
    thread.start()
    stopped = codes.run(hang, context=context, handlers=handlers)
    thread.join()
    assert stopped.error is not None, stopped
    same(shown(codes.run(show, context=context)), "42")
    codes.delete_context(context.id)
    same(codes.list_contexts(language), [])


def chart(codes, files):
    png = directory + "/chart.png"
    drawn = codes.run(
        "%matplotlib inline\n"
        "import matplotlib.pyplot as plt\n"
        f"plt.plot([1, 4, 9]); plt.savefig({png!r}); plt.show()",
        language="python",
    )
    assert drawn.error is None, drawn.error
    assert drawn.result[-1].text.startswith("<Figure size"), drawn.result
    same(files.read_bytes(png)[:8], b"\x89PNG\r\n\x1a\n")


with SandboxSync.connect("a-sandbox", ConnectionConfigSync(domain=domain, api_key="a-key")) as box:
    interpreter = CodeInterpreterSync.create(box)
    for language in languages:
        speak(interpreter.codes, language)
        print(language, flush=True)
    chart(interpreter.codes, box.files)
    print("chart", flush=True)
