"""Orders of runs: `+created_at`, `-summary_metrics.loss`, several joined by commas.

Runs without the field, or with NaN, come last in either direction; among equals the run id decides. Numbers sort
before texts, texts before anything else.
"""

from __future__ import annotations

import bisect
import itertools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweepyard.domain.fields import Columns, RunField, field_of
from sweepyard.domain.run import Run
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonValue, dumps_canonical

Rank = tuple[int, float | str]
"""(kind, value): 0 and a number, 1 and a text, 2 and anything else as JSON text."""


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One field to sort by."""

    field: RunField
    descending: bool


@dataclass(frozen=True, slots=True)
class Order:
    """A parsed order."""

    terms: tuple[OrderTerm, ...]

    @property
    def fields(self) -> frozenset[RunField]:
        """The fields that it looks at."""
        return frozenset(term.field for term in self.terms)

    @property
    def by_creation(self) -> bool | None:
        """True for oldest first, False for newest first and nothing else to sort by, None for any other order."""
        if len(self.terms) == 1 and self.terms[0].field.name == "created_at":
            return not self.terms[0].descending
        return None

    def sort(self, run_ids: Sequence[str], columns: Columns) -> list[str]:
        """The runs in this order.

        Args:
            run_ids: Runs of one project.
            columns: The values of all `fields` for all of them.
        """
        ordered = sorted(run_ids)
        for term in reversed(self.terms):
            ordered = _sorted_by(ordered, columns[term.field], descending=term.descending)
        return ordered

    def key_of(self, run: Run) -> list[JsonValue]:
        """Where a run stands in this order, as JSON: one [kind, value] or null a term, then the run id."""
        ranks = [rank_of(term.field.read(run)) for term in self.terms]
        key: list[JsonValue] = [None if rank is None else list(rank) for rank in ranks]
        return [*key, run.path.run_id]

    def behind(self, ordered: Sequence[str], columns: Columns, key: Sequence[JsonValue]) -> int:
        """How many of the runs, sorted by this order, stand at or before the place that `key_of` gave for some run.

        Raises:
            ValueError: The key is of another order.
        """
        if len(key) != len(self.terms) + 1:
            raise ValueError("the key has as many parts as the order has fields, and a run id")
        place = [None if part is None else _rank(part) for part in key[:-1]]
        return bisect.bisect_left(
            ordered, True, key=lambda run_id: self._is_behind(run_id, columns, place, str(key[-1]))
        )

    def _is_behind(self, run_id: str, columns: Columns, place: Sequence[Rank | None], place_id: str) -> bool:
        for term, other in zip(self.terms, place, strict=True):
            mine = rank_of(columns[term.field][run_id])
            if mine == other:
                continue
            if mine is None or other is None:
                return mine is None
            return mine < other if term.descending else mine > other
        return run_id > place_id


def parse_order(text: str | None) -> Order:
    """Parse an order; without one, newest first.

    Raises:
        RequestInvalid: A field is unknown, or there is none between two commas.
    """
    terms = []
    for part in (text or "-created_at").split(","):
        stripped = part.strip()
        name = stripped.removeprefix("-" if stripped.startswith("-") else "+")
        if not name:
            raise RequestInvalid([Violation("an order is fields with + or -, joined by commas", repr(text))])
        terms.append(OrderTerm(field_of(name), stripped.startswith("-")))
    return Order(tuple(terms))


def _sorted_by(run_ids: Sequence[str], column: Mapping[str, JsonValue], *, descending: bool) -> list[str]:
    """The runs by the ranks of their values, kind by kind: values of one kind compare faster than ranks."""
    values = [column[run_id] for run_id in run_ids]
    found = set(map(type, values))
    # NaN alone differs from itself.
    if found <= {str} or (found <= {int, float, bool} and not any(map(operator.ne, values, values))):
        place: Callable[[str], Any] = column.__getitem__
        return sorted(run_ids, key=place, reverse=descending)
    kinds: tuple[list[tuple[Any, str]], ...] = ([], [], [])
    last: list[str] = []
    for run_id, value in zip(run_ids, values, strict=True):
        rank = rank_of(value)
        if rank is None:
            last.append(run_id)
        else:
            kinds[rank[0]].append((rank[1], run_id))
    for pairs in kinds:
        pairs.sort(key=operator.itemgetter(0), reverse=descending)
    ordered = itertools.chain.from_iterable(reversed(kinds) if descending else kinds)
    return [*(run_id for _, run_id in ordered), *last]


def rank_of(value: JsonValue) -> Rank | None:
    """A value's place among values of all types; None for what always comes last."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, int | float):
        return 0, value
    if isinstance(value, str):
        return 1, value
    return 2, dumps_canonical(value)


def _rank(part: JsonValue) -> Rank:
    if (
        isinstance(part, list)
        and len(part) == 2
        and isinstance(part[0], int)
        and isinstance(part[1], str if part[0] else int | float)
    ):
        return part[0], part[1]
    raise ValueError("a part of the key is [kind, value]")
