"""Inverse distribution functions that Python's standard library lacks, and the open unit interval."""

from __future__ import annotations

import math
import struct
from statistics import NormalDist

# Uniform numbers are odd multiples of 2**-53: never 0 or 1, and symmetric about one half.
UNIT_BITS = 52
SMALLEST_UNIT = 0.5 * 2.0**-UNIT_BITS
LARGEST_UNIT = 1.0 - SMALLEST_UNIT

LARGEST_BETA_SHAPE = 1.0e6

_STANDARD_NORMAL = NormalDist()
_TINY = 1.0e-300
_PRECISION = 1.0e-15


def unit_from_bits(bits: int) -> float:
    """The middle of cell number `bits` of 2**52 equal cells of (0, 1)."""
    return (bits + 0.5) * 2.0**-UNIT_BITS


def normal_quantile(u: float) -> float:
    """The standard normal's inverse distribution function at `u` in (0, 1)."""
    return _STANDARD_NORMAL.inv_cdf(u)


def normal_cdf(x: float) -> float:
    """The standard normal's distribution function, infinities included."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def beta_quantile(u: float, a: float, b: float) -> float:
    """The inverse of the regularised incomplete beta function: the smallest x in [0, 1] with I_x(a, b) >= `u`.

    Non-negative floats order like their bit patterns, so halving runs over these and ends at a
    neighbouring pair of floats however small the answer is.
    """
    low, high = 0, _bits(1.0)
    while low < high:
        middle = (low + high) // 2
        if beta_cdf(_float(middle), a, b) < u:
            low = middle + 1
        else:
            high = middle
    return _float(low)


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b) for `x` in [0, 1] and positive `a`, `b`."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    # The fraction converges fast only below the mean; above it the mirrored one does.
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _continued_fraction(x, a, b) / a
    return 1.0 - front * _continued_fraction(1.0 - x, b, a) / b


def _continued_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by the modified method of Lentz."""
    c = 1.0
    d = 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, 200 + 20 * math.isqrt(int(a + b) + 1)):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 / _away_from_zero(1.0 + even * d)
        c = _away_from_zero(1.0 + even / c)
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 / _away_from_zero(1.0 + odd * d)
        c = _away_from_zero(1.0 + odd / c)
        value *= d * c
        if abs(d * c - 1.0) < _PRECISION:
            return value
    raise ArithmeticError(f"the incomplete beta function does not converge at x={x}, a={a}, b={b}")


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _bits(value: float) -> int:
    number: int = struct.unpack("<q", struct.pack("<d", value))[0]
    return number


def _float(bits: int) -> float:
    number: float = struct.unpack("<d", struct.pack("<q", bits))[0]
    return number
