"""A stored sweep, and what is asked of it everywhere: its parsed file, and its runs."""

from __future__ import annotations

import functools

from sweepyard.domain.sweep import Sweep, SweepPath
from sweepyard.errors import NotFound
from sweepyard.services.ports import UnitOfWork
from sweepyard.services.ports.runs import RunSelection
from sweepyard.sweeps.config import SweepConfig, parse


@functools.lru_cache(maxsize=128)
def parsed(config_yaml: str) -> SweepConfig:
    """A sweep file that was accepted before; parsed once, since every heartbeat asks for it."""
    return parse(config_yaml, text_numbers="warn")


def existing_sweep(unit: UnitOfWork, path: SweepPath) -> Sweep:
    """The sweep.

    Raises:
        NotFound: There is none.
    """
    sweep = unit.sweeps.get(path)
    if sweep is None:
        raise NotFound(f"there is no sweep {path}")
    return sweep


def runs_of(path: SweepPath) -> RunSelection:
    """Every run of the sweep."""
    return RunSelection(entity=path.entity, project=path.project, sweep_id=path.sweep_id)
