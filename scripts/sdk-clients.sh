#!/bin/sh
# Installs the clients of others that the tests drive execd with, pinned, and prints the directory that holds them:
#
#   <dir>/node_modules/   tus-js-client, the JavaScript SDK of OpenSandbox, playwright-core and
#                         axe-core, and xterm.js for the console
#   <dir>/python/bin/     a Python with the SDKs of OpenSandbox
#
# Where they cannot be had, nothing is printed and the reason goes to standard error; the exit status is 0 in both cases,
# as with python-kernel.sh.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
dir=$root/.cache/clients
pins=$root/scripts/clients
log=$root/.cache/clients.log

say() {
    printf 'sdk-clients: %s\n' "$*" >&2
}

# stamp changes with the pins and with the place, because scripts hold the absolute path of their interpreter.
stamp() {
    printf '%s %s' "$(cat "$pins"/* | cksum)" "$dir"
}

ready() {
    [ "$(cat "$dir/.complete" 2>/dev/null)" = "$(stamp)" ]
}

install() {
    rm -rf "$dir"
    mkdir -p "$dir"
    cp "$pins/package.json" "$pins/package-lock.json" "$dir/"
    (cd "$dir" && npm ci --no-audit --no-fund --ignore-scripts) &&
        if command -v uv >/dev/null; then
            python3 -m venv --without-pip "$dir/python" && uv pip install --python "$dir/python/bin/python" -r "$pins/requirements.txt"
        else
            python3 -m venv "$dir/python" &&
                "$dir/python/bin/python" -m pip install --disable-pip-version-check --no-input --retries 2 -r "$pins/requirements.txt"
        fi && stamp >"$dir/.complete"
}

answer() {
    printf '%s\n' "$dir"
    exit 0
}

if ready; then
    answer
fi
for tool in npm python3; do
    if ! command -v $tool >/dev/null; then
        say "there is no $tool on PATH"
        exit 0
    fi
done
mkdir -p "$root/.cache"
# The lock belongs to descriptor 9 and so to this process: no crash leaves it behind.
exec 9>"$root/.cache/clients.lock"
python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
if ready; then
    answer
fi
say 'installing clients into .cache/clients (once, about 20 seconds)'
if install </dev/null >"$log" 2>&1; then
    answer
fi
say "cannot install: $(grep -v '^[[:space:]]*$' "$log" | tail -n 1) (.cache/clients.log)"
