#!/bin/sh
# Runs every fuzz target for FUZZTIME: a time (10s), or a number of inputs (2000x). A package is built once for all of its
# targets, because what go builds for fuzzing it builds for nothing else. What has been found interesting is kept in
# .cache/fuzz, for the next run to begin with. Arguments are the directories to look for targets in; QUIET=1 only speaks of
# what fails.
set -eu
cd "$(dirname "$0")/.."

fuzztime=${FUZZTIME:-10s}
[ $# -gt 0 ] || set -- .
list=$(grep -rEo --include='*_test.go' --exclude-dir='.?*' '^func Fuzz[A-Za-z0-9_]*' "$@" | sort)
if [ -z "$list" ]; then
    echo 'fuzz: there is no fuzz target'
    exit 0
fi

cache=$PWD/.cache/fuzz
mkdir -p "$cache"
say() { [ -n "${QUIET-}" ] || printf 'fuzz: %s\n' "$*"; }
fail() {
    cat "$cache/log"
    exit 1
}

# An input that fails is kept in testdata/fuzz beside the target: commit it with the repair. What is interesting is made
# smaller by a few tries only, which the time does not bound.
run() {
    (cd "$dir" && "$cache/$name.test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$fuzztime" \
        -test.fuzzminimizetime 100x -test.fuzzcachedir "$cache/$name") >"$cache/log" 2>&1 </dev/null
}
# The engine ends with an error of its own when its workers do not answer in time, as on a machine that stalls.
stumbled() {
    ! grep -q 'Failing input' "$cache/log" && grep -qE 'context deadline exceeded|hung or terminated' "$cache/log"
}

printf '%s\n' "$list" | while IFS=: read -r file func; do
    dir=./$(dirname "${file#./}")
    target=${func#func }
    name=$(printf '%s' "${dir#./}" | tr / -)
    if [ "$dir" != "${built-}" ]; then
        go test -c -fuzz . -o "$cache/$name.test" "$dir" >"$cache/log" 2>&1 </dev/null || fail
        built=$dir
    fi
    say "$dir $target, $fuzztime"
    run || { stumbled && run; } || fail
done
say "$(printf '%s\n' "$list" | wc -l) targets pass"
