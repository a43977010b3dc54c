"""One class per distribution of W&B's sweep files, each sampling by its inverse CDF.

Every `sample(u)` takes `u` in the open interval (0, 1) and is monotone in it, so that one uniform number
decides one value.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar, Protocol, overload

from sweepyard.jsonvalue import JsonValue, dumps_canonical
from sweepyard.sweeps.quantiles import beta_cdf, beta_quantile, normal_cdf, normal_quantile

Number = int | float

# Where an unbounded distribution is said to end, for checks that look at extremes.
_TAIL = 0.001


class Distribution(Protocol):
    """How one parameter varies."""

    kind: ClassVar[str]

    def sample(self, u: float) -> JsonValue:
        """The value below which a fraction `u` in (0, 1) of all samples lies."""

    def grid_values(self) -> Sequence[JsonValue] | None:
        """The distinct values that a grid visits, in order; None for what a grid cannot enumerate."""

    def extremes(self) -> Sequence[JsonValue]:
        """Values at the ends of the range; every value of a categorical."""

    def distinct(self) -> Sequence[JsonValue] | None:
        """Every value that `sample` can give, once each and in order; None where they are without number."""


@dataclass(frozen=True)
class Constant:
    """One value."""

    kind: ClassVar[str] = "constant"
    value: JsonValue

    def sample(self, u: float) -> JsonValue:
        return self.value

    def distinct(self) -> Sequence[JsonValue] | None:
        return (self.value,)

    def grid_values(self) -> Sequence[JsonValue] | None:
        return (self.value,)

    def extremes(self) -> Sequence[JsonValue]:
        return (self.value,)


@dataclass(frozen=True)
class Categorical:
    """Any of `values`, each as likely as the others."""

    kind: ClassVar[str] = "categorical"
    values: tuple[JsonValue, ...]

    def sample(self, u: float) -> JsonValue:
        return self.values[_cell(u, len(self.values))]

    def grid_values(self) -> Sequence[JsonValue] | None:
        return self.distinct()

    def distinct(self) -> Sequence[JsonValue]:
        return _once(self.values)

    def extremes(self) -> Sequence[JsonValue]:
        return self.values


@dataclass(frozen=True)
class WeightedCategorical:
    """Any of `values`, each with its own probability; these sum to 1."""

    kind: ClassVar[str] = "categorical_w_probabilities"
    values: tuple[JsonValue, ...]
    probabilities: tuple[float, ...]

    def sample(self, u: float) -> JsonValue:
        chosen = 0
        for index, (probability, upper) in enumerate(
            zip(self.probabilities, accumulate(self.probabilities), strict=True)
        ):
            if probability > 0:
                chosen = index  # The last possible one, where rounding leaves the sum below u.
                if u < upper:
                    break
        return self.values[chosen]

    def grid_values(self) -> Sequence[JsonValue] | None:
        return None

    def distinct(self) -> Sequence[JsonValue]:
        pairs = zip(self.values, self.probabilities, strict=True)
        return _once([value for value, probability in pairs if probability > 0])

    def extremes(self) -> Sequence[JsonValue]:
        return self.values


@dataclass(frozen=True)
class IntUniform:
    """Integers from `min` to `max`, both included."""

    kind: ClassVar[str] = "int_uniform"
    min: int
    max: int

    def sample(self, u: float) -> JsonValue:
        return self.min + _cell(u, self.max - self.min + 1)

    def fraction(self, value: float) -> float:
        """The middle of the value's cell of (0, 1); 0 or 1 for what lies outside."""
        return _unit((value - self.min + 0.5) / (self.max - self.min + 1))

    def grid_values(self) -> Sequence[JsonValue] | None:
        return self.distinct()

    def distinct(self) -> Sequence[JsonValue]:
        return range(self.min, self.max + 1)

    def extremes(self) -> Sequence[JsonValue]:
        return (self.min, self.max)


class RealDistribution(ABC):
    """What distributions over real numbers share: an inverse CDF, and no grid."""

    @abstractmethod
    def real(self, u: float) -> float:
        """The value at `u` before any rounding."""

    @abstractmethod
    def fraction(self, value: float) -> float:
        """The part of all samples that lies below `value`: 0 or 1 for what lies outside."""

    def support(self) -> tuple[Number, Number] | None:
        """The ends of what `real` can give; None where one of them is infinite."""
        return None

    def ends(self) -> tuple[float, float]:
        """What `extremes` gives, before any rounding."""
        return (self.real(_TAIL), self.real(1.0 - _TAIL))

    def sample(self, u: float) -> JsonValue:
        return self.real(u)

    def grid_values(self) -> Sequence[JsonValue] | None:
        return None

    def distinct(self) -> Sequence[JsonValue] | None:
        return None

    def extremes(self) -> Sequence[JsonValue]:
        return self.ends()


@dataclass(frozen=True)
class Bounded(RealDistribution):
    """Real numbers from `min` to `max`."""

    min: Number
    max: Number

    def support(self) -> tuple[Number, Number]:
        return (self.min, self.max)

    def ends(self) -> tuple[float, float]:
        return (float(self.min), float(self.max))


@dataclass(frozen=True)
class Uniform(Bounded):
    """Real numbers from `min` to `max`, each as likely as the others."""

    kind: ClassVar[str] = "uniform"

    def real(self, u: float) -> float:
        return _clamp(self.min + u * (self.max - self.min), self.min, self.max)

    def fraction(self, value: float) -> float:
        return _unit((value - self.min) / (self.max - self.min))


@dataclass(frozen=True)
class LogUniform(RealDistribution):
    """exp(X), X uniform: `min` and `max` are natural-log exponents."""

    kind: ClassVar[str] = "log_uniform"
    min: Number
    max: Number

    def real(self, u: float) -> float:
        return math.exp(self.min + u * (self.max - self.min))

    def fraction(self, value: float) -> float:
        return _unit((_log(value) - self.min) / (self.max - self.min))

    def support(self) -> tuple[Number, Number]:
        return (math.exp(self.min), math.exp(self.max))


@dataclass(frozen=True)
class LogUniformValues(Bounded):
    """Real numbers from `min` to `max`, their logarithm uniform."""

    kind: ClassVar[str] = "log_uniform_values"

    def real(self, u: float) -> float:
        low, high = math.log(self.min), math.log(self.max)
        # exp(log(x)) may miss x by a rounding, which would put a legal bound outside its range.
        return _clamp(math.exp(low + u * (high - low)), self.min, self.max)

    def fraction(self, value: float) -> float:
        low, high = math.log(self.min), math.log(self.max)
        return _unit((_log(value) - low) / (high - low))


@dataclass(frozen=True)
class InvLogUniform(RealDistribution):
    """1/exp(X), X uniform: `min` and `max` are natural-log exponents of the inverse."""

    kind: ClassVar[str] = "inv_log_uniform"
    min: Number
    max: Number

    def real(self, u: float) -> float:
        return math.exp(-(self.min + (1.0 - u) * (self.max - self.min)))

    def fraction(self, value: float) -> float:
        return _unit(1.0 + (_log(value) + self.min) / (self.max - self.min))

    def support(self) -> tuple[Number, Number]:
        return (math.exp(-self.max), math.exp(-self.min))


@dataclass(frozen=True)
class InvLogUniformValues(LogUniformValues):
    """Real numbers from `min` to `max`, the logarithm of their inverse uniform."""

    kind: ClassVar[str] = "inv_log_uniform_values"

    def real(self, u: float) -> float:
        low, high = -math.log(self.max), -math.log(self.min)
        return _clamp(math.exp(-(low + (1.0 - u) * (high - low))), self.min, self.max)


@dataclass(frozen=True)
class Normal(RealDistribution):
    """A normal distribution."""

    kind: ClassVar[str] = "normal"
    mu: Number = 0.0
    sigma: Number = 1.0

    def real(self, u: float) -> float:
        return self.mu + self.sigma * normal_quantile(u)

    def fraction(self, value: float) -> float:
        return _normal_fraction(value, self.mu, self.sigma)


@dataclass(frozen=True)
class LogNormal(RealDistribution):
    """exp(X), X normal."""

    kind: ClassVar[str] = "log_normal"
    mu: Number = 0.0
    sigma: Number = 1.0

    def real(self, u: float) -> float:
        return math.exp(self.mu + self.sigma * normal_quantile(u))

    def fraction(self, value: float) -> float:
        return _normal_fraction(_log(value), self.mu, self.sigma)


@dataclass(frozen=True)
class Beta(RealDistribution):
    """A beta distribution on [0, 1]."""

    kind: ClassVar[str] = "beta"
    a: Number = 1.0
    b: Number = 1.0

    def real(self, u: float) -> float:
        return beta_quantile(u, self.a, self.b)

    def fraction(self, value: float) -> float:
        return beta_cdf(value, self.a, self.b)

    def support(self) -> tuple[Number, Number]:
        return (0.0, 1.0)


@dataclass(frozen=True)
class Quantised(RealDistribution):
    """Real numbers rounded to a multiple of `q`: not of `min` + k `q`, and not clipped."""

    q: Number = 1.0

    def sample(self, u: float) -> JsonValue:
        return _quantise(self.real(u), self.q)

    def distinct(self) -> Sequence[JsonValue] | None:
        support = self.support()
        return None if support is None else multiples(*support, self.q)

    def extremes(self) -> Sequence[JsonValue]:
        return tuple(_quantise(end, self.q) for end in self.ends())


@dataclass(frozen=True)
class QUniform(Quantised, Uniform):
    """`uniform`, rounded."""

    kind: ClassVar[str] = "q_uniform"

    def grid_values(self) -> Sequence[JsonValue] | None:
        return stepped_range(self.min, self.max, self.q)


@dataclass(frozen=True)
class QLogUniform(Quantised, LogUniform):
    """`log_uniform`, rounded."""

    kind: ClassVar[str] = "q_log_uniform"


@dataclass(frozen=True)
class QLogUniformValues(Quantised, LogUniformValues):
    """`log_uniform_values`, rounded."""

    kind: ClassVar[str] = "q_log_uniform_values"


@dataclass(frozen=True)
class QNormal(Quantised, Normal):
    """`normal`, rounded."""

    kind: ClassVar[str] = "q_normal"


@dataclass(frozen=True)
class QLogNormal(Quantised, LogNormal):
    """`log_normal`, rounded."""

    kind: ClassVar[str] = "q_log_normal"


@dataclass(frozen=True)
class QBeta(Quantised, Beta):
    """`beta`, rounded."""

    kind: ClassVar[str] = "q_beta"


class _Numbers(Sequence[Number]):
    """A number for each integer of a range, computed when it is asked for."""

    def __init__(self, places: range, number: Callable[[int], Number]) -> None:
        self._places = places
        self._number = number

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Number: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Number]: ...
    def __getitem__(self, index: int | slice) -> Number | Sequence[Number]:
        found = self._places[index]
        return tuple(map(self._number, found)) if isinstance(found, range) else self._number(found)


def stepped_range(start: Number, stop: Number, step: Number) -> Sequence[Number]:
    """`start`, `start + step`, ... below `stop`: what `numpy.arange` holds, without holding it."""
    # With floats, arange rounds the second value first and steps by what is left of it.
    rounded = (start + step) - start
    return _Numbers(range(max(0, math.ceil((stop - start) / step))), lambda place: start + place * rounded)


def multiples(low: Number, high: Number, q: Number) -> Sequence[Number]:
    """The multiples of `q` that numbers from `low` to `high` are rounded to."""
    return _Numbers(range(round(low / q), round(high / q) + 1), lambda factor: factor * q)


def _once(values: Sequence[JsonValue]) -> tuple[JsonValue, ...]:
    """The values without those that stand there before, by value."""
    first: dict[str, JsonValue] = {}
    for value in values:
        first.setdefault(dumps_canonical(value), value)
    return tuple(first.values())


def _unit(fraction: float) -> float:
    return min(max(fraction, 0.0), 1.0)


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _normal_fraction(value: float, mu: Number, sigma: Number) -> float:
    return normal_cdf((value - mu) / sigma) if sigma > 0 else 0.5


def _cell(u: float, count: int) -> int:
    """The first of `count` equal cells of (0, 1] whose upper end is at or above `u`."""
    cell = max(math.ceil(u * count) - 1, 0)
    # u * count may have been rounded up over a cell's edge.
    return cell - 1 if cell > 0 and cell / count >= u else min(cell, count - 1)


def _clamp(value: float, low: Number, high: Number) -> float:
    return float(min(max(value, low), high))


def _quantise(value: Number, q: Number) -> Number:
    """The multiple of `q` nearest to `value`, halves to even; an int where `q` is one."""
    return round(value / q) * q
