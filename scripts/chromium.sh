#!/bin/sh
# Finds Chromium, or installs Debian's where that can be done as root, and prints the path of its program.
#
# Where there is none and none can be had, nothing is printed and the reason goes to standard error; the exit status is 0 in
# both cases, as with python-kernel.sh. The package is the only thing that this touches outside the checkout.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
log=$root/.cache/chromium.log

say() {
    printf 'chromium: %s\n' "$*" >&2
}

# answer: a browser that runs. A path without a version is one that does not.
answer() {
    for name in chromium chromium-browser google-chrome; do
        path=$(command -v "$name" || true)
        if [ -n "$path" ] && "$path" --version >/dev/null 2>&1; then
            printf '%s\n' "$path"
            exit 0
        fi
    done
}

answer
if [ "$(id -u)" != 0 ] || [ ! -e /etc/debian_version ] || ! command -v apt-get >/dev/null; then
    say 'there is none on PATH, and only root can install it, on Debian'
    exit 0
fi
mkdir -p "$root/.cache"
# The lock belongs to descriptor 9 and so to this process: no crash leaves it behind.
exec 9>"$root/.cache/chromium.lock"
! command -v flock >/dev/null || flock 9
answer
say "installing Debian's chromium (once, about a minute)"
export DEBIAN_FRONTEND=noninteractive
package='apt-get install -y --no-install-recommends chromium chromium-driver'
# The package lists of a new machine are empty or old.
if { $package || { apt-get update && $package; }; } </dev/null >"$log" 2>&1; then
    answer
fi
say "cannot install: $(grep -v '^[[:space:]]*$' "$log" | tail -n 1) (.cache/chromium.log)"
