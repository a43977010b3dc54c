"""Seeds, generators and threads; stop signals; which backend there is."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from sweepyard.agents.warm import place
from sweepyard.config.schema import ExperimentConfig, SeedConfig
from sweepyard.errors import TrainingError
from sweepyard.training import seeding
from sweepyard.training.backend import check_installed
from sweepyard.training.state import fingerprint
from sweepyard.training.stopping import StopSignal


def draws() -> tuple[float, float, list[float]]:
    return random.random(), float(np.random.random()), np.asarray(keras.random.uniform((2,))).tolist()


def test_a_seed_covers_python_numpy_and_keras() -> None:
    seeding.apply(SeedConfig(value=5), 1)
    first = draws()
    assert draws() != first
    seeding.apply(SeedConfig(value=5), 1)
    assert draws() == first
    seeding.apply(SeedConfig(value=6), 1)
    assert all(left != right for left, right in zip(draws(), first, strict=True))


def test_generators_go_back_to_a_state() -> None:
    random.gauss(0, 1)
    np.random.standard_normal()  # both keep a second draw back
    state = seeding.random_state()
    first = (draws(), random.gauss(0, 1), np.random.standard_normal())
    seeding.restore_random_state(state)
    assert (draws(), random.gauss(0, 1), np.random.standard_normal()) == first


def test_deterministic_pins_one_thread_and_records_it() -> None:
    record = seeding.apply(SeedConfig(deterministic=True), None)
    assert record.to_json() == {
        "backend": keras.backend.backend(),
        "deterministic": True,
        "threads": 1,
        "processors": len(os.sched_getaffinity(0)),
    }


def test_threads_cannot_change_once_tensorflow_runs() -> None:
    keras.ops.ones((1,))
    with pytest.raises(TrainingError, match=r"asked for 7 when 1 were in use\. Start the fit in a new process"):
        seeding.apply(SeedConfig(), 7)


def test_jax_takes_no_thread_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(TrainingError, match="on the TensorFlow backend only; received 2 with jax"):
        seeding.apply(SeedConfig(), 2)
    assert seeding.apply(SeedConfig(), None).backend == "jax"


def test_what_decides_a_digest_is_part_of_a_checkpoint() -> None:
    one, two = (seeding.Determinism("tensorflow", True, threads, 2) for threads in (1, 2))
    config = ExperimentConfig()
    assert fingerprint(config, "d", one) != fingerprint(config, "d", two)
    free = replace(config, trainer=replace(config.trainer, resume=True, verbose="silent", epochs=99))
    assert fingerprint(free, "d", one) == fingerprint(config, "d", one)
    assert fingerprint(config, "e", one) != fingerprint(config, "d", one)
    left, right = (replace(each, deterministic=False) for each in (one, two))
    assert fingerprint(config, "d", left) == fingerprint(config, "d", right)


def test_a_signal_sets_the_flag_and_the_handler_goes_back() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    stop = StopSignal()
    seen = [stop.is_set]
    with stop.on(signal.SIGUSR1):
        os.kill(os.getpid(), signal.SIGUSR1)
        seen.append(stop.is_set)
    assert seen == [False, True]
    assert signal.getsignal(signal.SIGUSR1) is before


def test_the_backend_is_checked_before_keras_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_installed({}) == "tensorflow"
    assert check_installed({"KERAS_BACKEND": "jax"}) == "jax"
    with pytest.raises(TrainingError, match="must be one of jax, tensorflow; received 'torch'"):
        check_installed({"KERAS_BACKEND": "torch"})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(TrainingError, match=r"extra `cpu` .* or `gpu`"):
        check_installed({})


def test_the_package_imports_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys, sweepyard.training, sweepyard.training.stopping, sweepyard.training.backend\n"
        "print(sorted({'keras', 'tensorflow', 'numpy', 'jax'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_keras_writes_when_it_is_first_imported_leads_to_no_other_fork_server(tmp_path: Path) -> None:
    environ = {"KERAS_HOME": str(tmp_path)}
    before = place.key_of(environ)
    shutil.copy(Path(os.environ["KERAS_HOME"], "keras.json"), tmp_path)
    assert place.key_of(environ) == before
    (tmp_path / "keras.json").write_text('{"floatx": "float64"}')
    assert place.key_of(environ) != before


LOADING = """
import sys
from sweepyard.training import backend
backend.load()
import keras
assert keras.backend.backend() == sys.argv[1]
print(*sorted({"jax", "matplotlib", "pandas", "scipy", "sklearn"} & sys.modules.keys()))
import sklearn, jax, pandas
assert keras.ops.ones((2,)).shape == (2,)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "brought"), [("tensorflow", ""), ("jax", "jax scipy")])
def test_what_happens_to_be_installed_is_not_imported_with_keras_but_can_be_later(name: str, brought: str) -> None:
    command = [sys.executable, "-W", "error", "-c", LOADING, name]
    done = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": name}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == brought


@pytest.mark.parametrize(("backend", "goes_on"), [("tensorflow", True), ("jax", False)])
def test_a_fit_goes_on_with_more_processors_where_its_digest_does_not_depend_on_them(
    backend: str, goes_on: bool
) -> None:
    few, many = (seeding.Determinism(backend, True, 1, processors) for processors in (1, 2))
    config = ExperimentConfig()
    assert (fingerprint(config, "d", few) == fingerprint(config, "d", many)) is goes_on
