"""Does with the OpenSandbox SDK what its users do, against execd behind a stand-in of the lifecycle API.

    sdk.py DOMAIN DIRECTORY
"""

import sys
import threading
import time
from datetime import timedelta

from code_interpreter.sync.code_interpreter import CodeInterpreterSync
from opensandbox.config.connection_sync import ConnectionConfigSync
from opensandbox.exceptions import SandboxException
from opensandbox.models.execd import RunCommandOpts
from opensandbox.models.execd_sync import ExecutionHandlersSync
from opensandbox.models.filesystem import (
    ContentReplaceEntry,
    DirectoryListEntry,
    MoveEntry,
    SearchEntry,
    SetPermissionEntry,
    WriteEntry,
)
from opensandbox.sync.sandbox import SandboxSync

domain, directory = sys.argv[1:]


def text(messages):
    return "".join(m.text for m in messages)


def same(got, want):
    assert got == want, f"{got!r}, want {want!r}"


def commands(sandbox):
    run = sandbox.commands.run
    done = run("echo out; echo err >&2; exit 3")
    same((text(done.logs.stdout), text(done.logs.stderr), done.exit_code), ("out", "err", 3))
    same(text(run(["printf", "%s|", "a b", "$HOME", "*"]).logs.stdout), "a b|$HOME|*|")
    opts = RunCommandOpts(working_directory=directory, envs={"NAME": "value"}, timeout=timedelta(seconds=60))
    same(text(run("echo $PWD $NAME", opts=opts).logs.stdout), f"{directory} value")
    sandbox.commands.set_env("PERSISTED", "it's $5 \"and\" more")
    same(text(run('echo "$PERSISTED"').logs.stdout), "it's  \"and\" more")
    sandbox.commands.set_env("PLAIN", "$HOME stays")
    same(text(run('echo "$PLAIN"').logs.stdout), "$HOME stays")
    cut = run("sleep 600", opts=RunCommandOpts(timeout=timedelta(milliseconds=300)))
    assert cut.error is not None and cut.exit_code != 0, cut

    begun = run("echo begun; sleep 600", opts=RunCommandOpts(background=True))
    assert sandbox.commands.get_command_status(begun.id).running
    while "begun" not in sandbox.commands.get_background_command_logs(begun.id).content:
        time.sleep(0.01)
    sandbox.commands.interrupt(begun.id)
    status = sandbox.commands.get_command_status(begun.id)
    assert not status.running and status.exit_code != 0, status

    session = sandbox.commands.create_session(working_directory=directory)
    sandbox.commands.run_in_session(session, "x=kept; cd /")
    same(text(sandbox.commands.run_in_session(session, "echo $x $PWD").logs.stdout), "kept /")
    sandbox.commands.delete_session(session)


def files(sandbox):
    fs = sandbox.files
    a, b, data = f"{directory}/sub/a ä.txt", f"{directory}/sub/b.txt", bytes(range(256)) * 4096
    fs.write_files([WriteEntry(path=a, data="one two one", mode=640), WriteEntry(path=b, data=data)])
    same(fs.read_file(a), "one two one")
    same(fs.read_file(a, range_header="bytes=4-6"), "two")
    same(fs.read_bytes(b), data)
    same(b"".join(fs.read_bytes_stream(b)), data)
    fs.replace_contents([ContentReplaceEntry(path=a, old_content="one", new_content="1")])
    counts = fs.replace_contents_detailed([ContentReplaceEntry(path=a, old_content="1", new_content="ä")])
    same([(r.path, r.replaced_count) for r in counts], [(a, 2)])
    same(fs.read_file(a), "ä two ä")
    info = fs.get_file_info([a, b])
    same((info[a].mode, info[b].mode, info[b].size), (640, 755, len(data)))
    fs.set_permissions([SetPermissionEntry(path=a, mode=600)])
    same(fs.get_file_info([a])[a].mode, 600)
    fs.create_directories([WriteEntry(path=f"{directory}/sub/deep/er", mode=700)])
    fs.move_files([MoveEntry(source=a, destination=f"{directory}/sub/deep/er/moved.txt")])
    listed = [e.path[len(directory) :] for e in fs.list_directory(DirectoryListEntry(path=f"{directory}/sub", depth=3))]
    same(listed, ["/sub/b.txt", "/sub/deep", "/sub/deep/er", "/sub/deep/er/moved.txt"])
    found = sorted(e.path[len(directory) :] for e in fs.search(SearchEntry(path=directory, pattern="*.txt")))
    same(found, ["/sub/b.txt", "/sub/deep/er/moved.txt"])
    fs.delete_files([b])
    fs.delete_directories([f"{directory}/sub/deep"])
    same(fs.list_directory(DirectoryListEntry(path=f"{directory}/sub")), [])
    try:
        fs.read_file(b)
    except SandboxException as e:
        assert "FILE_NOT_FOUND" in str(e) or "404" in str(e), e
    else:
        raise AssertionError("a deleted file was read")


def code(sandbox):
    interpreter = CodeInterpreterSync.create(sandbox)
    run = interpreter.codes.run
    context = interpreter.codes.create_context("python")
    same(run("x = 6 * 7\nx", context=context).result[0].text, "42")
    done = run("import sys\nprint('out', x)\nprint('err', file=sys.stderr)", context=context)
    same((text(done.logs.stdout).strip(), text(done.logs.stderr).strip()), ("out 42", "err"))
    failed = run("1/0", context=context)
    same((failed.error.name, failed.error.value), ("ZeroDivisionError", "division by zero"))
    same(run("y = 1\ny", language="python").result[0].text, "1")
    same([c.id for c in interpreter.codes.list_contexts("python") if c.id == context.id], [context.id])

    chart = run(
        "from IPython.display import Image, display\n"
        "import base64\n"
        "display(Image(base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=')))",
        context=context,
    )
    same(chart.result[0].text, "<IPython.core.display.Image object>")

    begun = threading.Event()
    ids = []
    handlers = ExecutionHandlersSync(on_init=lambda i: ids.append(i.id), on_stdout=lambda m: begun.set())
    thread = threading.Thread(target=lambda: (begun.wait(60), interpreter.codes.interrupt(ids[0])))
    thread.start()
    stopped = run("import time\nprint('begun', flush=True)\ntime.sleep(600)", context=context, handlers=handlers)
    thread.join()
    same(stopped.error.name, "KeyboardInterrupt")
    same(run("x", context=context).result[0].text, "42")
    interpreter.codes.delete_context(context.id)


with SandboxSync.connect("a-sandbox", ConnectionConfigSync(domain=domain, api_key="a-key")) as box:
    assert box.is_healthy()
    metrics = box.get_metrics()
    assert metrics.cpu_count >= 1 and metrics.memory_total_in_mib > 0, metrics
    for part in (commands, files, code):
        part(box)
        print(part.__name__, flush=True)
