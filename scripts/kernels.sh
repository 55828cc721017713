#!/bin/sh
# Installs the kernels of the other languages, pinned, each kind into a folder of its own under .cache/kernels, and prints
# the folder that leads to them, a value for JUPYTER_PATH:
#
#   bash/   bash_kernel
#   java/   JJava, which needs a JDK of version 11 or later
#   node/   tslab for JavaScript and TypeScript, and deno
#   go/     gonb, with goimports and gopls
#
#   scripts/kernels.sh           install what is missing
#   scripts/kernels.sh --there   install nothing: the folder is printed if something is in it
#
# What cannot be had is left out and the reason goes to standard error; where nothing can be had, nothing is printed. The
# exit status is 0 in all these cases, as with python-kernel.sh, which is for Python.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
dir=$root/.cache/kernels
specs=$dir/share/jupyter/kernels
pins=$root/scripts/kernels

kinds='bash java node go'
gonb=github.com/janpfeifer/gonb@v0.10.7
goimports=golang.org/x/tools/cmd/goimports@v0.38.0
gopls=golang.org/x/tools/gopls@v0.20.0

say() {
    printf 'kernels: %s\n' "$*" >&2
}

# stamp: changes with the pins, with what is done with them, and with the place, because kernelspecs hold absolute paths.
stamp() {
    printf '%s %s' "$(cat "$0" "$pins"/* "$root/scripts/python-kernel.txt" | cksum)" "$dir"
}

# ready KIND: it is installed as it would be now.
ready() {
    [ "$(cat "$dir/$1/.complete" 2>/dev/null)" = "$(stamp)" ]
}

# lacks KIND: prints the program that it cannot do without and that is not there.
lacks() {
    case $1 in
        bash) needs='bash python3' ;;
        java) needs='java python3' ;;
        node) needs='node npm' ;;
        go) needs='go' ;;
    esac
    for program in $needs; do
        if ! command -v "$program" >/dev/null; then
            printf '%s\n' "$program"
            return
        fi
    done
}

# languages KIND: for a person.
languages() {
    case $1 in
        bash) echo 'Bash' ;;
        java) echo 'Java' ;;
        node) echo 'JavaScript and TypeScript' ;;
        go) echo 'Go' ;;
    esac
}

# kernels KIND: the names of its kernelspecs.
kernels() {
    case $1 in
        bash | java) echo "$1" ;;
        node) echo 'tslab jslab deno' ;;
        go) echo 'gonb' ;;
    esac
}

# spec NAME: standard input is its kernel.json.
spec() {
    mkdir -p "$specs/$1"
    cat >"$specs/$1/kernel.json"
}

# pip_install KIND FILE
pip_install() {
    if command -v uv >/dev/null; then
        python3 -m venv --without-pip "$dir/$1" && uv pip install --python "$dir/$1/bin/python" -r "$pins/$2"
    else
        python3 -m venv "$dir/$1" &&
            "$dir/$1/bin/python" -m pip install --disable-pip-version-check --no-input --retries 2 -r "$pins/$2"
    fi
}

install_bash() {
    pip_install bash bash.txt && "$dir/bash/bin/python" -m bash_kernel.install --prefix "$dir"
}

install_java() {
    if ! java --list-modules | grep -q '^jdk\.jshell'; then
        echo 'java has no jdk.jshell: it is not of a JDK'
        return 1
    fi
    pip_install java java.txt && cp -R "$dir/java/share/jupyter/kernels/java" "$specs/"
}

# Nested, because tslab looks for the types of Node.js in its own node_modules only, and without them it has no console.
install_node() {
    mkdir -p "$dir/node" && cp "$pins/package.json" "$pins/package-lock.json" "$dir/node/" || return
    (cd "$dir/node" && npm ci --no-audit --no-fund --ignore-scripts --install-strategy=nested) || return
    tslab=$dir/node/node_modules/tslab/bin/tslab
    spec tslab <<EOF
{"argv": ["node", "$tslab", "kernel", "--config-path", "{connection_file}"], "display_name": "TypeScript (tslab)", "language": "typescript"}
EOF
    spec jslab <<EOF
{"argv": ["node", "$tslab", "kernel", "--js", "--config-path", "{connection_file}"], "display_name": "JavaScript (tslab)", "language": "javascript"}
EOF
    # The package is a launcher of a binary, which there is not for every platform. SIGINT, which the kernelspec of Deno
    # itself leads to, ends the kernel; the message ends the cell.
    deno=$(find "$dir/node/node_modules/deno/node_modules/@deno" -name deno -type f 2>/dev/null | head -n 1)
    [ -n "$deno" ] || return 0
    spec deno <<EOF
{"argv": ["$deno", "jupyter", "--kernel", "--conn", "{connection_file}"], "display_name": "Deno", "language": "typescript",
 "interrupt_mode": "message", "env": {"NO_COLOR": "1"}}
EOF
}

# gonb is built in the module cache, with the go.sum that it comes with: its versions cannot be listed everywhere, which
# go install would do.
install_go() {
    mkdir -p "$dir/go" || return
    export CGO_ENABLED=0 GOBIN="$dir/go" GOFLAGS=
    # The flags of this checkout's own build, so that what the two have in common is compiled once.
    go install -trimpath "$goimports" && go install -trimpath "$gopls" || return
    source=$(cd "$dir/go" && go mod download -json "$gonb" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
    (cd "$source" && go build -trimpath -o "$dir/go/gonb" .) || return
    spec gonb <<EOF
{"argv": ["$dir/go/gonb", "--kernel", "{connection_file}", "--raw_error"], "display_name": "Go (gonb)", "language": "go",
 "interrupt_mode": "message", "env": {"PATH": "$dir/go:\${PATH}"}}
EOF
}

install_kind() {
    case $1 in
        bash) install_bash ;;
        java) install_java ;;
        node) install_node ;;
        go) install_go ;;
    esac
}

# install KIND: no kernelspec is there before its kernel is.
install() {
    rm -rf "${dir:?}/$1"
    for name in $(kernels "$1"); do
        rm -rf "${specs:?}/$name"
    done
    if install_kind "$1" </dev/null >"$root/.cache/kernels-$1.log" 2>&1; then
        stamp >"$dir/$1/.complete"
    else
        say "no $(languages "$1"): $(grep -v '^[[:space:]]*$' "$root/.cache/kernels-$1.log" | tail -n 1) (.cache/kernels-$1.log)"
    fi
}

# missing: the kinds that can be installed and are not.
missing() {
    for kind in $kinds; do
        if ! ready "$kind" && [ -z "$(lacks "$kind")" ]; then
            echo "$kind"
        fi
    done
}

# answer: the folder, if there is a kernel in it.
answer() {
    for kind in $kinds; do
        if ready "$kind"; then
            printf '%s\n' "$dir/share/jupyter"
            break
        fi
    done
    exit 0
}

if [ "${1-}" = --there ]; then
    answer
fi
for kind in $kinds; do
    program=$(lacks "$kind")
    [ -z "$program" ] || say "no $(languages "$kind"): there is no $program on PATH"
done
[ -n "$(missing)" ] || answer
mkdir -p "$specs"
# The lock belongs to descriptor 9 and so to this process: no crash leaves it behind.
exec 9>"$root/.cache/kernels.lock"
if command -v python3 >/dev/null; then
    python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
fi
wanted=$(missing)
[ -n "$wanted" ] || answer
say "installing into .cache/kernels, for $(for kind in $wanted; do languages "$kind"; done | paste -sd, | sed 's/,/, /g') (once, about a minute)"
for kind in $wanted; do
    install "$kind" &
done
wait
answer
