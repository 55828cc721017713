#!/bin/sh
# Prints the path of a static busybox: the system's, or Debian's, which is unpacked into DIR and installed nowhere.
#
#   scripts/image/busybox.sh DIR
set -eu

dir=$1
system=$(command -v busybox || true)
if [ -n "$system" ] && ! ldd "$system" >/dev/null 2>&1; then
    printf '%s\n' "$system"
    exit
fi
mkdir -p "$dir"
cd "$dir"
if [ ! -x bin/busybox ]; then
    { apt-get download busybox-static || { apt-get update && apt-get download busybox-static; }; } >&2
    dpkg -x busybox-static_*.deb .
fi
printf '%s\n' "$PWD/bin/busybox"
