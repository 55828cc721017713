#!/bin/sh
# Installs the Jupyter servers that the tests start, each set into a virtual environment of its own under .cache/, and
# prints the directory that holds them:
#
#   <dir>/1/bin/   jupyter server 1.x, jupyter enterprisegateway
#   <dir>/2/bin/   jupyter server 2.x, jupyter kernelgateway
#
# Where they cannot be had, nothing is printed; see once.sh. Kernels are not in here: JUPYTER_PATH leads to them.
set -eu

name=jupyter-servers
part=jupyter-servers
# shellcheck source=scripts/once.sh
. "$(dirname -- "$0")/once.sh"
dir=$root/.cache/jupyter
pins=$root/scripts/jupyter-server # -1.txt and -2.txt

ready() {
    made_of "$dir/1" "$pins-1.txt" && made_of "$dir/2" "$pins-2.txt"
}

install() {
    for n in 1 2; do
        rm -rf "${dir:?}/$n"
        venv "$dir/$n" "$pins-$n.txt" && stamp "$pins-$n.txt" >"$dir/$n/.complete" || return 1
    done
}

once python3 'Jupyter servers into .cache/jupyter (once, about a minute)'
