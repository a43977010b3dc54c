"""From what a run recorded back to its config."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sweepyard.config.compose import compose
from sweepyard.domain.run import RunPath
from sweepyard.errors import ConfigInvalid, TrackingError
from sweepyard.jsonvalue import JsonObject
from sweepyard.tracking.records import RunRecord
from sweepyard.wiring.reproducing import config_of


def record(config: JsonObject) -> RunRecord:
    return RunRecord(
        path=RunPath("local", "digits", "ab12cd34"),
        name="run",
        state="finished",
        config=config,
        summary={},
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        sweep_id=None,
        duration_seconds=1.0,
        tags=(),
        url="",
    )


def test_the_recorded_config_comes_back_but_for_tracking() -> None:
    of_others = "trainer.checkpoint.folder=shared"
    composition = compose(["model=convnet", "trainer.epochs=3", "seed.value=7", "tracking.tags=[a]", of_others])
    config = config_of(record({**composition.resolved, "provenance": {}, "code": {"commit": "c"}}))
    expected = composition.config
    assert (config.data, config.model, config.optimizer, config.seed) == (
        expected.data,
        expected.model,
        expected.optimizer,
        expected.seed,
    )
    own = replace(expected.trainer.checkpoint, folder=None)
    assert config.trainer == replace(expected.trainer, resume=False, verbose="silent", checkpoint=own)
    assert config.tracking.mode == "disabled"


def test_what_the_sweep_owns_is_read_as_it_was_composed() -> None:
    resolved = compose(["model=convnet", "trainer.epochs=3"]).resolved
    swept: JsonObject = {**resolved, "model": "convnet", "trainer.epochs": 3, "resolved": {"model": resolved["model"]}}
    assert config_of(record(swept)).model.name == "convnet"
    assert config_of(record(swept)).trainer.epochs == 3


def test_a_run_of_something_else_recorded_no_config() -> None:
    with pytest.raises(TrackingError, match="local/digits/ab12cd34 recorded no config"):
        config_of(record({"lr": 0.1}))


def test_a_config_of_another_version_is_refused_key_by_key() -> None:
    resolved = compose([]).resolved
    resolved["trainer"] = {"epochs": 0, "epoks": 1}
    with pytest.raises(ConfigInvalid) as told:
        config_of(record(resolved))
    assert len(told.value.violations) == 2
    assert all("local/digits/ab12cd34" in violation.where for violation in told.value.violations)
