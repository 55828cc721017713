#!/bin/sh
# Installs the Jupyter servers that the tests start, each set into a virtual environment of its own under .cache/, and
# prints the directory that holds them:
#
#   <dir>/1/bin/   jupyter server 1.x, jupyter enterprisegateway
#   <dir>/2/bin/   jupyter server 2.x, jupyter kernelgateway
#
# Where they cannot be had, nothing is printed and the reason goes to standard error; the exit status is 0 in both cases,
# as with python-kernel.sh. Kernels are not in here: JUPYTER_PATH leads to them.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
dir=$root/.cache/jupyter
log=$root/.cache/jupyter-servers.log

say() {
    printf 'jupyter-servers: %s\n' "$*" >&2
}

# stamp N: changes with the pins and with the place, because scripts hold the absolute path of their interpreter.
stamp() {
    printf '%s %s' "$(cksum <"$root/scripts/jupyter-server-$1.txt")" "$dir"
}

ready() {
    for n in 1 2; do
        [ "$(cat "$dir/$n/.complete" 2>/dev/null)" = "$(stamp $n)" ] || return 1
    done
}

install() {
    rm -rf "${dir:?}/$1"
    pins=$root/scripts/jupyter-server-$1.txt
    if command -v uv >/dev/null; then
        python3 -m venv --without-pip "$dir/$1" && uv pip install --python "$dir/$1/bin/python" -r "$pins"
    else
        python3 -m venv "$dir/$1" &&
            "$dir/$1/bin/python" -m pip install --disable-pip-version-check --no-input --retries 2 -r "$pins"
    fi && stamp "$1" >"$dir/$1/.complete"
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
mkdir -p "$dir"
# The lock belongs to descriptor 9 and so to this process: no crash leaves it behind.
exec 9>"$root/.cache/jupyter-servers.lock"
python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
if ready; then
    answer
fi
say 'installing Jupyter servers into .cache/jupyter (once, about a minute)'
if { install 1 && install 2; } </dev/null >"$log" 2>&1; then
    answer
fi
say "cannot install: $(grep -v '^[[:space:]]*$' "$log" | tail -n 1) (.cache/jupyter-servers.log)"
