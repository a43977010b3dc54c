"""Orders of runs: `+created_at`, `-summary_metrics.loss`, several joined by commas.

Runs without the field, or with NaN, come last in either direction; among equals the run id decides. Numbers sort
before texts, texts before anything else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sweepyard.domain.fields import FieldReader, reader_of
from sweepyard.domain.run import Run
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonValue, dumps_canonical

Rank = tuple[int, float | str]
"""(kind, value): 0 and a number, 1 and a text, 2 and anything else as JSON text."""


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One field to sort by."""

    field: str
    reader: FieldReader
    descending: bool


@dataclass(frozen=True, slots=True)
class Order:
    """A parsed order."""

    terms: tuple[OrderTerm, ...]

    @property
    def by_creation(self) -> bool | None:
        """True for oldest first, False for newest first and nothing else to sort by, None for any other order."""
        if len(self.terms) == 1 and self.terms[0].field in {"created_at", "createdAt"}:
            return not self.terms[0].descending
        return None

    def sort(self, runs: Sequence[Run]) -> list[Run]:
        """The runs in this order."""
        ordered = sorted(runs, key=lambda run: run.path.run_id)
        for term in reversed(self.terms):
            ranked = [(rank_of(term.reader(run)), run) for run in ordered]
            present = [(rank, run) for rank, run in ranked if rank is not None]
            present.sort(key=lambda pair: pair[0], reverse=term.descending)
            ordered = [run for _, run in present] + [run for rank, run in ranked if rank is None]
        return ordered

    def key_of(self, run: Run) -> list[JsonValue]:
        """Where a run stands in this order, as JSON: one [kind, value] or null a term, then the run id."""
        key: list[JsonValue] = []
        for term in self.terms:
            rank = rank_of(term.reader(run))
            key.append(None if rank is None else [rank[0], rank[1]])
        key.append(run.path.run_id)
        return key

    def is_behind(self, run: Run, key: Sequence[JsonValue]) -> bool:
        """Whether a run stands behind the place that `key_of` gave for some run.

        Raises:
            ValueError: The key is of another order.
        """
        if len(key) != len(self.terms) + 1:
            raise ValueError("the key has as many parts as the order has fields, and a run id")
        for term, mine, other in zip(self.terms, self.key_of(run), key, strict=False):
            if mine == other:
                continue
            if mine is None or other is None:
                return mine is None
            left, right = _rank(mine), _rank(other)
            return left < right if term.descending else left > right
        return run.path.run_id > str(key[-1])


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
        terms.append(OrderTerm(name, reader_of(name), stripped.startswith("-")))
    return Order(tuple(terms))


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
