"""The config reference is rendered, whole and up to date."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from sweepyard.config.names import hint_for, nearest_name
from sweepyard.config.reference import render
from sweepyard.config.schema import MODEL_CONFIGS
from sweepyard.config.validation import legal_keys

PAGE = Path(__file__).parents[3] / "docs" / "config-reference.md"


def test_the_page_is_up_to_date() -> None:
    rule = "run: python -m sweepyard.config.reference > docs/config-reference.md"
    assert PAGE.read_text(encoding="utf-8") == render(), rule


@pytest.mark.parametrize("name", MODEL_CONFIGS)
def test_every_key_is_on_it(name: str) -> None:
    text = render()
    assert [key for key in legal_keys(MODEL_CONFIGS[name]) if f"| `{key}` |" not in text] == []


def test_the_module_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    sys.modules.pop("sweepyard.config.reference", None)
    runpy.run_module("sweepyard.config.reference", run_name="__main__")
    assert capsys.readouterr().out == render()


def test_hints() -> None:
    assert hint_for("adm", ["adam", "sgd"]) == "Did you mean `adam`?"
    assert hint_for("zzz", ["b", "a"]) == "Legal: `a`, `b`"
    assert hint_for("zzz", [f"n{index:02}" for index in range(20)]).endswith("`n11`, ...")
    assert hint_for("zzz", []) == ""
    assert nearest_name("lr.patience", ["trainer.early_stopping.patience", "x.y"]) == "trainer.early_stopping.patience"
    assert nearest_name("zzz.name", ["aaaaaa.name", "bbbbbb.name"]) is None
