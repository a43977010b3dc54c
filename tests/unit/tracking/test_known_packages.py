"""The installed packages are listed once for all runs of a fork server, and anew for a run that looks elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from wandb import util

from sweepyard.tracking.wandb import KnownPackages


def test_they_are_those_that_the_client_lists(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path[1:]])
    listed = {(package.key, package.version) for package in util.working_set()}
    known = KnownPackages()
    monkeypatch.setattr(util, "working_set", lambda: pytest.fail("read again"))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "elsewhere"), *sys.path[1:]])
    assert {(package.key, package.version) for package in known()} == listed


def test_a_run_that_finds_packages_elsewhere_lists_them_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    known = KnownPackages()
    (tmp_path / "own-1.5.dist-info").mkdir()
    (tmp_path / "own-1.5.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: own\nVersion: 1.5\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    assert ("own", "1.5") in {(package.key, package.version) for package in known()}
