"""Keys, users, teams and backups on the hub's own command line."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sweepyard.cli import door
from sweepyard.cli.environment import settings_now
from sweepyard.services.guard import acting_for_the_hub
from sweepyard.wiring.hub import build_services

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


@pytest.mark.parametrize("what", ["users", "teams"])
def test_projects_that_a_new_name_brings_within_reach_are_told(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.enter(["hub", what, "add", "bob"]) == 0
    assert "warning" not in capsys.readouterr().err
    with build_services(settings_now()) as services, acting_for_the_hub():
        services.projects.ensure("ann", "digits")
    assert door.enter(["hub", what, "add", "ann"]) == 0
    assert "warning: 1 project stands under ann already" in capsys.readouterr().err


def test_a_backup_does_not_go_among_the_hubs_own_blobs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.enter(["hub", "users", "list"]) == 0
    assert door.enter(["hub", "backup", str(home / "blobs" / "x")]) == 1
    rule = f"a backup goes to a folder outside the hub's own store {home.resolve() / 'blobs'}; received {home}/blobs/x"
    assert f"error: {rule}" in capsys.readouterr().err
    assert not (home / "blobs" / "x").exists()
    assert door.enter(["hub", "backup", str(home / "x")]) == 0
    assert f"warning: {home}/x lies in the hub's home" in capsys.readouterr().err
