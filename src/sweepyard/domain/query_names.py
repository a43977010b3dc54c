"""The names of filters as people write them: an attribute of runs, or a key of their config or summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from sweepyard.domain import run_config
from sweepyard.jsonvalue import JsonValue

CONFIG, SUMMARY = "config.", "summary_metrics."
RESOLVED = f"{CONFIG}{run_config.RESOLVED}."


class NameKind(Enum):
    """What an attribute of a run holds."""

    ANY = "anything"
    TEXT = "a text"
    STATE = "a state"
    TAGS = "tags"
    NUMBER = "a number"
    TIME = "a time"


@dataclass(frozen=True, slots=True)
class Name:
    """What stands on the left of a condition.

    Attributes:
        fields: The fields that it looks at, as the client spells them.
    """

    fields: tuple[str, ...]
    kind: NameKind = NameKind.ANY


ATTRIBUTES: dict[str, Name] = {
    "id": Name(("name",), NameKind.TEXT),
    "name": Name(("displayName",), NameKind.TEXT),
    "state": Name(("state",), NameKind.STATE),
    "tags": Name(("tags",), NameKind.TAGS),
    "sweep": Name(("sweep",), NameKind.TEXT),
    "user": Name(("username",), NameKind.TEXT),
    "group": Name(("group",), NameKind.TEXT),
    "job_type": Name(("jobType",), NameKind.TEXT),
    "host": Name(("host",), NameKind.TEXT),
    "agent": Name(("agent",), NameKind.TEXT),
    "commit": Name(("commit",), NameKind.TEXT),
    "notes": Name(("notes",), NameKind.TEXT),
    "attempt": Name(("attempt",), NameKind.NUMBER),
    "duration": Name(("duration",), NameKind.NUMBER),
    "created": Name(("createdAt",), NameKind.TIME),
    "updated": Name(("updatedAt",), NameKind.TIME),
    "heartbeat": Name(("heartbeat_at",), NameKind.TIME),
    "started": Name(("started_at",), NameKind.TIME),
    "ended": Name(("ended_at",), NameKind.TIME),
}
"""The attributes of runs, by the names that people give them."""

_OTHER_SPELLINGS = {
    "tag": "tags",
    "display_name": "name",
    "displayName": "name",
    "username": "user",
    "jobType": "job_type",
    "created_at": "created",
    "createdAt": "created",
    "updated_at": "updated",
    "updatedAt": "updated",
    "heartbeat_at": "heartbeat",
    "heartbeatAt": "heartbeat",
    "started_at": "started",
    "ended_at": "ended",
}
PREFIXES = {"config.": CONFIG, "summary.": SUMMARY, "summary_metrics.": SUMMARY, "summaryMetrics.": SUMMARY}
"""What leads into config and summary, and the client's spelling of it."""


def named(text: str) -> Name:
    """What a name means; what is no attribute and has no prefix is a key of the config or of the summary."""
    text = _OTHER_SPELLINGS.get(text, text)
    if text in ATTRIBUTES:
        return ATTRIBUTES[text]
    for prefix, field in PREFIXES.items():
        if text.startswith(prefix):
            return Name((field + text.removeprefix(prefix),))
    below = (RESOLVED + text,) if "." in text else ()
    return Name((CONFIG + text, *below, SUMMARY + text))


def fields_in(form: JsonValue) -> Iterator[str]:
    """The fields that a filter in the client's form looks at, as often as it does."""
    if isinstance(form, list):
        for part in form:
            yield from fields_in(part)
    if isinstance(form, dict):
        for key, value in form.items():
            if key.startswith("$"):
                yield from fields_in(value)
            else:
                yield key


def keys_in(form: JsonValue) -> list[str]:
    """The keys of configs and summaries, without what leads into these, that a filter in the client's form looks at."""
    fields = [field for field in fields_in(form) if field.startswith((CONFIG, SUMMARY))]
    short = [field.removeprefix(RESOLVED).removeprefix(CONFIG).removeprefix(SUMMARY) for field in fields]
    return list(dict.fromkeys(short))
