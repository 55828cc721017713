#!/bin/sh
# Builds dist/execd_OS_ARCH for every platform, each with its bill of materials in CycloneDX, and SHA256SUMS. VERSION and
# LDFLAGS are the Makefile's; PLATFORMS takes fewer, DIST another folder.
#
# The same commit gives the same bytes, wherever it is built: no paths (-trimpath), no build id, no time but the commit's.
set -eu
cd "$(dirname "$0")/.."

dist=${DIST:-dist}
rm -rf "$dist"
mkdir -p "$dist"
export CGO_ENABLED=0
for platform in ${PLATFORMS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64}; do
    os=${platform%/*} arch=${platform#*/}
    out=$dist/execd_${os}_$arch
    [ "$os" != windows ] || out=$out.exe
    GOOS=$os GOARCH=$arch go build -trimpath -buildvcs=false -ldflags "${LDFLAGS-}" -o "$out" .
    go run ./scripts/sbom "$out" >"$out.cdx.json"
    printf 'release: %s\n' "$out"
done

# Where there is bootstrap.sh too, a release is all that an image needs.
cp bootstrap.sh "$dist/"
cd "$dist"
if command -v sha256sum >/dev/null; then
    sha256sum bootstrap.sh execd_* >SHA256SUMS
else
    shasum -a 256 bootstrap.sh execd_* >SHA256SUMS # macOS
fi
