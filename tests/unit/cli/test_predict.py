"""What `sweepyard predict` says of files that hold no picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from sweepyard.cli import door


def test_every_file_without_a_picture_is_told_before_a_model_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.png").touch()
    Image.new("L", (28, 28), 255).save("blank.png")
    assert door.enter(["predict", "m.keras", "empty.png", "blank.png", "nosuch.png"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "error: empty.png: a picture must be PNG, JPEG or IDX; received an empty file",
        "error: blank.png: the picture is blank: its pixels are all nearly equally bright, whatever their colour",
        "error: a picture must be a file; received nosuch.png, which is none",
    ]
