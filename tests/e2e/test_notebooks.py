"""The notebooks, run as they are by real kernels: no error, no warning, every figure, numbers where they belong."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode
from tests.parts import notebooks

pytestmark = [pytest.mark.slow, pytest.mark.system]

Checks = dict[str, Callable[[str], bool]]


def between(low: float, high: float) -> Callable[[str], bool]:
    return lambda text: low <= float(text) <= high


CHECKS: dict[str, Checks] = {
    "explore_data": {
        r"^train +images \((\d+), 28, 28\) uint8": "4000".__eq__,
        r"(\d+)% of all pixels are paper": between(80, 82),
        r"nearest mean: +(\S+)%": between(78, 85),
        r"nearest image: (\S+)%": between(91, 96),
    },
    "understand_the_convnet": {
        r"conv2d_1 +(\(None, 11, 11, 64\)) +float32 +18,496": bool,
        r"^ +(34,826)$": bool,
        r"^ +5 .* (0\.\d+) +0\.001$": between(0.93, 0.99),
        r"test accuracy (\S+)%": between(90, 98),
    },
    "compare_runs": {
        r"^(\d+) runs, method random, finished": "8".__eq__,
        r"most important of 4: (\S+)": "optimizer.learning_rate".__eq__,
        r"\n\w{8} .* (0\.\d+) *$": between(0.9, 0.97),
    },
}


@pytest.mark.parametrize("name", notebooks.NAMES)
def test_a_notebook_runs_as_it_is(commands, name: str) -> None:
    Path(commands.environ["HOME"]).mkdir()
    done = notebooks.execute(name, commands.folder, commands.environ)
    commands.assert_none_left()

    assert not [output for _, output in notebooks.outputs(done) if output.get("name") == "stderr"]
    drawn = [cell.id for cell, output in notebooks.outputs(done) if "image/png" in output.get("data", {})]
    assert drawn == [cell.id for cell in done.cells if "alt" in cell.metadata]
    assert not list(commands.folder.iterdir())

    text = printed(done)
    assert str(commands.folder.parent) not in text
    for pattern, is_right in CHECKS[name].items():
        found = re.search(pattern, text, re.MULTILINE)
        assert found, f"{pattern} in:\n{text}"
        assert is_right(found[1]), found[0]


def printed(notebook: NotebookNode) -> str:
    """All text that the notebook's cells gave."""
    texts = (output.get("text") or output.data.get("text/plain", "") for _, output in notebooks.outputs(notebook))
    return "\n".join(texts)
