"""Shared by the config tests: where the shipped conf/ lies, and a package of a user's."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweepyard.config.compose import Composer
from sweepyard.config.locations import conf_folder


@pytest.fixture(scope="session")
def conf() -> Path:
    return conf_folder({})


@pytest.fixture(scope="session")
def composer() -> Composer:
    """One for all tests, since the shipped conf/ stays as it is."""
    return Composer()


@pytest.fixture
def own_conf(tmp_path: Path) -> Path:
    """A user's conf/ with a model of their own, and a trainer that is called like one of ours."""
    folder = tmp_path / "own's conf"
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "tower.yaml").write_text(
        "name: tower\n_target_: my_package.models.tower\ndepth: 3\nside: {a: 1}\n"
    )
    (folder / "trainer").mkdir()
    (folder / "trainer" / "quick.yaml").write_text("epochs: 1\n")
    (folder / "seed").mkdir()
    (folder / "seed" / "default.yaml").write_text("value: 7\ndeterministic: false\n")
    return folder
