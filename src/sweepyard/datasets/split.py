"""Cutting a training set in two, class by class, by a fixed seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Part of every data set's digest: whoever changes how splits are drawn changes this.
SPLIT_SCHEME = "stratified-1"
_SEED = 20_240_229


def stratified(labels: NDArray[np.int64], sizes: Sequence[int]) -> list[NDArray[np.int64]]:
    """Cut the indices of `labels` into parts of `sizes`, each with the classes in the proportions of the whole.

    Args:
        labels: (n,) int64.
        sizes: Sizes of the parts; they add up to n.

    Returns:
        Indices for each part, in a shuffled order that depends on `labels` and `sizes` alone.

    Raises:
        ValueError: The sizes do not add up to the number of labels.
    """
    if sum(sizes) != len(labels) or min(sizes) < 0:
        raise ValueError(f"sizes must add up to {len(labels)}; received {tuple(sizes)}")
    random = np.random.default_rng(_SEED)
    parts: list[list[NDArray[np.int64]]] = [[] for _ in sizes]
    shuffled = [random.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    remaining = np.array([len(indices) for indices in shuffled], dtype=np.int64)
    for part, size in enumerate(sizes):
        share = _apportion(size, remaining)
        remaining = remaining - share
        for which, count in enumerate(share):
            parts[part].append(shuffled[which][:count])
            shuffled[which] = shuffled[which][count:]
    return [random.permutation(np.concatenate([np.empty(0, np.int64), *part])) for part in parts]


def _apportion(size: int, available: NDArray[np.int64]) -> NDArray[np.int64]:
    """Whole shares of `size`, proportional to `available` by largest remainder."""
    total = int(available.sum())
    if total == 0:
        return np.zeros_like(available)
    # Whole-number arithmetic: no two machines can round differently.
    share = available * size // total
    remainders = available * size % total
    order = np.argsort(-remainders, kind="stable")
    share[order[: size - int(share.sum())]] += 1
    return share
