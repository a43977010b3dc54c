"""The fields of a run that filters and orders may name, and how to read them.

Both spellings that the client uses are known (`display_name`, `displayName`). `config.` and `summary_metrics.` lead
into the run's config and summary; a dotted rest is tried as one flat key and as a way through nested mappings, and
`config.k.value`, W&B's own form, means `config.k`.

Filters and orders work on columns: the values of a field by run id. So whoever has them at hand, a store or an index,
need not have whole runs.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sweepyard.domain.run import Run
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue

FieldReader = Callable[[Run], JsonValue]
"""Gives a field's value; None where the run has none."""


def canonical_time(moment: datetime) -> str:
    """A moment as text that sorts as time does; without a zone, UTC is meant."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="microseconds")


def time_written(text: str) -> str:
    """A moment as people write it (2026-11-21T08:00:00, the time and a zone may be missing), by `canonical_time`.

    Raises:
        ValueError: It is none, or one that no calendar has in UTC.
    """
    try:
        return canonical_time(datetime.fromisoformat(text))
    except OverflowError as error:
        raise ValueError(f"{text} lies before or behind all that can be counted") from error


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else canonical_time(moment)


@dataclass(frozen=True, slots=True)
class RunField:
    """A field of a run.

    Attributes:
        name: Its one spelling, of the several that the client uses.
        source: The attribute of a run that it is read from.
        read: Gives its value.
    """

    name: str
    source: str
    read: FieldReader = field(compare=False, repr=False)

    @property
    def is_time(self) -> bool:
        """Whether its values are moments, written by `canonical_time`."""
        return self.name in _TIMES


Columns = Mapping[RunField, Mapping[str, JsonValue]]
"""The values of fields, by run id."""


def columns_of(runs: Iterable[Run], fields: Iterable[RunField]) -> dict[RunField, dict[str, JsonValue]]:
    """The columns of these runs, which are all of one project."""
    listed = list(runs)
    return {wanted: {run.path.run_id: wanted.read(run) for run in listed} for wanted in fields}


_TIMES: dict[str, FieldReader] = {
    "created_at": lambda run: canonical_time(run.created_at),
    "updated_at": lambda run: canonical_time(run.updated_at),
    "heartbeat_at": lambda run: _time(run.heartbeat_at),
    "started_at": lambda run: _time(run.started_at),
    "ended_at": lambda run: _time(run.ended_at),
}
_PLAIN: dict[str, tuple[str, FieldReader]] = {
    "name": ("path", lambda run: run.path.run_id),
    "display_name": ("display_name", lambda run: run.display_name),
    "state": ("state", lambda run: run.state.value),
    "sweep": ("sweep_id", lambda run: run.sweep_id),
    "agent": ("agent_id", lambda run: run.agent_id),
    "tags": ("tags", lambda run: list(run.tags)),
    "username": ("creator", lambda run: run.creator or None),
    "group": ("group", lambda run: run.group or None),
    "job_type": ("job_type", lambda run: run.job_type or None),
    "host": ("host", lambda run: run.host or None),
    "commit": ("commit", lambda run: run.commit or None),
    "notes": ("notes", lambda run: run.notes or None),
    "attempt": ("attempt", lambda run: run.attempt),
    "duration": ("summary", lambda run: run.summary.get("_runtime")),  # in seconds, as the client counts them
}
_OTHER_SPELLINGS = {
    "displayName": "display_name",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "heartbeatAt": "heartbeat_at",
    "jobType": "job_type",
    "sweepName": "sweep",
    "user": "username",
    "user.username": "username",
}
_CONFIG = ("config.",)
_SUMMARY = ("summary_metrics.", "summaryMetrics.", "summary.")


def field_of(name: str) -> RunField:
    """The field of that name, in any of its spellings.

    Raises:
        RequestInvalid: Runs have no such field.
    """
    plain = _OTHER_SPELLINGS.get(name, name)
    if plain in _PLAIN:
        source, read = _PLAIN[plain]
        return RunField(plain, source, read)
    if plain in _TIMES:
        return RunField(plain, plain, _TIMES[plain])
    for prefix in _CONFIG:
        if len(name) > len(prefix) and name.startswith(prefix):
            return RunField(name, "config", _config_reader(name.removeprefix(prefix)))
    for prefix in _SUMMARY:
        if len(name) > len(prefix) and name.startswith(prefix):
            return summary_field(name.removeprefix(prefix))
    known = [*_PLAIN, *_TIMES, *_OTHER_SPELLINGS, "config.KEY", "summary_metrics.KEY"]
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {nearest[0]}?" if nearest else f"Known: {', '.join(sorted({*_PLAIN, *_TIMES}))}"
    raise RequestInvalid([Violation("a filter or an order names a field that runs have", repr(name), hint)])


def summary_field(key: str) -> RunField:
    """The field of a (dotted) key of the summary."""
    return RunField(f"{_SUMMARY[0]}{key}", "summary", lambda run: descend(run.summary, key))


def descend(mapping: JsonObject, key: str) -> JsonValue:
    """The value under a dotted key, be it flat, nested or partly either; None where there is none."""
    if key in mapping:
        return mapping[key]
    head = key
    while "." in head:
        head = head.rpartition(".")[0]
        inner = mapping.get(head)
        if isinstance(inner, dict):
            found = descend(inner, key[len(head) + 1 :])
            if found is not None:
                return found
    return None


def _config_reader(key: str) -> FieldReader:
    def read(run: Run) -> JsonValue:
        found = descend(run.config, key)
        if found is None and key.endswith(".value"):
            return descend(run.config, key.removesuffix(".value"))
        return found

    return read
