#!/bin/sh
# Finds a Python kernel, or installs one into .venv of this checkout.
#
# Standard output is the value for JUPYTER_PATH that leads to the kernel, or nothing when there is no Python kernel and
# none can be had. Everything said to a person goes to standard error. The exit status is 0 in both cases: execd runs
# shell commands without any Python.
#
# In order: .venv, a kernelspec on the Jupyter path, a new .venv, Debian's package (as root, when .venv cannot be made).
# Only the last touches anything outside the checkout.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cd "$root"

venv=$root/.venv
pins=$root/scripts/python-kernel.txt
log=$root/.cache/python-kernel.log
making=$venv/.execd-making # there while the install runs: a .venv that still has it is half-made
made=$venv/.execd-kernel   # there once the install is complete: says from which pins, and for which place
reason=

say() {
    printf 'python-kernel: %s\n' "$*" >&2
}

# answer DIR: the kernel found comes first on the path, what the caller had stays behind it.
answer() {
    case ${JUPYTER_PATH-} in
        '') printf '%s\n' "$1" ;;
        "$1" | "$1":*) printf '%s\n' "$JUPYTER_PATH" ;;
        *) printf '%s:%s\n' "$1" "$JUPYTER_PATH" ;;
    esac
    exit 0
}

# stamp: changes with the pins and with the place, because a kernelspec holds the absolute path of its interpreter.
stamp() {
    printf '%s %s' "$(cksum <"$pins")" "$venv"
}

# venv_ready: looks for the module without importing it, which costs a tenth of the time; the marker says that the
# install was complete, and a Python upgraded under it no longer sees the module.
venv_ready() {
    [ -x "$venv/bin/python" ] && [ ! -e "$making" ] &&
        [ "$(cat "$made" 2>/dev/null)" = "$(stamp)" ] &&
        "$venv/bin/python" -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("ipykernel"))' 2>/dev/null
}

# spec_python FILE: the interpreter named by a kernelspec, if it is one for Python.
spec_python() {
    tr -d '\n\r' <"$1" | sed -n '/"language"[[:space:]]*:[[:space:]]*"python"/s/.*"argv"[^["]*\[[^"]*"\([^"]*\)".*/\1/p'
}

# usable DIR: DIR/kernels holds a Python kernel that starts. A bare "python" is that of the environment around DIR.
usable() {
    for spec in "$1"/kernels/*/kernel.json; do
        [ -r "$spec" ] || continue
        python=$(spec_python "$spec")
        case $python in
            python | python3) [ ! -x "$1/../../bin/$python" ] || python=$1/../../bin/$python ;;
        esac
        [ -n "$python" ] && "$python" -c 'import ipykernel' </dev/null >/dev/null 2>&1 && return 0
    done
    return 1
}

# find_installed: the Jupyter path, in the order in which execd reads it. Each line is one folder; an empty variable
# makes a line that is no folder.
find_installed() {
    python3=$(command -v python3 || true)
    dirs=$(
        printf '%s\n' "${JUPYTER_PATH-}" | tr ':' '\n'
        printf '%s\n' "${JUPYTER_DATA_DIR:-${XDG_DATA_HOME:-${HOME-}/.local/share}/jupyter}"
        for prefix in "${VIRTUAL_ENV-}" "${CONDA_PREFIX-}" "${python3%/bin/python3}" /usr/local /usr; do
            printf '%s\n' "${prefix:-/nowhere}/share/jupyter"
        done
    )
    while read -r dir; do
        case $dir in
            '' | "$venv"/*) continue ;; # .venv has been judged already
        esac
        if usable "$dir"; then
            answer "$dir"
        fi
    done <<EOF
$dirs
EOF
}

# lock: one install at a time. The lock belongs to descriptor 9 and so to this process: no crash leaves it behind.
lock() {
    exec 9>"$root/.cache/python-kernel.lock"
    if command -v flock >/dev/null; then
        flock -n 9 || { say 'waiting for another install' && flock 9; }
    elif command -v python3 >/dev/null; then
        python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)' || true
    fi
}

# mine: .venv was made here, by a run that got to its end or not. Any other .venv is somebody's own: it is completed
# where something is missing, never emptied, never marked.
mine() {
    [ ! -x "$venv/bin/python" ] || [ -e "$making" ] || [ -e "$made" ]
}

# has_ipykernel: somebody's own .venv can run a kernel.
has_ipykernel() {
    ! mine && "$venv/bin/python" -c 'import ipykernel' 2>/dev/null
}

fill_venv() {
    if mine; then
        rm -rf "$venv" && mkdir "$venv" && printf '' >"$making" || return
    fi
    if ! has_ipykernel; then
        install_packages || return
    fi
    # The kernelspec in the package says "python"; this one names the interpreter.
    "$venv/bin/python" -m ipykernel install --prefix "$venv" || return
    if mine; then
        stamp >"$made.new" && mv "$made.new" "$made" && rm "$making"
    fi
}

install_packages() {
    if command -v uv >/dev/null; then
        [ -x "$venv/bin/python" ] || python3 -m venv --without-pip "$venv" || return
        uv pip install --python "$venv/bin/python" -r "$pins"
    else
        [ -x "$venv/bin/pip" ] || python3 -m venv "$venv" || return
        "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --retries 2 -r "$pins"
    fi
}

install_venv() {
    : >"$log"
    if ! command -v python3 >/dev/null; then
        reason='there is no python3 on PATH'
        return 1
    fi
    has_ipykernel || say 'installing ipykernel into .venv (once, about 20 seconds)'
    fill_venv </dev/null >"$log" 2>&1 && usable "$venv/share/jupyter" && return 0
    reason="python3 could not fill .venv: $(grep -v '^[[:space:]]*$' "$log" | tail -n 1)"
    return 1
}

install_debian() {
    [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null || return 1
    say "installing Debian's python3-ipykernel, because $reason"
    package='apt-get install -y --no-install-recommends python3-ipykernel'
    export DEBIAN_FRONTEND=noninteractive
    # The package lists of a new machine are empty or old.
    { $package || { apt-get update && $package; }; } </dev/null >>"$log" 2>&1 && usable /usr/share/jupyter && return 0
    reason="$reason; nor could apt-get install python3-ipykernel: $(tail -n 1 "$log")"
    return 1
}

if venv_ready || { has_ipykernel && usable "$venv/share/jupyter"; }; then
    answer "$venv/share/jupyter"
fi
has_ipykernel || find_installed
if mkdir -p "$root/.cache" 2>/dev/null && [ -w "$root" ]; then
    lock
    if venv_ready || install_venv; then
        answer "$venv/share/jupyter"
    elif install_debian; then
        answer /usr/share/jupyter
    fi
    [ ! -s "$log" ] || reason="$reason (.cache/python-kernel.log)"
else
    reason="$root is not writable"
fi
say "no Python kernel: $reason"
