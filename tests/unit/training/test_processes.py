"""Fits in processes of their own: killed ones, ones on another backend, compiled ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("fit_in_process.py")


def start(folder: Path, environ: dict[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROGRAM), str(folder), json.dumps(options)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", **(environ or {})},
    )


def completed(folder: Path, environ: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    done = start(folder, environ, **options)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return completed(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("checkpoint", [{}, {"every_steps": 2, "keep": 2}])
def test_killed_in_the_third_epoch_it_ends_as_if_nothing_had_been(
    whole: dict[str, Any], tmp_path: Path, checkpoint: dict[str, int]
) -> None:
    killed = start(tmp_path, kill_at=16, trainer={"checkpoint": checkpoint})
    assert killed.returncode == -signal.SIGKILL
    rest = completed(tmp_path, trainer={"resume": True, "checkpoint": checkpoint})
    assert rest["digest"] == whole["digest"]
    assert rest["fit_log"] == whole["fit_log"]
    assert rest["steps"] == whole["steps"]


@pytest.mark.timeout(600)  # XLA compiles for minutes where the processors are shared
def test_jax_trains_repeats_and_resumes(tmp_path: Path) -> None:
    jax = {
        "KERAS_BACKEND": "jax",
        # Three processes compile the same fit.
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    }
    trainer = {"epochs": 3, "checkpoint": {"every_steps": 2}}
    first = completed(tmp_path / "first", jax, model="mlp", trainer=trainer)
    assert first["provenance"]["determinism"]["backend"] == "jax"
    assert first["provenance"]["determinism"]["processors"] == len(os.sched_getaffinity(0))
    killed = start(tmp_path / "second", jax, model="mlp", kill_at=10, trainer=trainer)
    assert killed.returncode == -signal.SIGKILL
    rest = completed(tmp_path / "second", jax, model="mlp", trainer={**trainer, "resume": True})
    assert rest["digest"] == first["digest"]
    assert rest["fit_log"] == first["fit_log"]


def test_xla_compiles_a_fit(tmp_path: Path) -> None:
    report = completed(
        tmp_path,
        model="mlp",
        augment=False,
        seed={"deterministic": False},
        trainer={"jit_compile": True, "epochs": 1, "steps_per_execution": 2},
    )
    assert report["steps"] == [2, 4, 6, 7]
