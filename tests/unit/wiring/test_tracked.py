"""Where a run is tracked, and what is said of it."""

from __future__ import annotations

import pytest

from sweepyard.config.schema import TrackingConfig, TrackingMode
from sweepyard.wiring.training import _tell_of_unheeded_mode, _tracked


@pytest.mark.parametrize(
    ("mode", "tracked", "told"), [("offline", "wandb", 1), ("disabled", "wandb", 1), ("hub", "hub", 0)]
)
def test_under_an_agent_no_run_is_kept_from_its_server(mode: TrackingMode, tracked: TrackingMode, told: int) -> None:
    said: list[str] = []
    assert _tracked(TrackingConfig(mode=mode), said.append) == TrackingConfig(mode=tracked)
    assert len(said) == told
    assert all(f"tracking.mode is {mode}, but under an agent the agent's server wins" in line for line in said)


@pytest.mark.parametrize(
    ("wanted", "mode", "word"),
    [
        ("disabled", "hub", "disabled"),
        ("dryrun", "hub", "offline"),
        ("disabled", "offline", "disabled"),
        ("offline", "offline", ""),
        ("offline", "wandb", ""),
        ("online", "hub", ""),
    ],
)
def test_a_mode_of_the_client_that_is_not_heeded_is_told(wanted: str, mode: TrackingMode, word: str) -> None:
    said: list[str] = []
    _tell_of_unheeded_mode(TrackingConfig(mode=mode), {"WANDB_MODE": wanted}, said.append)
    told = f"WANDB_MODE={wanted} is not heeded: tracking.mode decides, and is {mode}. Use tracking={word}"
    assert said == ([told] if word else [])
