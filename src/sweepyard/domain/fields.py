"""The fields of a run that filters and orders may name, and how to read them.

Both spellings that the client uses are known (`display_name`, `displayName`). `config.` and `summary_metrics.` lead
into the run's config and summary; a dotted rest is tried as one flat key and as a way through nested mappings, and
`config.k.value`, W&B's own form, means `config.k`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
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


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else canonical_time(moment)


TIMES: dict[str, FieldReader] = {
    "created_at": lambda run: canonical_time(run.created_at),
    "updated_at": lambda run: canonical_time(run.updated_at),
    "heartbeat_at": lambda run: _time(run.heartbeat_at),
    "started_at": lambda run: _time(run.started_at),
    "ended_at": lambda run: _time(run.ended_at),
}
_PLAIN: dict[str, FieldReader] = {
    "name": lambda run: run.path.run_id,
    "display_name": lambda run: run.display_name,
    "state": lambda run: run.state.value,
    "sweep": lambda run: run.sweep_id,
    "tags": lambda run: list(run.tags),
    "username": lambda run: run.creator or None,
    "group": lambda run: run.group or None,
    "job_type": lambda run: run.job_type or None,
    "host": lambda run: run.host or None,
    "commit": lambda run: run.commit or None,
    "notes": lambda run: run.notes or None,
    "attempt": lambda run: run.attempt,
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


def canonical_name(name: str) -> str:
    """The one spelling of a plain field's name; other names come back as they are."""
    return _OTHER_SPELLINGS.get(name, name)


def reader_of(name: str) -> FieldReader:
    """What reads the field of that name.

    Raises:
        RequestInvalid: Runs have no such field.
    """
    plain = canonical_name(name)
    if plain in _PLAIN:
        return _PLAIN[plain]
    if plain in TIMES:
        return TIMES[plain]
    for prefix in _CONFIG:
        if len(name) > len(prefix) and name.startswith(prefix):
            return _config_reader(name.removeprefix(prefix))
    for prefix in _SUMMARY:
        if len(name) > len(prefix) and name.startswith(prefix):
            key = name.removeprefix(prefix)
            return lambda run: descend(run.summary, key)
    known = [*_PLAIN, *TIMES, *_OTHER_SPELLINGS, "config.KEY", "summary_metrics.KEY"]
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {nearest[0]}?" if nearest else f"Known: {', '.join(sorted({*_PLAIN, *TIMES}))}"
    raise RequestInvalid([Violation("a filter or an order names a field that runs have", repr(name), hint)])


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
