#!/bin/sh
# Starts bin/execd on HOST and PORT, with a Python kernel if there is one or one can be had and with the kernels that
# `make kernels` has installed, and says what to try.
set -eu
cd "$(dirname "$0")/.."

host=${HOST:-127.0.0.1}
port=${PORT:-44772}

python=$(scripts/python-kernel.sh)
others=$(scripts/kernels.sh --there)
JUPYTER_PATH=$python${python:+${others:+:}}$others
if [ -n "$JUPYTER_PATH" ]; then
    export JUPYTER_PATH
else
    unset JUPYTER_PATH
fi

case $host in
    0.0.0.0 | '::' | '[::]') url=http://127.0.0.1:$port ;;
    *) url=http://$host:$port ;;
esac
token=
if [ -n "${EXECD_ACCESS_TOKEN-}" ]; then
    # shellcheck disable=SC2016 # for the reader's shell to expand: a token is not printed
    token=' -H "X-EXECD-ACCESS-TOKEN: $EXECD_ACCESS_TOKEN"'
fi

# example PATH JSON
example() {
    printf "  curl -N %s%s -H 'Content-Type: application/json'%s -d '%s'\n" "$url" "$1" "$token" "$2" >&2
}

printf 'Try, in another terminal:\n' >&2
example /command '{"command":"echo hello"}'
[ -z "$python" ] || example /code '{"code":"1 + 1","context":{"language":"python"}}'
printf 'Ctrl-C stops it.\n\n' >&2

exec bin/execd --host "$host" --port "$port"
