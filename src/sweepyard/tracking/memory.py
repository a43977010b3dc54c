"""Trackers without a server: one that forgets, one that remembers, one that hands on to several."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.tracking.order import CallOrder
from sweepyard.tracking.tracker import LoggedModel, MetricValue, Tracker


class NoopTracker:
    """Takes everything and keeps nothing: tracking mode `disabled`."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._order = CallOrder()

    @property
    def run_id(self) -> str:
        return self._run_id

    @property
    def url(self) -> str | None:
        return None

    @property
    def last_logged_step(self) -> int:
        return self._order.last_logged_step

    def configure(self, config: JsonObject) -> None:
        self._order.require_open()

    def log(self, values: Mapping[str, MetricValue], *, step: int) -> None:
        self._order.accepts(step)

    def summarize(self, values: Mapping[str, JsonValue]) -> None:
        self._order.require_open()

    def log_model(self, path: Path, *, name: str, aliases: tuple[str, ...], metadata: JsonObject) -> None:
        self._order.require_open()

    def should_stop(self) -> bool | None:
        self._order.require_open()
        return None

    def mark_preempting(self) -> None:
        self._order.require_open()

    def finish(self, exit_code: int = 0) -> None:
        self._order.close()


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """One row of history that a `MemoryTracker` was given."""

    step: int
    values: Mapping[str, MetricValue]


class MemoryTracker:
    """Keeps everything it is given, for tests and for a fit without a server.

    Attributes:
        config: The run config, merged.
        rows: History, in order.
        summary: The summary, merged.
        models: Model artifacts, in order.
        stop: What `should_stop` answers.
        preempting: Whether `mark_preempting` was called.
        exit_code: What `finish` was given; None before.
    """

    def __init__(self, run_id: str = "memory", *, last_logged_step: int = -1, stop: bool | None = False) -> None:
        self._run_id = run_id
        self._order = CallOrder(last_logged_step)
        self.config: JsonObject = {}
        self.rows: list[LoggedRow] = []
        self.summary: JsonObject = {}
        self.models: list[LoggedModel] = []
        self.stop = stop
        self.preempting = False
        self.exit_code: int | None = None

    @property
    def run_id(self) -> str:
        return self._run_id

    @property
    def url(self) -> str | None:
        return None

    @property
    def last_logged_step(self) -> int:
        return self._order.last_logged_step

    def configure(self, config: JsonObject) -> None:
        self._order.require_open()
        merge_into(self.config, config)

    def log(self, values: Mapping[str, MetricValue], *, step: int) -> None:
        if self._order.accepts(step):
            self.rows.append(LoggedRow(step, copy.deepcopy(dict(values))))

    def summarize(self, values: Mapping[str, JsonValue]) -> None:
        self._order.require_open()
        self.summary.update(copy.deepcopy(dict(values)))

    def log_model(self, path: Path, *, name: str, aliases: tuple[str, ...], metadata: JsonObject) -> None:
        self._order.require_open()
        self.models.append(LoggedModel(path, name, aliases, copy.deepcopy(metadata)))

    def should_stop(self) -> bool | None:
        self._order.require_open()
        return self.stop

    def mark_preempting(self) -> None:
        self._order.require_open()
        self.preempting = True

    def finish(self, exit_code: int = 0) -> None:
        self._order.close()
        self.exit_code = exit_code

    def series(self, name: str) -> list[MetricValue]:
        """Every logged value of one metric, in order."""
        return [row.values[name] for row in self.rows if name in row.values]


class CompositeTracker:
    """Hands every call to several trackers; the first one gives the run's id and address.

    Each tracker gets each call even when one before it fails: the first error is raised afterwards.
    """

    def __init__(self, trackers: Sequence[Tracker]) -> None:
        if not trackers:
            raise ValueError("a CompositeTracker needs at least one tracker")
        self._trackers = tuple(trackers)

    @property
    def run_id(self) -> str:
        return self._trackers[0].run_id

    @property
    def url(self) -> str | None:
        return next((tracker.url for tracker in self._trackers if tracker.url is not None), None)

    @property
    def last_logged_step(self) -> int:
        """The lowest of all: each tracker drops for itself what it holds already."""
        return min(tracker.last_logged_step for tracker in self._trackers)

    def configure(self, config: JsonObject) -> None:
        self._each(lambda tracker: tracker.configure(config))

    def log(self, values: Mapping[str, MetricValue], *, step: int) -> None:
        self._each(lambda tracker: tracker.log(values, step=step))

    def summarize(self, values: Mapping[str, JsonValue]) -> None:
        self._each(lambda tracker: tracker.summarize(values))

    def log_model(self, path: Path, *, name: str, aliases: tuple[str, ...], metadata: JsonObject) -> None:
        self._each(lambda tracker: tracker.log_model(path, name=name, aliases=aliases, metadata=metadata))

    def should_stop(self) -> bool | None:
        """True when one of them says so; None when nobody can say."""
        answers = [tracker.should_stop() for tracker in self._trackers]
        if any(answers):
            return True
        return False if False in answers else None

    def mark_preempting(self) -> None:
        self._each(lambda tracker: tracker.mark_preempting())

    def finish(self, exit_code: int = 0) -> None:
        self._each(lambda tracker: tracker.finish(exit_code))

    def _each(self, call: Callable[[Tracker], None]) -> None:
        failure: Exception | None = None
        for tracker in self._trackers:
            try:
                call(tracker)
            except Exception as error:  # noqa: BLE001  the others get the call too; the first error is raised below
                failure = failure or error
        if failure is not None:
            raise failure


def merge_into(target: JsonObject, addition: Mapping[str, JsonValue]) -> None:
    """Merge `addition` into `target`, mapping by mapping; nothing of `addition` is shared afterwards."""
    for key, value in addition.items():
        present = target.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            merge_into(present, value)
        else:
            target[key] = copy.deepcopy(value)
