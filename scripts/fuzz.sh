#!/bin/sh
# Runs every fuzz target for FUZZTIME (10s). go test fuzzes one target of one package at a time, hence the loop.
set -eu
cd "$(dirname "$0")/.."

fuzztime=${FUZZTIME:-10s}
list=$(grep -rEo --include='*_test.go' --exclude-dir='.?*' '^func Fuzz[A-Za-z0-9_]*' . | sort)
if [ -z "$list" ]; then
    echo 'fuzz: there is no fuzz target'
    exit 0
fi

mkdir -p .cache
printf '%s\n' "$list" | while IFS=: read -r file func; do
    dir=$(dirname "$file")
    target=${func#func }
    printf 'fuzz: %s %s, %s\n' "$dir" "$target" "$fuzztime"
    # An input that fails is kept by go test in testdata/fuzz beside the target: commit it with the repair.
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$fuzztime" "$dir" >.cache/fuzz.log 2>&1 </dev/null || {
        cat .cache/fuzz.log
        exit 1
    }
done
