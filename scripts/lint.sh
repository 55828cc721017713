#!/bin/sh
# Everything that is judged without running the program: gofmt, go vet, golangci-lint, govulncheck, shellcheck.
set -eu
cd "$(dirname "$0")/.."

failed=

# The folders that start with a dot, and bin, hold what was installed, not what is written here.
unformatted=$(find . -path './.*' -prune -o -path ./bin -prune -o -name '*.go' -exec gofmt -l {} +)
if [ -n "$unformatted" ]; then
    printf 'lint: not as gofmt writes it (gofmt -w):\n%s\n' "$unformatted"
    failed=1
fi

go vet ./... || failed=1

# Without the linter there is no answer, so this is a failure, not a skip.
if linter=$(scripts/tool.sh golangci-lint); then
    "$linter" run --allow-serial-runners ./... || failed=1
else
    failed=1
fi

# Known vulnerabilities of what is linked. The database is asked for over the network, or where GOVULNDB says (a URL, file://
# included). Status 3 is a finding.
if govulncheck=$(scripts/tool.sh govulncheck); then
    status=0
    report=$("$govulncheck" ${GOVULNDB:+-db "$GOVULNDB"} ./... 2>&1) || status=$?
    case $status,$report in
        0,*) ;;
        1,*'fetching vulnerabilities'*)
            scripts/skipped.sh "govulncheck: its database cannot be reached (GOVULNDB may name another): $(printf '%s' "$report" | tail -n 1)"
            ;;
        *)
            printf '%s\n' "$report"
            failed=1
            ;;
    esac
else
    scripts/skipped.sh 'govulncheck: it could not be installed'
fi

if shellcheck=$(scripts/tool.sh shellcheck); then
    "$shellcheck" scripts/*.sh scripts/image/*.sh bootstrap.sh .ci/run || failed=1
else
    scripts/skipped.sh 'shellcheck of the scripts: it could not be installed'
fi

[ -z "$failed" ]
