"""Keys on the hub's own command line."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sweepyard.cli import door

KEY = "ab" * 20


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWEEPYARD_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def key_file(text: str, mode: int = 0o600) -> Path:
    file = Path("k")
    file.write_text(text)
    file.chmod(mode)
    return file


def test_a_key_in_a_file_is_accepted_and_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    key_file(f"{KEY}\n")
    assert door.enter(["hub", "keys", "add", "--user", "local", "--key-file", "k"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("accepted a key of local")
    assert KEY not in told.out + told.err


@pytest.mark.parametrize("text", ["", "\n", "two words\n"])
def test_a_key_file_without_a_key_makes_none(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    key_file(text)
    assert door.enter(["hub", "keys", "add", "--user", "local", "--key-file", "k"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "error: k: a key file holds one API key and nothing else; received " in told.err


def test_an_empty_standard_input_makes_no_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert door.enter(["hub", "keys", "add", "--user", "local", "--key-file", "-"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "an API key has 40 or more of A-Z a-z 0-9 _ -" in told.err


def test_a_key_file_that_others_may_read_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    key_file(KEY, 0o644)
    assert door.enter(["hub", "keys", "add", "--user", "local", "--key-file", "k"]) == 1
    assert "k: a key file is its owner's alone; received one that others may read. chmod 600 k" in (
        capsys.readouterr().err
    )
