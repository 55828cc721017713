#!/bin/sh
# Builds dist/execd_OS_ARCH for every platform, and SHA256SUMS. LDFLAGS is the Makefile's.
#
# The same commit gives the same bytes: no paths (-trimpath), no build id, no time but the commit's.
set -eu
cd "$(dirname "$0")/.."

rm -rf dist
mkdir dist
for platform in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64; do
    os=${platform%/*}
    arch=${platform#*/}
    out=dist/execd_${os}_$arch
    [ "$os" != windows ] || out=$out.exe
    if CGO_ENABLED=0 GOOS=$os GOARCH=$arch go build -trimpath -buildvcs=false -ldflags "${LDFLAGS-}" -o "$out" . \
        2>dist/errors; then
        printf 'release: %s\n' "$out"
    elif [ "$os" = windows ]; then
        # Process groups, signals and terminals are POSIX: Windows is built when the code allows it.
        printf 'skipped: %s does not compile: %s\n' "$platform" "$(grep -v '^#' dist/errors | head -n 1)"
    else
        cat dist/errors
        exit 1
    fi
done
rm dist/errors

cd dist
if command -v sha256sum >/dev/null; then
    sha256sum execd_* >SHA256SUMS
else
    shasum -a 256 execd_* >SHA256SUMS # macOS
fi
