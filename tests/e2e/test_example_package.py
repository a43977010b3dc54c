"""The example package: installed as a user would, then trained and swept."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "depthwise"


@pytest.mark.slow
def test_a_model_of_ones_own_is_installed_and_swept(tmp_path: Path) -> None:
    example = tmp_path / "depthwise"
    shutil.copytree(EXAMPLE, example, ignore=shutil.ignore_patterns("outputs", "__pycache__"))
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "--no-index", "--target", str(site), str(example)], check=True
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(site),
        "HOME": str(tmp_path / "home"),
        "SWEEPYARD_HOME": str(tmp_path / "hub"),
        "SWEEPYARD_CACHE": str(tmp_path / "cache"),
    }
    sweeping = subprocess.run(
        [sys.executable, "-m", "sweepyard", "sweep", "sweeps/depthwise.yaml", "--json"],
        cwd=example,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert sweeping.returncode == 0, sweeping.stderr
    swept = json.loads(sweeping.stdout)
    assert swept["state"] == "FINISHED"
    assert sorted(run["parameters"]["model.dropout"] for run in swept["runs"]) == [0.0, 0.3]
    assert {run["state"] for run in swept["runs"]} == {"finished"}
