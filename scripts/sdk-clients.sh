#!/bin/sh
# Installs the clients of others that the tests drive execd with, pinned, and prints the directory that holds them:
#
#   <dir>/node_modules/   tus-js-client, the JavaScript SDK of OpenSandbox, playwright-core and
#                         axe-core, and xterm.js for the console
#   <dir>/python/bin/     a Python with the SDKs of OpenSandbox
#
# Where they cannot be had, nothing is printed; see once.sh.
set -eu

name=sdk-clients
part=clients
# shellcheck source=scripts/once.sh
. "$(dirname -- "$0")/once.sh"
dir=$root/.cache/clients
pins=$root/scripts/clients

ready() {
    made_of "$dir" "$pins"/*
}

install() {
    rm -rf "$dir"
    mkdir -p "$dir"
    cp "$pins/package.json" "$pins/package-lock.json" "$dir/"
    (cd "$dir" && npm ci --no-audit --no-fund --ignore-scripts) &&
        venv "$dir/python" "$pins/requirements.txt" &&
        stamp "$pins"/* >"$dir/.complete"
}

once 'npm python3' 'clients into .cache/clients (once, about 20 seconds)'
