"""What the values of a parameter have to do with the results of runs: rank correlation, and the share explained.

Both look at ranks, so that a few runs that went astray (a loss of 1e9) do not decide, and a metric and its logarithm
give the same numbers. Both look at one parameter alone: what two parameters do only together is not seen, and where a
search tried one parameter's good values mostly with another's, either may pass for the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

MOST_BINS = 8
LEAST_IN_A_BIN = 5
"""Numbers are cut into so many bins at most, with about so many runs each at least."""

_Z95 = 1.959963984540054
"""The 97.5% quantile of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """How far results rise with a parameter, from -1 to 1.

    Attributes:
        low: The lower end of an interval that holds the true value in 95% of all cases; None with too few runs.
        high: Its upper end.
    """

    value: float
    low: float | None
    high: float | None


def ranks(values: Floats) -> Floats:
    """The place of each value in their order, from 1 on; equal values share the mean of their places."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[which], dtype=np.float64)


def rank_correlation(parameter: Floats, results: Floats) -> Correlation | None:
    """Spearman's rank correlation; None where either does not vary, or of fewer than three runs.

    The interval is Fisher's, with the standard error of Bonett and Wright (2000).

    Args:
        parameter: `(n,)`, finite.
        results: `(n,)`, finite.
    """
    count = len(results)
    if count < 3:
        return None
    left, right = (each - each.mean() for each in (ranks(parameter), ranks(results)))
    size = math.sqrt(float(left @ left) * float(right @ right))
    if size == 0.0:
        return None
    value = min(1.0, max(-1.0, float(left @ right) / size))
    if count < 4 or abs(value) == 1.0:
        return Correlation(value, None, None)
    reach = _Z95 * math.sqrt((1.0 + value**2 / 2.0) / (count - 3))
    middle = math.atanh(value)
    return Correlation(value, math.tanh(middle - reach), math.tanh(middle + reach))


def bins(values: Floats) -> Places:
    """The bin of each number: one for each value where there are few, else bins with about as many runs each."""
    distinct, which = np.unique(values, return_inverse=True)
    most = min(MOST_BINS, max(2, len(values) // LEAST_IN_A_BIN))
    if len(distinct) <= most:
        return which
    edges = np.unique(np.quantile(values, np.arange(1, most) / most, method="inverted_cdf"))
    return np.searchsorted(edges, values, side="left")


def share_explained(groups: Sequence[int] | Places, results: Floats) -> float | None:
    """The share of the spread of the results' ranks that the groups explain, from 0 to 1.

    It is epsilon squared of a one-way analysis of variance (Kelley 1935): the share by which the spread is smaller
    within the groups than over all, both as unbiased estimates, so that a parameter without any effect has about 0
    however many values it has. What chance makes negative is 0. None where it cannot be told: with one group, with as
    many groups as runs, or where all results are equal.

    Args:
        groups: The number of each run's group, from 0 on.
        results: `(n,)`, finite.
    """
    places = np.asarray(groups, dtype=np.intp)
    count, used = len(results), len(np.unique(places))
    if used < 2 or count <= used:
        return None
    ranked = ranks(results)
    total = float(((ranked - ranked.mean()) ** 2).sum())
    if total == 0.0:
        return None
    sizes = np.bincount(places)
    sums = np.bincount(places, weights=ranked)
    means = np.divide(sums, sizes, out=np.zeros_like(sums), where=sizes > 0)
    within = float(((ranked - means[places]) ** 2).sum())
    return max(0.0, 1.0 - (within / (count - used)) / (total / (count - 1)))
