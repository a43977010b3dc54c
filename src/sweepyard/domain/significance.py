"""Whether two groups of repeats differ by more than chance: Welch's t-test, in plain Python."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sweepyard.domain.grouping import Spread

_MOST_TERMS = 10_000
_PRECISION = 1e-15
_TINY = 1e-300
_BEYOND = 1e100
"""Where t is greater, p is below 1e-100, and the square of t may not be a float."""


@dataclass(frozen=True, slots=True)
class WelchTest:
    """What Welch's test of two groups comes to.

    Attributes:
        difference: The mean of the second group less that of the first.
        degrees: The degrees of freedom, by Welch and Satterthwaite; no whole number.
        p: How probable a difference as great as this, or greater, would be if the groups had one mean (two-sided).
    """

    difference: float
    t: float
    degrees: float
    p: float


def welch_test(first: Spread, second: Spread) -> WelchTest | None:
    """Welch's unequal variances t-test; None where a group has fewer than two values, or neither has any spread.

    With means m, sample variances v and sizes n: t = (m2 - m1) / sqrt(v1/n1 + v2/n2), and the degrees of freedom are
    (v1/n1 + v2/n2)^2 / ((v1/n1)^2/(n1-1) + (v2/n2)^2/(n2-1)) (B. L. Welch, Biometrika 34, 1947).
    """
    if first.deviation is None or second.deviation is None:
        return None
    unit = max(first.deviation, second.deviation)
    if not 0 < unit < math.inf:
        return None
    # In units of the greater deviation, so that no square leaves the floats' range.
    a = (first.deviation / unit) ** 2 / first.count
    b = (second.deviation / unit) ** 2 / second.count
    difference = second.mean - first.mean
    t = difference / unit / math.sqrt(a + b)
    degrees = (a + b) ** 2 / (a**2 / (first.count - 1) + b**2 / (second.count - 1))
    return WelchTest(difference, t, degrees, two_sided_p(t, degrees))


def two_sided_p(t: float, degrees: float) -> float:
    """The probability that |T| >= |t| for Student's T with so many degrees of freedom (> 0).

    It is I_x(degrees/2, 1/2) at x = degrees / (degrees + t^2), with the regularised incomplete beta function I
    (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.5.27 and 26.7.1).
    """
    if abs(t) > _BEYOND:
        return 0.0
    ratio = (t / math.sqrt(degrees)) ** 2
    return _incomplete_beta(1 / (1 + ratio), ratio / (1 + ratio), degrees / 2, 0.5)


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """I_x(a, b) with `rest` = 1 - x: by the continued fraction on the side where it converges fast."""
    if rest <= 0:
        return 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(rest, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method."""
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
