#!/bin/sh
# Brings what others wrote and the console has built in: xterm.js, as npm serves it, into httpapi/console/xterm.
#
#   scripts/console-vendor.sh          writes the files anew, after a change of the pins in scripts/clients
#   scripts/console-vendor.sh --check  compares them, and says which differ
#
# The versions are in scripts/clients/package.json, and the digests that npm checks in package-lock.json beside it. Without
# npm, or where it reaches nothing, the exit status is 2 and the reason is on standard error.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
into=$root/httpapi/console/xterm
dir=$("$root/scripts/sdk-clients.sh")
[ -n "$dir" ] || exit 2
from=$dir/node_modules/@xterm

# files: what is taken, and its name here, where all of them are in one folder.
files() {
    cat <<EOF
xterm/lib/xterm.mjs xterm.mjs
xterm/css/xterm.css xterm.css
xterm/LICENSE xterm-LICENSE.txt
addon-fit/lib/addon-fit.mjs addon-fit.mjs
addon-fit/LICENSE addon-fit-LICENSE.txt
EOF
}

differ=0
mkdir -p "$into"
while read -r source name; do
    if [ "${1-}" != --check ]; then
        cp "$from/$source" "$into/$name"
    elif ! cmp -s "$from/$source" "$into/$name"; then
        echo "console-vendor: $name is not what npm serves as @xterm/$source" >&2
        differ=1
    fi
done <<EOF
$(files)
EOF
exit $differ
