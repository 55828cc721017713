#!/bin/sh
# Installs nbclient, which runs notebooks, and a Python kernel with pandas and matplotlib, pinned, into a virtual environment
# under .cache/, and prints its directory:
#
#   <dir>/bin/python       has nbclient
#   <dir>/share/jupyter    leads to the kernel
#
# Where they cannot be had, nothing is printed and the reason goes to standard error; the exit status is 0 in both cases,
# as with python-kernel.sh.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
dir=$root/.cache/notebook
pins=$root/scripts/notebook-client.txt
log=$root/.cache/notebook-client.log

say() {
    printf 'notebook-client: %s\n' "$*" >&2
}

# stamp changes with the pins and with the place, because scripts hold the absolute path of their interpreter.
stamp() {
    printf '%s %s' "$(cksum <"$pins")" "$dir"
}

ready() {
    [ "$(cat "$dir/.complete" 2>/dev/null)" = "$(stamp)" ]
}

install() {
    rm -rf "$dir"
    if command -v uv >/dev/null; then
        python3 -m venv --without-pip "$dir" && uv pip install --python "$dir/bin/python" -r "$pins"
    else
        python3 -m venv "$dir" &&
            "$dir/bin/python" -m pip install --disable-pip-version-check --no-input --retries 2 -r "$pins"
    fi && "$dir/bin/python" -m ipykernel install --prefix "$dir" && # the spec in the package does not name the interpreter
        "$dir/bin/python" -c 'import matplotlib.pyplot, pandas' &&  # makes its cache of fonts, which takes seconds
        stamp >"$dir/.complete"
}

answer() {
    printf '%s\n' "$dir"
    exit 0
}

if ready; then
    answer
fi
if ! command -v python3 >/dev/null; then
    say 'there is no python3 on PATH'
    exit 0
fi
mkdir -p "$root/.cache"
# The lock belongs to descriptor 9 and so to this process: no crash leaves it behind.
exec 9>"$root/.cache/notebook-client.lock"
python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
if ready; then
    answer
fi
say 'installing nbclient, pandas and matplotlib into .cache/notebook (once, about 30 seconds)'
if install </dev/null >"$log" 2>&1; then
    answer
fi
say "cannot install: $(grep -v '^[[:space:]]*$' "$log" | tail -n 1) (.cache/notebook-client.log)"
