#!/bin/sh
# Runs go test with a summary of what failed and what was skipped, and why. Arguments are those of go test.
set -eu
cd "$(dirname "$0")/.."

if [ -z "${JUPYTER_PATH-}" ]; then
    scripts/skipped.sh 'tests with a real Python kernel: there is none (scripts/python-kernel.sh says why)'
fi
if ! gotestsum=$(scripts/tool.sh gotestsum); then
    scripts/skipped.sh 'the summary of skipped tests: gotestsum could not be installed'
    exec go test "$@"
fi
exec "$gotestsum" --format pkgname --format-icons text --format-hide-empty-pkg -- "$@"
