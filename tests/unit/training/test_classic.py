"""The classic assignment: three dense layers on digits, twelve epochs, seed 0."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweepyard.clock import SystemClock
from sweepyard.config.schema import DataConfig, ExperimentConfig, SeedConfig, TrackingConfig, TrainerConfig
from sweepyard.datasets.loading import load
from sweepyard.settings import Settings
from sweepyard.tracking.memory import NoopTracker
from sweepyard.training import fitlog
from sweepyard.training.loop import fit
from sweepyard.training.stopping import StopSignal

GOLDEN = Path(__file__).parents[2] / "golden" / "classic_fit_log.txt"


def test_rounding_keeps_two_digits_and_a_rates_three() -> None:
    log = {"loss": [1.23456, 0.5], "learning_rate": [0.00012345, 1.0]}
    assert fitlog.rounded(log) == "epoch  loss  learning_rate\n    1  1.23       0.000123\n    2  0.50              1"
    assert fitlog.rounded({}) == "epoch"


@pytest.mark.slow
def test_the_rounded_fit_log_of_the_classic_assignment(tmp_path: Path) -> None:
    """Weights differ between processors in their last bits, so a number may round to its neighbour; no more."""
    config = ExperimentConfig(
        data=DataConfig(name="mnist5k"),
        trainer=TrainerConfig(epochs=12, batch_size=128, verbose="silent"),
        tracking=TrackingConfig(mode="disabled"),
        seed=SeedConfig(value=0, deterministic=True),
    )
    dataset = load(config.data, Settings(home=tmp_path, cache=tmp_path, offline=True))
    result = fit(config, dataset, NoopTracker("r1"), tmp_path, resolved={}, stop=StopSignal(), clock=SystemClock())
    lines = fitlog.rounded(result.fit_log).splitlines()
    golden = GOLDEN.read_text(encoding="utf-8").splitlines()
    assert lines[0] == golden[0]
    assert len(lines) == len(golden) == 13
    for line, expected in zip(lines[1:], golden[1:], strict=True):
        assert [float(cell) for cell in line.split()] == pytest.approx(
            [float(cell) for cell in expected.split()], abs=0.0101
        )
