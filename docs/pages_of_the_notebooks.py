"""Runs the notebooks and writes what they show to docs/notebooks/, for readers without Jupyter: `make notebooks`.

They run with a home of their own, so the sweep that one of them makes is not left among the user's.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from nbconvert import MarkdownExporter
from nbformat import NotebookNode
from PIL import Image
from tests.parts import notebooks

_FOLDER = Path(__file__).with_name("notebooks")
# A figure's text alternative stands in the metadata of its cell.
_TEMPLATE = """{%- extends 'markdown/index.md.j2' -%}
{% block data_png %}![{{ cell.metadata.alt }}]({{ output.metadata.filenames['image/png'] }}){% endblock %}"""
_COLOURS = 256


def main() -> None:
    """Run all notebooks, or those that are named, and write their pages."""
    for name in sys.argv[1:] or notebooks.NAMES:
        print(f"{name} ...", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            home = str(Path(folder) / "home")
            notebook = notebooks.execute(name, Path(folder), {**os.environ, "SWEEPYARD_HOME": home})
        _write(name, notebook)


def _write(name: str, notebook: NotebookNode) -> None:
    for old in _FOLDER.glob(f"{name}*"):
        old.unlink()
    for _, output in notebooks.outputs(notebook):
        # Frames as plain text: on a code host, the style sheets in their HTML would be read as words.
        output.get("data", {}).pop("text/html", None)
    exporter = MarkdownExporter(raw_template=_TEMPLATE)
    page, resources = exporter.from_notebook_node(notebook, {"unique_key": name})
    text = "\n".join(line.rstrip() for line in page.replace(".ipynb)", ".md)").splitlines()).strip()
    (_FOLDER / f"{name}.md").write_text(f"{text}\n", encoding="utf-8")
    for file, content in resources["outputs"].items():
        picture = Image.open(io.BytesIO(content)).convert("RGB").quantize(_COLOURS)
        picture.save(_FOLDER / file, optimize=True)


if __name__ == "__main__":
    main()
