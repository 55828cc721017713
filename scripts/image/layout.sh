#!/bin/sh
# Lays out the root of the image execd: what an OpenSandbox server copies from it, and what it does that with.
#
#   scripts/image/layout.sh ROOT EXECD BOOTSTRAP BUSYBOX
#
# Under Docker the server starts the image with `tail -f /dev/null` and takes /execd and /bootstrap.sh out of it; under
# Kubernetes an init container runs `sh -c 'cp ./execd …'` in it. So it has these programs, and / is where it works.
set -eu

root=$1 execd=$2 bootstrap=$3 busybox=$4

mkdir -p "$root/bin" "$root/etc" "$root/root" "$root/tmp" "$root/opt/opensandbox"
chmod 1777 "$root/tmp"
chmod 700 "$root/root"
cp "$execd" "$root/execd"
cp "$bootstrap" "$root/bootstrap.sh"
chmod 755 "$root/execd" "$root/bootstrap.sh"
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
cp "$busybox" "$root/bin/busybox"
chmod 755 "$root/bin/busybox"
"$busybox" --list | while read -r program; do
    [ "$program" = busybox ] || ln -sf busybox "$root/bin/$program"
done
