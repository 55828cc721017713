#!/bin/sh
# Runs go test with a summary of what failed and what was skipped, and why. Arguments are those of go test, but for the
# packages, which are in PACKAGES.
#
# Where CI is set, up to three tests that fail are run once more, and the summary shows both runs: a machine that is shared
# may stall for longer than any test waits.
set -eu
cd "$(dirname "$0")/.."

if [ -z "${JUPYTER_PATH-}" ]; then
    scripts/skipped.sh 'tests with a real Python kernel: there is none (scripts/python-kernel.sh says why)'
fi
if ! gotestsum=$(scripts/tool.sh gotestsum); then
    scripts/skipped.sh 'the summary of skipped tests: gotestsum could not be installed'
    # shellcheck disable=SC2086 # a list
    exec go test "$@" ${PACKAGES?}
fi
again=
[ -z "${CI-}" ] || again='--rerun-fails=1 --rerun-fails-max-failures=3 --rerun-fails-run-root-test'
# shellcheck disable=SC2086 # as above
exec "$gotestsum" --format pkgname --format-icons text --format-hide-empty-pkg $again --packages "${PACKAGES?}" -- "$@"
