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


@pytest.mark.parametrize(
    "arguments", [["predict", "model.keras", "--store", "one.png", "two.png"], ["serve", "--store", "x:secret@y"]]
)
def test_a_word_after_store_that_is_no_url_is_refused_with_what_to_write(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.enter(arguments) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith(
        "error: Invalid value for '--store': the word after it is a database's URL, as postgresql://"
    )
    assert told.endswith("Without a URL, write --store last, or --store=")
    assert "secret" not in told


@pytest.mark.parametrize("store", [["--store="], ["--store", "sqlite:///some.db"], ["--store=sqlite:///some.db"]])
def test_images_may_follow_store_and_its_url(
    store: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert door.enter(["predict", *store, "model.keras", "nosuch.png"]) == 1
    assert capsys.readouterr().err == "error: a picture must be a file; received nosuch.png, which is none\n"
