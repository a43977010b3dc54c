"""The notebooks: where they are, and running one with a real kernel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parents[2] / "notebooks"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.ipynb")))
_CELL_SECONDS = 600


def read(name: str) -> NotebookNode:
    """A notebook as it is committed."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def execute(name: str, folder: Path, environ: Mapping[str, str]) -> NotebookNode:
    """The notebook with its outputs; its kernel works in `folder` and is gone afterwards."""
    notebook = read(name)
    client = NotebookClient(notebook, timeout=_CELL_SECONDS, resources={"metadata": {"path": str(folder)}})
    client.execute(env=dict(environ))
    return notebook


def outputs(notebook: NotebookNode) -> Iterator[tuple[NotebookNode, NotebookNode]]:
    """Each output with its cell."""
    return ((cell, output) for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)
