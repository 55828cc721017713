#!/bin/sh
# Installs nbclient, which runs notebooks, and a Python kernel with pandas and matplotlib, pinned, into a virtual environment
# under .cache/, and prints its directory:
#
#   <dir>/bin/python       has nbclient
#   <dir>/share/jupyter    leads to the kernel
#
# Where they cannot be had, nothing is printed; see once.sh.
set -eu

name=notebook-client
part=notebook-client
# shellcheck source=scripts/once.sh
. "$(dirname -- "$0")/once.sh"
dir=$root/.cache/notebook
pins=$root/scripts/notebook-client.txt

ready() {
    made_of "$dir" "$pins"
}

install() {
    rm -rf "$dir"
    venv "$dir" "$pins" &&
        "$dir/bin/python" -m ipykernel install --prefix "$dir" &&  # the spec in the package does not name the interpreter
        "$dir/bin/python" -c 'import matplotlib.pyplot, pandas' && # makes its cache of fonts, which takes seconds
        stamp "$pins" >"$dir/.complete"
}

once python3 'nbclient, pandas and matplotlib into .cache/notebook (once, about 30 seconds)'
