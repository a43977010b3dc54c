"""The version of the user's code."""

from __future__ import annotations

import subprocess

import pytest

from sweepyard.tracking.code import code_version


@pytest.fixture
def checkout(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "train.py").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def git(folder, *arguments):
    command = ["git", "-c", "user.name=n", "-c", "user.email=e@example.invalid", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_clean_checkout(checkout):
    (checkout / "outputs").mkdir()
    (checkout / "outputs" / "new.txt").write_text("not of the code")
    assert code_version(checkout / "outputs") == {"commit": git(checkout, "rev-parse", "HEAD"), "dirty": False}


def test_a_changed_checkout(checkout):
    (checkout / "train.py").write_text("2")
    assert code_version(checkout) == {"commit": git(checkout, "rev-parse", "HEAD"), "dirty": True}


def test_no_checkout(tmp_path):
    assert code_version(tmp_path) is None


def test_a_checkout_without_a_commit(tmp_path):
    git(tmp_path, "init", "-q")
    assert code_version(tmp_path) is None


def test_no_git(checkout, monkeypatch):
    monkeypatch.setenv("PATH", str(checkout))
    assert code_version(checkout) is None
