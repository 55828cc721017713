"""Runs the cells of a notebook, which come as a JSON list, with nbclient, and prints the outputs of each."""

import json
import sys

import nbformat
from nbclient import NotebookClient

notebook = nbformat.v4.new_notebook(
    cells=[nbformat.v4.new_code_cell(source) for source in json.load(sys.stdin)],
    metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
)
NotebookClient(notebook, kernel_name="python3", allow_errors=True, coalesce_streams=True, timeout=120).execute()
nbformat.validate(notebook)
json.dump([{"execution_count": c.execution_count, "outputs": c.outputs} for c in notebook.cells], sys.stdout)
