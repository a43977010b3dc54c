"""Tables of runs with the columns that one wants, by the names that filters know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sweepyard.cli.output import duration, number, print_table, value_text
from sweepyard.config.names import hint_among
from sweepyard.domain.fields import descend
from sweepyard.domain.query_names import ATTRIBUTES, CONFIG, SUMMARY, named
from sweepyard.errors import InvalidInput, Violation
from sweepyard.jsonvalue import JsonValue, flatten

if TYPE_CHECKING:
    from sweepyard.tracking.records import RunRecord

SHOWN = ("best/val_accuracy", "best/val_loss", "best/epoch", "test/accuracy")
"""What a table shows of a run's summary, where it is there."""

_CELLS: dict[str, Callable[[RunRecord], str]] = {
    "name": lambda record: record.name,
    "state": lambda record: record.state,
    "sweep": lambda record: record.sweep_id or "-",
    "tags": lambda record: ", ".join(record.tags) or "-",
    "created": lambda record: f"{record.created_at:%Y-%m-%d %H:%M}",
    "duration": lambda record: "-" if record.duration_seconds is None else duration(record.duration_seconds),
}
"""The attributes that a table can show."""

_WIDEST = 80
_HEADS = {"created": "created (UTC)", "duration": "took"}


def print_runs(records: Sequence[RunRecord], columns: Sequence[str]) -> None:
    """Print runs, with these columns behind their ids; what is long is cut."""
    print_table(
        ["run", *(_HEADS.get(name, name) for name in columns)],
        [[record.path.run_id, *(_shortened(_cell(record, name)) for name in columns)] for record in records],
    )


def _shortened(text: str) -> str:
    """A cell that does not push all others out of sight: every row is as wide as the widest."""
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def usual_columns(records: Sequence[RunRecord], asked: Iterable[str]) -> list[str]:
    """What a table shows if nobody chooses: some attributes, the keys asked for, and well-known metrics."""
    usual = ["name", "state", "sweep", "created", "duration"]
    keys = dict.fromkeys([*asked, *SHOWN])
    return [*usual, *(key for key in keys if key not in usual and _is_known(key, records))]


def lacking(names: Iterable[str], records: Sequence[RunRecord]) -> list[str]:
    """Those of the names that are no attributes, and that none of these runs has; none where there are no runs."""
    return [name for name in names if records and name not in ATTRIBUTES and not _is_known(name, records)]


def check_columns(columns: Sequence[str], records: Sequence[RunRecord], others: Sequence[RunRecord] = ()) -> None:
    """Refuse columns that would be empty, unless training records such keys, or other runs have them.

    Raises:
        InvalidInput: There are some, and runs to show.
    """
    _check("--columns", columns, _CELLS, records, others)


def check_sort(name: str, records: Sequence[RunRecord], others: Sequence[RunRecord] = ()) -> None:
    """Refuse to sort by what no run has, unless training records such a key, or other runs have it.

    Raises:
        InvalidInput: None of the runs has it.
    """
    _check("--sort", [name], ATTRIBUTES, records, others)


def unknown_names(names: Sequence[str], records: Sequence[RunRecord]) -> list[str]:
    """For each of the names under which none of the runs has a value: that this is so, and what may have been meant.

    A mapping is none: no condition of a filter is true of one.
    """
    return [
        f"no run has {name!r}. {hint_among(name, _names(ATTRIBUTES, records))}"
        for name in names
        if records and all(_value(record, name) is None or isinstance(_value(record, name), dict) for record in records)
    ]


def _check(
    option: str,
    names: Sequence[str],
    attributes: Iterable[str],
    records: Sequence[RunRecord],
    others: Sequence[RunRecord],
) -> None:
    runs = [*records, *others]
    unknown = [name for name in names if records and name not in attributes and not _is_known(name, runs)]
    recorded = set(_recorded()) if unknown else set()
    wrong = [name for name in unknown if _bare(name) not in recorded]
    if wrong:
        rule = f"{option} takes the attributes {', '.join(attributes)}, and keys of some run's config or summary"
        known = _names(attributes, runs) | recorded
        raise InvalidInput([Violation(rule, repr(name), hint_among(name, known)) for name in wrong])


def _bare(name: str) -> str:
    """A name without what leads into config or summary."""
    field = named(name).fields[0]
    return field.removeprefix(CONFIG).removeprefix(SUMMARY)


def _recorded() -> Iterator[str]:
    """The keys that training records, whether or not a run has them yet."""
    from sweepyard.config.schema import MODEL_CONFIGS
    from sweepyard.config.validation import legal_keys
    from sweepyard.domain import metrics

    yield from (*metrics.OBJECTIVES, metrics.WEIGHTS_DIGEST, metrics.FAILURE, metrics.TEST_LOSS, metrics.TEST_ACCURACY)
    for shape in MODEL_CONFIGS.values():
        for key in legal_keys(shape):
            parts = key.split(".")
            yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _names(attributes: Iterable[str], records: Iterable[RunRecord]) -> set[str]:
    mappings = [mapping for record in records for mapping in (record.config, record.summary)]
    return {*attributes, *(key for mapping in mappings for key, _ in flatten(mapping))}


def _is_known(name: str, records: Iterable[RunRecord]) -> bool:
    return any(_value(record, name) is not None for record in records)


def _cell(record: RunRecord, name: str) -> str:
    if name in _CELLS:
        return _CELLS[name](record)
    value = _value(record, name)
    return value_text(value) if isinstance(value, list | dict) else number(value)


def _value(record: RunRecord, name: str) -> JsonValue:
    """What a run has under a key: in its config, or else in its summary."""
    for field in named(name).fields:
        for prefix, mapping in ((CONFIG, record.config), (SUMMARY, record.summary)):
            found = descend(mapping, field.removeprefix(prefix)) if field.startswith(prefix) else None
            if found is not None:
                return found
    return None
