"""Random search: suggestion number n of a seed is always the same, however many agents ask."""

from __future__ import annotations

import numpy as np

from sweepyard.jsonvalue import JsonObject
from sweepyard.sweeps.quantiles import UNIT_BITS, unit_from_bits
from sweepyard.sweeps.space import SearchSpace


def draw(space: SearchSpace, *, seed: int, position: int) -> JsonObject:
    """The parameters of suggestion number `position` (from 0) of the sequence that `seed` names."""
    generator = np.random.default_rng([seed, position])
    bits = generator.integers(0, 1 << UNIT_BITS, size=len(space.axes)).tolist()
    return space.point(
        [axis.distribution.sample(unit_from_bits(number)) for axis, number in zip(space.axes, bits, strict=True)]
    )
