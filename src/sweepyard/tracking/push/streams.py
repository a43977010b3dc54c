"""The lines of a run's streams as digests, so that two servers' are compared without keeping either."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from sweepyard.domain.run import RunPath
from sweepyard.jsonvalue import JsonObject, dumps_canonical
from sweepyard.tracking.push.facts import Difference
from sweepyard.tracking.push.side_runs import ConsoleText, SideRuns

_SHOWN_BYTES = 6
_COUNTED_ANEW = "_runtime"  # In system metrics the client counts it from the run's start, to the microsecond.


def _digest() -> Any:
    return hashlib.sha256()


@dataclass
class StreamDigests:
    """What was seen of a run's streams so far."""

    rows: int = 0
    lines: int = 0
    last_step: int | None = None
    _history: Any = field(default_factory=_digest)
    _events: Any = field(default_factory=_digest)
    _console: list[bytes] = field(default_factory=list)

    def row(self, row: JsonObject) -> str:
        """Take in a row of history; gives it in the form by which rows are compared."""
        text = canonical_row(row)
        self.rows += 1
        self._history.update(text.encode() + b"\n")
        return text

    def event(self, row: JsonObject) -> None:
        """Take in a line of system metrics."""
        known = {key: value for key, value in row.items() if key != _COUNTED_ANEW}
        self._events.update(canonical_row(known).encode() + b"\n")

    def console(self, line: ConsoleText) -> None:
        """Take in a line of output, without the blanks at its end: W&B's client sends none."""
        self.lines += 1
        self._console.append(hashlib.sha256(line.text.rstrip().encode(errors="surrogatepass")).digest()[:_SHOWN_BYTES])

    def differences(self, other: StreamDigests) -> Iterable[Difference]:
        """Which streams differ, in the values of their lines."""
        for what, here, there in (
            ("values of the history", self._history, other._history),
            ("values of the system metrics", self._events, other._events),
        ):
            if here.digest() != there.digest():
                yield Difference(what, _shown(here.digest()), _shown(there.digest()))
        for number, (line, other_line) in enumerate(zip_longest(self._console, other._console), start=1):
            if line != other_line:
                yield Difference(f"text of the console, first in line {number}", _shown(line), _shown(other_line))
                break


def _shown(digest: bytes | None) -> str:
    return "nothing" if digest is None else f"SHA-256 {digest[:_SHOWN_BYTES].hex()}"


def digests_of(runs: SideRuns, path: RunPath) -> StreamDigests:
    """Read all streams of a run."""
    digests = StreamDigests()
    for row in runs.history(path):
        digests.row(row)
    for event in runs.events(path):
        digests.event(event)
    for line in runs.console(path):
        digests.console(line)
    return digests


def canonical_row(row: JsonObject) -> str:
    """A row in the form by which rows are compared: by value, whatever the order of its keys."""
    return dumps_canonical(row)
