# shellcheck shell=sh
# What the scripts share that install something for the tests under .cache/, once. Such a script sets
#
#   name    what it is called, for its messages
#   part    what its log and its lock are called
#
# sources this, sets dir, which it installs into and prints in the end, has the functions ready (is it there as it would be
# installed now?) and install, and ends with once.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

say() {
    printf '%s: %s\n' "${name:?}" "$*" >&2
}

# stamp FILE...: changes with the files and with the place, because scripts hold the absolute path of their interpreter.
stamp() {
    printf '%s %s' "$(cat "$@" | cksum)" "${dir:?}"
}

# made_of DIR FILE...: whether DIR was made of these files, here.
made_of() {
    mark=$1/.complete
    shift
    [ "$(cat "$mark" 2>/dev/null)" = "$(stamp "$@")" ]
}

# venv DIR PINS: makes a virtual environment that has what the file of pins names.
venv() {
    if command -v uv >/dev/null; then
        python3 -m venv --without-pip "$1" && uv pip install --python "$1/bin/python" -r "$2"
    else
        python3 -m venv "$1" && "$1/bin/python" -m pip install --disable-pip-version-check --no-input --retries 2 -r "$2"
    fi
}

answer() {
    printf '%s\n' "$dir"
    exit 0
}

# once PROGRAMS WHAT: prints dir, after installing WHAT by means of the PROGRAMS unless it is there. Of several that are
# started together one does. Where it cannot be had, nothing is printed and the reason goes to standard error; the exit
# status is 0 in both cases, as with python-kernel.sh.
once() {
    if ready; then
        answer
    fi
    for tool in $1; do
        if ! command -v "$tool" >/dev/null; then
            say "there is no $tool on PATH"
            exit 0
        fi
    done
    log=.cache/${part:?}.log
    mkdir -p "$root/.cache"
    # The lock belongs to descriptor 9 and so to this process: no crash leaves it behind.
    exec 9>"$root/.cache/$part.lock"
    python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
    if ready; then
        answer
    fi
    say "installing $2"
    if install </dev/null >"$root/$log" 2>&1; then
        answer
    fi
    say "cannot install: $(grep -v '^[[:space:]]*$' "$root/$log" | tail -n 1) ($log)"
}
