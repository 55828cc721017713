#!/bin/sh
# Makes of a Debian with Go in /usr/local/go the root of the image kernels: the languages, their kernels below this
# checkout, and a user to run them. To be run as root, in the image.
set -eu
cd "$(dirname "$0")/../.."

export DEBIAN_FRONTEND=noninteractive PATH="/usr/local/go/bin:$PATH"
apt-get update
apt-get install -y --no-install-recommends bash ca-certificates git nodejs npm openjdk-17-jdk-headless python3 python3-pip python3-venv
rm -rf /var/lib/apt/lists/*

scripts/python-kernel.sh
scripts/kernels.sh
for kernel in bash java tslab jslab gonb; do
    if [ ! -e ".cache/kernels/share/jupyter/kernels/$kernel/kernel.json" ]; then
        cat .cache/kernels-*.log
        echo "image: no kernel $kernel"
        exit 1
    fi
done
go clean -modcache
rm -rf "$HOME/.cache" "$HOME/.npm"
id sandbox >/dev/null 2>&1 || useradd --create-home --uid 1000 --shell /bin/bash sandbox
