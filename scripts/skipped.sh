#!/bin/sh
# Says what a run leaves out and why. `make test` collects these lines and repeats them at its end.
set -eu
printf 'skipped: %s\n' "$*"
[ -z "${EXECD_SKIPPED-}" ] || printf '%s\n' "$*" >>"$EXECD_SKIPPED"
