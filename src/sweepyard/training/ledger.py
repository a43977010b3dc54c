"""The history rows of this run, kept beside the tracker until a server is known to hold them."""

from __future__ import annotations

from collections.abc import Mapping

from sweepyard.jsonvalue import JsonObject
from sweepyard.tracking.tracker import MetricValue, Tracker

Scalar = float | int
Row = tuple[int, dict[str, Scalar]]


class HistoryLedger:
    """Logs rows of numbers and remembers them, so that a checkpoint can carry them.

    What a tracker accepted may be lost when its process is killed; what the server holds ends at
    `last_logged_step`. Rows above it are logged again after a resume, so history has neither gaps nor
    doubles.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._rows: list[Row] = []

    def log(self, values: Mapping[str, Scalar], *, step: int) -> None:
        """Log one row and remember it."""
        row = dict(values)
        self._rows.append((step, row))
        self._send(step, row)

    def to_json(self) -> list[list[int | JsonObject]]:
        """All rows, for a checkpoint."""
        return [[step, dict(row)] for step, row in self._rows]

    def restore(self, rows: list[Row]) -> None:
        """Take a checkpoint's rows, and log those that the server lacks."""
        self._rows = list(rows)
        for step, row in rows:
            self._send(step, row)

    def _send(self, step: int, row: Mapping[str, Scalar]) -> None:
        if step > self._tracker.last_logged_step:
            values: dict[str, MetricValue] = dict(row)
            self._tracker.log(values, step=step)
