"""What W&B's own servers can filter and sort runs by: what the client documents, and nothing beyond."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sweepyard.domain.query_names import ATTRIBUTES, CONFIG, SUMMARY, fields_in
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue

_FILTERED = frozenset(
    {"name", "displayName", "state", "tags", "sweep", "username", "group", "jobType", "host", "duration", "createdAt"}
)
_SORTED = frozenset({"created_at", "heartbeat_at"})


def check_wandb_filter(form: JsonObject) -> None:
    """Refuse what W&B's servers do not evaluate; all of it at once.

    Args:
        form: A filter in the client's form, as `domain.query` writes it.

    Raises:
        RequestInvalid: There is something.
    """
    people = {field: name for name, attribute in ATTRIBUTES.items() for field in attribute.fields}
    known = ", ".join(sorted(people[field] for field in _FILTERED))
    violations = [
        Violation(f"W&B's servers filter runs by {known}, config.KEY and summary.KEY", repr(people[field]))
        for field in dict.fromkeys(fields_in(form))
        if field not in _FILTERED and not field.startswith((CONFIG, SUMMARY))
    ]
    if any(isinstance(value, float) and math.isinf(value) for value in _operands(form)):
        violations.append(Violation("W&B's servers take JSON, which has finite numbers alone", "inf"))
    if any(value == [] for value in _operands(form)):
        hint = "Name one: tags = best"
        violations.append(Violation("W&B's servers compare tags with tags, not with having none", "tags exists", hint))
    if violations:
        raise RequestInvalid(violations)


def check_wandb_order(name: str, field: str) -> None:
    """Refuse to sort by a field that W&B's servers do not sort by.

    Args:
        name: As people write it.
        field: As the client spells it in orders.

    Raises:
        RequestInvalid: It is one.
    """
    if field not in _SORTED and not field.startswith((CONFIG, SUMMARY)):
        rule = "W&B's servers sort runs by created, heartbeat, config.KEY, or the last value of a metric"
        raise RequestInvalid([Violation(rule, repr(name))])


def _operands(form: JsonValue) -> Iterator[JsonValue]:
    """Everything that a filter compares with."""
    if isinstance(form, dict):
        for value in form.values():
            yield from _operands(value)
    elif isinstance(form, list) and form:
        for value in form:
            yield from _operands(value)
    else:
        yield form
