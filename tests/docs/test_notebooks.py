"""The notebooks are committed as they were written, install what they need, and their pages show what they say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.parts import notebooks

PAGES = Path(__file__).parents[2] / "docs" / "notebooks"
LARGEST_BYTES = 1_500_000


@pytest.mark.parametrize("name", notebooks.NAMES)
def test_a_notebook_holds_no_outputs_and_names_no_place(name: str) -> None:
    notebook = notebooks.read(name)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not [cell.id for cell in code if cell.outputs or cell.execution_count is not None]
    text = json.dumps(notebook, ensure_ascii=False)
    assert "://" not in text
    assert not re.search(r"(?<![\w.])/(?:home|root|Users|work|tmp)/\w", text)


@pytest.mark.parametrize("name", notebooks.NAMES)
def test_a_notebook_installs_what_is_missing_first(name: str) -> None:
    first = next(cell.source for cell in notebooks.read(name).cells if cell.cell_type == "code")
    condition, install = first.splitlines()[-2:]
    assert condition == 'if importlib.util.find_spec("sweepyard") is None:'
    assert install.startswith('    %pip install --quiet "sweepyard[')


@pytest.mark.parametrize("name", notebooks.NAMES)
def test_the_page_of_a_notebook_is_of_its_present_text(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    missing = [cell.id for cell in notebooks.read(name).cells if cell.source.replace(".ipynb)", ".md)") not in page]
    assert not missing, "make notebooks"


@pytest.mark.parametrize("name", notebooks.NAMES)
def test_every_picture_of_a_page_has_its_words(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[(.*?)\]\((.*?)\)", page)
    said = [cell.metadata["alt"] for cell in notebooks.read(name).cells if "alt" in cell.metadata]
    assert [words for words, _ in shown] == said
    assert {file for _, file in shown} == {path.name for path in PAGES.glob(f"{name}_*.png")}


def test_the_pages_are_small() -> None:
    assert sum(path.stat().st_size for path in PAGES.iterdir()) < LARGEST_BYTES
