"""The tracker: the one port that training logs to.

Promises of every tracker: the methods are called from one thread, in order; `log` and `summarize` return
without waiting for a network; a value handed over may be changed by the caller afterwards (adapters take
what they need at once); `finish` blocks until everything accepted is on its way or stored, and may be
called once; after it every other call raises `TrackingError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sweepyard.domain.media import Media
from sweepyard.jsonvalue import JsonObject, JsonValue

MetricValue = float | int | str | bool | Media


class Tracker(Protocol):
    """Takes what a run has to tell."""

    @property
    def run_id(self) -> str:
        """The run's id."""

    @property
    def url(self) -> str | None:
        """Where a person can look at the run; None when there is no such place."""

    @property
    def last_logged_step(self) -> int:
        """The highest `step` that the server holds for a resumed run; -1 for a new one."""

    def configure(self, config: JsonObject) -> None:
        """Record (merge) the run config; nested mappings stay nested."""

    def log(self, values: Mapping[str, MetricValue], *, step: int) -> None:
        """Append one history row at `step`; steps strictly increase, one at or below `last_logged_step` is dropped."""

    def summarize(self, values: Mapping[str, JsonValue]) -> None:
        """Merge values into the summary."""

    def log_model(self, path: Path, *, name: str, aliases: tuple[str, ...], metadata: JsonObject) -> None:
        """Record a model file as an artifact version."""

    def should_stop(self) -> bool | None:
        """Whether the server wants this run to stop; None when it cannot be asked within two seconds."""

    def mark_preempting(self) -> None:
        """Tell the server that this run is about to be preempted, so that its point goes back to the queue."""

    def finish(self, exit_code: int = 0) -> None:
        """End the run: 0 finished, 255 stopped, anything else failed."""


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """A model that a `MemoryTracker` was given."""

    path: Path
    name: str
    aliases: tuple[str, ...]
    metadata: JsonObject
