"""conf/ and sweeps/ are found in a checkout, in an installed wheel and where a container says."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweepyard.config.locations import conf_folder, sweeps_folder
from sweepyard.errors import ConfigInvalid


def test_the_checkouts_own(conf: Path) -> None:
    root = Path(__file__).parents[3]
    assert conf == root / "conf"
    assert sweeps_folder() == root / "sweeps"


def test_the_wheels_go_before_a_folder_that_happens_to_lie_beside(tmp_path: Path) -> None:
    package = tmp_path / "lib" / "site-packages" / "sweepyard"
    (package / "_data" / "conf").mkdir(parents=True)
    (package / "_data" / "sweeps").mkdir()
    (tmp_path / "lib" / "conf").mkdir()
    assert conf_folder({}, package=package) == package / "_data" / "conf"
    assert sweeps_folder(package=package) == package / "_data" / "sweeps"


def test_a_container_says_where(tmp_path: Path) -> None:
    assert conf_folder({"SWEEPYARD_CONF": str(tmp_path)}) == tmp_path


def test_a_container_says_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="SWEEPYARD_CONF must name a folder"):
        conf_folder({"SWEEPYARD_CONF": str(tmp_path / "none")})


def test_nowhere(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="must come with the package; received nothing at"):
        conf_folder({}, package=tmp_path / "a" / "b")
