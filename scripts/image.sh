#!/bin/sh
# Runs the steps of the Dockerfile, and looks at what comes out: with a container engine where one answers, else in folders
# under .cache/image, which needs root and, for kernels, debootstrap.
#
#   scripts/image.sh execd     no installation but a static busybox; seconds
#   scripts/image.sh kernels   a Debian of its own and six kernels in it; minutes, and 2 GB
set -eu
cd "$(dirname "$0")/.."

root=$PWD
work=$root/.cache/image
execd=$root/bin/execd
target=${1?usage: scripts/image.sh execd|kernels}

say() { printf 'image: %s\n' "$*" >&2; }

# engine: the one that answers.
engine() {
    for name in docker podman; do
        if command -v "$name" >/dev/null && "$name" info >/dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
}

# run_in ROOT USER PROGRAM…: in a process and mount namespace of its own, with execd's port of the host.
run_in() {
    place=$1 user=$2
    shift 2
    # shellcheck disable=SC2016 # the inner shell's own variables
    unshare --mount --pid --fork --kill-child sh -ec '
        place=$1 user=$2; shift 2
        mount -t proc proc "$place/proc"
        mount --rbind /dev "$place/dev"
        [ ! -d "$place/usr/local/go" ] || mount --bind "$(go env GOROOT)" "$place/usr/local/go"
        exec chroot --userspec="$user" "$place" "$@"' sh "$place" "$user" "$@"
}

# setting NAME: what the stage of the target says of a setting of the Dockerfile.
setting() {
    sed -n "/ AS $target\$/,/^FROM/s/^ *\\(ENV *\\)*$1[ =]\\(.*\\)/\\2/p" Dockerfile | sed 's/ *\\$//' | tail -n 1
}

layout_execd() {
    rm -rf "$work/execd"
    scripts/image/layout.sh "$work/execd" "$execd" bootstrap.sh "$(scripts/image/busybox.sh "$work/busybox")"
}

# check_execd: what an OpenSandbox server does with the image.
check_execd() {
    size=$(du -sk "$work/execd" | cut -f1)
    say "execd has $size KiB"
    [ "$size" -le 30720 ] || { say 'more than 30 MiB'; return 1; }
    mkdir -p "$work/execd/proc" "$work/execd/dev"
    # shellcheck disable=SC2016 # likewise
    run_in "$work/execd" 0:0 /bin/sh -ec '
        cd /
        cp ./execd /opt/opensandbox/execd && cp ./bootstrap.sh /opt/opensandbox/bootstrap.sh
        chmod +x /opt/opensandbox/execd && chmod +x /opt/opensandbox/bootstrap.sh
        tail -n 1 /dev/null
        EXECD="/opt/opensandbox/execd --host 127.0.0.1 --port 0 --log-file /dev/null" /opt/opensandbox/bootstrap.sh -c "exit 7" && status=0 || status=$?
        [ "$status" = 7 ]
        /execd --version'
}

layout_kernels() {
    place=$work/kernels
    if [ ! -e "$place/etc/debian_version" ]; then
        rm -rf "$place"
        mkdir -p "$place"
        debootstrap --variant=minbase "$(sed -n 's/^ARG DEBIAN=//p' Dockerfile)" "$place" >"$work/debootstrap.log"
    fi
    cp /etc/resolv.conf /etc/hosts "$place/etc/"
    # How this machine reaches its registries is for the build alone.
    for kept in /etc/apt/apt.conf.d /etc/apt/sources.list.d /etc/ssl/certs /usr/local/share/ca-certificates; do
        [ ! -d "$kept" ] || { mkdir -p "$place$kept" && cp -RL "$kept/." "$place$kept/" 2>/dev/null; } || true
    done
    mkdir -p "$place/opt/execd" "$place/usr/local/go"
    rm -rf "$place/opt/execd/scripts"
    cp -R scripts "$place/opt/execd/"
    run_in "$place" 0:0 /usr/bin/env HOME=/root GOFLAGS=-modcacherw "GOPROXY=$(go env GOPROXY)" \
        /opt/execd/scripts/image/kernels.sh
    cp "$execd" "$place/execd"
    cp bootstrap.sh "$place/bootstrap.sh"
}

# check_kernels: the image as it starts by default runs code in each language, as a user that is not root.
check_kernels() {
    place=$work/kernels
    user=$(setting USER)
    [ "${user%%:*}" -gt 0 ] || { say "the user is $user"; return 1; }
    cp scripts/image/check.sh "$place/check.sh"
    run_in "$place" "$user" /usr/bin/env -i PATH=/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin "LANG=$(setting LANG)" \
        "HOME=$(setting HOME)" "JUPYTER_PATH=$(setting JUPYTER_PATH)" GOPROXY=off GOFLAGS=-mod=mod \
        EXECD_HOST=127.0.0.1 EXECD_PORT=44799 /check.sh
}

mkdir -p "$work"
name=$(engine)
if [ -n "$name" ]; then
    "$name" build --target "$target" -t "$target-check" .
    if [ "$target" = kernels ]; then
        "$name" run --rm -v "$root/scripts/image/check.sh:/check.sh:ro" -e EXECD_PORT=44799 "$target-check" /check.sh
    else
        "$name" run --rm "$target-check" /execd --version
    fi
    exit
fi
if [ "$(id -u)" -ne 0 ] || ! unshare --mount --pid --fork true; then
    scripts/skipped.sh "the image $target: there is no container engine, and no root to do without"
    exit
fi
if [ "$target" = kernels ] && ! command -v debootstrap >/dev/null; then
    scripts/skipped.sh 'the image kernels: there is no container engine, and no debootstrap (apt-get install debootstrap)'
    exit
fi
"layout_$target"
"check_$target"
say "$target is as it should be"
