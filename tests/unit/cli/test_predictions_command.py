"""`sweepyard predictions` and `sweepyard db`, over a database that a model has filled."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas
import pyarrow.parquet
import pytest
from PIL import Image
from tests.fakes.deterministic import START

from sweepyard.cli import door
from sweepyard.domain.classified import Classified, ModelVersion
from sweepyard.storage.predictions.opening import open_predictions
from sweepyard.wiring.predictions import predictions_frame

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 4, 5), dtype=np.uint8)


def model(name: str) -> ModelVersion:
    return ModelVersion(name, name[0] * 64, ("cat", "dog"), "animals", "d" * 64)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which `a1` is right about one of two labelled images, and `b2` takes everything for a dog."""
    monkeypatch.setenv("SWEEPYARD_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    store = open_predictions(tmp_path / "home", to_store=True)
    for number, (name, cats) in enumerate({"a1": (0.75, 0.75, 0.25), "b2": (0.25, 0.25, 0.25)}.items()):
        store.add(
            Classified(
                model=model(name),
                images=IMAGES,
                probabilities=np.array([[cat, 1 - cat] for cat in cats], np.float32),
                true_labels=("cat", "dog", None),
                latency_seconds=0.5,
                predicted_at=START + timedelta(days=number),
            )
        )
    store.close()
    return tmp_path


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert door.enter(arguments) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def answered(capsys: pytest.CaptureFixture[str], *arguments: str):
    return json.loads(asked(capsys, "predictions", *arguments, "--json"))


def test_predictions_are_listed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = answered(capsys, "list")
    assert [each["run"] for each in found] == ["b2"] * 3 + ["a1"] * 3
    assert found[0]["probabilities"] == {"cat": 0.25, "dog": 0.75}
    assert found[0]["predicted_at"] == (START + timedelta(days=1)).isoformat()
    (wrong,) = answered(capsys, "list", "--model", "a1", "--wrong")
    assert (wrong["true_label"], wrong["predicted"], wrong["correct"]) == ("dog", "cat", False)
    lines = asked(capsys, "predictions", "list", "--limit", "2").splitlines()
    assert lines[0].split() == ["image", "model", "shows", "predicted", "confidence", "time", "(UTC)"]
    assert lines[1].split()[1] == "b2:bbbbbbbb"
    assert len(lines) == 3


def test_accuracy_is_shown_over_time(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = answered(capsys, "accuracy", "--by", "day")
    assert (first["run"], first["period"], first["labelled"], first["correct"]) == ("a1", "2026-11-21", 2, 1)
    assert (second["run"], second["period"], second["accuracy"]) == ("b2", "2026-11-22", 0.5)
    assert [each["period"] for each in answered(capsys, "accuracy")] == [None, None]
    assert "a1:aaaaaaaa  2026-11-21  3" in asked(capsys, "predictions", "accuracy", "--by", "day")
    assert "a1:aaaaaaaa  3            2         1        0.5000" in asked(capsys, "predictions", "accuracy")


def test_confusion_is_shown(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answered(capsys, "confusion", "a1") == {
        "model": "a1:aaaaaaaa",
        "classes": ["cat", "dog"],
        "counts": [[1, 0], [1, 0]],
    }
    lines = asked(capsys, "predictions", "confusion", "bbbb").splitlines()
    assert [line.split() for line in lines] == [["shows", "cat", "dog"], ["cat", ".", "1"], ["dog", ".", "1"]]


def test_disagreements_are_shown(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = answered(capsys, "disagreements", "a1", "b2")
    assert (found["models"], found["shared"], found["differing"]) == (["a1:aaaaaaaa", "b2:bbbbbbbb"], 3, 2)
    assert {each["true_label"] for each in found["images"]} == {"cat", "dog"}
    assert found["images"][0]["predicted"] == ["cat", "dog"]
    text = asked(capsys, "predictions", "disagreements", "a1", "b2", "--limit", "1")
    assert text.startswith("both have seen 3 images, and took 2 of them for different things\n")
    assert len(text.splitlines()) == 4
    alone = asked(capsys, "predictions", "disagreements", "a1", "a1")
    assert alone == "both have seen 3 images, and took 0 of them for different things\n"


def test_predictions_are_exported(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(capsys, "predictions", "export", "all.csv") == "6 predictions in all.csv\n"
    with Path("all.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 6
    assert json.loads(rows[0]["probabilities"]) == {"cat": 0.25, "dog": 0.75}
    assert answered(capsys, "export", "one.parquet", "--model", "a1") == {"file": "one.parquet", "rows": 3}
    table = pyarrow.parquet.read_table("one.parquet")
    assert sorted(str(value) for value in table["correct"].to_pylist()) == ["False", "None", "True"]


def test_an_export_that_cannot_be_written_leaves_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.enter(["predictions", "export", "all.xlsx"]) == 1
    assert "to a file that ends in .csv, .parquet, .jsonl; received all.xlsx" in capsys.readouterr().err
    Path("file").touch()
    assert door.enter(["predictions", "export", "file/all.csv"]) == 1
    assert "file/all.csv cannot be used: " in capsys.readouterr().err
    assert door.enter(["predictions", "export", "all.csv", "--model", "c3"]) == 1
    assert sorted(path.name for path in home.iterdir()) == ["file", "home"]


def test_a_data_frame_has_typed_columns(home: Path) -> None:
    frame = predictions_frame()
    assert len(frame) == 6
    assert frame["correct"].sum() == 2
    assert frame["correct"].isna().sum() == 2
    assert frame.groupby("run")["confidence"].mean().to_dict() == {"a1": 0.75, "b2": 0.75}
    assert frame["probabilities"][0] == {"cat": 0.25, "dog": 0.75}
    assert frame["predicted_at"].max() == pandas.Timestamp(START + timedelta(days=1))
    url = f"sqlite:///{home / 'home' / 'predictions.db'}"
    assert predictions_frame("a1", url=url)["run"].tolist() == ["a1"] * 3


def test_a_data_frame_without_rows_is_typed_too(home: Path) -> None:
    open_predictions(home / "empty", to_store=True).close()
    frame = predictions_frame(url=f"sqlite:///{home / 'empty' / 'predictions.db'}")
    assert (len(frame), str(frame["correct"].dtype), str(frame["predicted_at"].dtype)) == (
        0,
        "boolean",
        "datetime64[us, UTC]",
    )


def test_a_stored_image_is_written_as_a_picture(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digests = {line.split()[0] for line in asked(capsys, "predictions", "list").splitlines()[1:]}
    found = []
    for digest in digests:  # as they are shown
        asked(capsys, "predictions", "image", digest, "out.png")
        found.append(np.asarray(Image.open("out.png")).tolist())
    assert sorted(found) == sorted(IMAGES.tolist())
    assert door.enter(["predictions", "image", "1234", "other.png"]) == 1
    assert "there is no image '1234'" in capsys.readouterr().err
    assert not Path("other.png").exists()


def test_where_nothing_is_stored_that_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.enter(["predictions", "list", "--store", "sqlite:///none.db"]) == 1
    assert capsys.readouterr().err == (
        "error: the SQLite database none.db holds no predictions; `sweepyard predict --store` stores them\n"
    )
    assert not Path("none.db").exists()


def test_a_database_is_tried_out(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = asked(capsys, "db", "check")
    assert text.startswith(f"the SQLite database {home / 'home' / 'predictions.db'}\n  connect ")
    assert text.endswith("89 percent sure.\n")
    monkeypatch.setenv("SWEEPYARD_PREDICTIONS", "sqlite:///other.db")
    tried = json.loads(asked(capsys, "db", "check", "--json"))
    assert tried["database"] == "the SQLite database other.db"
    assert list(tried["seconds"])[-1] == "drop the table"
    assert door.enter(["db", "check", "postgresql://ann:secret-word@127.0.0.1:1/rows"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: the PostgreSQL database rows at 127.0.0.1 (user ann) must answer; ")
    assert "secret-word" not in told


def test_a_home_that_a_database_is_made_in_is_private(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWEEPYARD_HOME", str(tmp_path / "home"))
    asked(capsys, "db", "check")
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "home" / "predictions.db").stat().st_mode & 0o777 == 0o600
    (tmp_path / "file").touch()
    monkeypatch.setenv("SWEEPYARD_HOME", str(tmp_path / "file" / "home"))
    assert door.enter(["db", "check"]) == 1
    assert "SWEEPYARD_HOME must name a folder that can be written" in capsys.readouterr().err


def test_a_url_that_is_none_is_told_without_what_it_may_hold(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for url in (
        "digit.png",
        "postgresql://ann:se/cret@host:port/rows",
        "mysql://ann:se-cret@host/rows",
        "postgresql://ann:se@cret@host/rows",
    ):
        assert door.enter(["predictions", "list", "--store", url]) == 1
        told = capsys.readouterr().err
        assert any(why in told for why in ("a database is named by a URL", "received mysql", "is written %40"))
        assert "cret" not in told
