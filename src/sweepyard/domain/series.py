"""Series: the numbers that keys of a history have over its rows, and few rows that stand for many.

A chart has room for some hundred points. Taking every n-th row would lose the one spike that matters, so of each
stretch of rows the least and the greatest value of every metric is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sweepyard.domain.fields import descend
from sweepyard.jsonvalue import JsonObject, JsonValue

Floats = npt.NDArray[np.float64]
Bits = npt.NDArray[np.bool_]
Steps = npt.NDArray[np.int64]

EXACT = 2**53 - 1
"""Whole numbers up to here are exact as float64, and nothing else becomes one of them."""

_AXES = frozenset({"_step", "_runtime", "_timestamp"})


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The numbers of some keys, over the rows in which every one of these keys has one.

    Attributes:
        steps: (rows,) int64.
        values: By key, (rows,) float64.
        whole: By key, (rows,) bool: whether it was written as a whole number.
    """

    steps: Steps
    values: Mapping[str, Floats]
    whole: Mapping[str, Bits]

    def __len__(self) -> int:
        return len(self.steps)

    def at(self, chosen: Bits | Steps) -> Series:
        """The series of the chosen rows, by mask or by index."""
        return Series(
            self.steps[chosen],
            {key: values[chosen] for key, values in self.values.items()},
            {key: whole[chosen] for key, whole in self.whole.items()},
        )

    def rows(self, indices: Sequence[int] | Steps) -> list[JsonObject]:
        """The rows at these indices, cut down to the keys, numbers as they were written."""
        rows: list[JsonObject] = [{} for _ in indices]
        for key in self.values:  # Filled column by column, rows take a tenth of the time of being made one by one.
            for row, number in zip(rows, self._numbers(key, indices), strict=True):
                row[key] = number
        return rows

    def _numbers(self, key: str, indices: Sequence[int] | Steps) -> list[int | float]:
        chosen, whole = self.values[key][indices], self.whole[key][indices]
        if whole.all():
            whole_numbers: list[int | float] = chosen.astype(np.int64).tolist()
            return whole_numbers
        numbers: list[int | float] = chosen.tolist()
        if not whole.any():
            return numbers
        return [int(number) if is_whole else number for number, is_whole in zip(numbers, whole.tolist(), strict=True)]


def series_of(rows: Iterable[tuple[int, JsonObject]], keys: Sequence[str]) -> Series | None:
    """The series of (step, row) pairs; None where a row has something else than an exact number under a key."""
    listed = list(rows)
    steps = [step for step, _ in listed]
    columns = [[row[key] if key in row else descend(row, key) for _, row in listed] for key in keys]
    if any(None in column for column in columns):
        whole_rows = [place for place, values in enumerate(zip(*columns, strict=True)) if None not in values]
        steps = [steps[place] for place in whole_rows]
        columns = [[column[place] for place in whole_rows] for column in columns]
    if not all(map(_is_exact, columns)):
        return None
    return Series(
        np.array(steps, np.int64),
        {key: np.array(column, np.float64) for key, column in zip(keys, columns, strict=True)},
        {
            key: np.array([type(value) is int for value in column], bool)
            for key, column in zip(keys, columns, strict=True)
        },
    )


def joined(parts: Sequence[Series], keys: Sequence[str]) -> Series:
    """The series of a history whose parts, in order, have these."""
    if not parts:
        empty = np.zeros(0)
        return Series(empty.astype(np.int64), dict.fromkeys(keys, empty), dict.fromkeys(keys, empty.astype(bool)))
    if len(parts) == 1:
        return parts[0]
    return Series(
        np.concatenate([part.steps for part in parts]),
        {key: np.concatenate([part.values[key] for part in parts]) for key in keys},
        {key: np.concatenate([part.whole[key] for part in parts]) for key in keys},
    )


def spread(count: int, samples: int) -> Steps:
    """At most `samples` of `count` indices at even distances, the first and (with two or more) the last among them."""
    if count <= samples:
        return np.arange(count, dtype=np.int64)
    if samples == 1:
        return np.zeros(1, np.int64)
    return np.arange(samples, dtype=np.int64) * (count - 1) // (samples - 1)


def extremes(series: Series, samples: int) -> Steps:
    """At most `samples` indices of rows, in order, that keep every spike.

    The first and the last row are among them, and of each stretch of rows (all of one length) those in which a metric
    is least or greatest. Where there is no room for that, or no metric but the axes, they are spread evenly.
    """
    metrics = [values for key, values in series.values.items() if key not in _AXES]
    stretches = (samples - 2) // (2 * len(metrics)) if metrics else 0
    inner = len(series) - 2
    if len(series) <= samples or stretches < 1:
        return spread(len(series), samples)
    length = -(-inner // stretches)
    chosen = [np.array([0, len(series) - 1])]
    for values in metrics:
        low = high = values[1:-1]
        unknown = np.isnan(low)
        if unknown.any():  # Where nothing is a number, the first stands for the stretch.
            low, high = np.where(unknown, np.inf, low), np.where(unknown, -np.inf, high)
        chosen += [1 + _of_stretches(np.argmin, low, length), 1 + _of_stretches(np.argmax, high, length)]
    return np.unique(np.concatenate(chosen))


def _is_exact(column: Sequence[JsonValue]) -> bool:
    """Whether there is nothing but numbers that float64 has exactly, or that were one; seen by kinds, which is fast."""
    kinds = set(map(type, column))
    if not kinds <= {int, float}:
        return False
    return int not in kinds or all(type(value) is not int or abs(value) <= EXACT for value in column)


def _of_stretches(choose: Callable[..., Steps], values: Floats, length: int) -> Steps:
    """The index that is chosen of each stretch of `length` values; the last stretch may be shorter."""
    whole = len(values) // length
    end = whole * length
    found = np.arange(0, end, length) + choose(values[:end].reshape(whole, length), axis=1)
    return np.append(found, end + choose(values[end:])) if end < len(values) else found
