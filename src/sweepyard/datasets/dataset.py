"""What a data set is once it is loaded: three splits of images with labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sweepyard.errors import DataError

SplitName = Literal["train", "validation", "test"]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Images with their labels, in a fixed order.

    Attributes:
        images: (n, height, width) uint8, ink bright on dark.
        labels: (n,) int64, each an index into the data set's class names.

    Raises:
        DataError: Shapes or types differ from these.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.images.ndim != 3 or self.images.dtype != np.uint8:
            received = f"{self.images.dtype} {self.images.shape}"
            raise DataError(f"images must be uint8 of shape (n, height, width); received {received}")
        if self.labels.shape != self.images.shape[:1] or self.labels.dtype != np.int64:
            received = f"{self.labels.dtype} {self.labels.shape} for {len(self.images)} images"
            raise DataError(f"labels must be int64, one an image; received {received}")

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> Split:
        """The first `count` images, or all when there are fewer."""
        return Split(self.images[:count], self.labels[:count])


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A data set: search and early termination see `validation`; `test` is read once, at the end.

    Attributes:
        name: Its name in the catalogue, or the user's.
        class_names: One name a label.
        train: What a fit learns from.
        validation: What choices are made by.
        test: What the chosen model is scored on.
        digest: SHA-256 over the payloads and the way they are split, in hex: equal digests, equal splits.

    Raises:
        DataError: A split is empty, its labels lie outside the classes, or image sizes differ between splits.
    """

    name: str
    class_names: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    digest: str

    def __post_init__(self) -> None:
        for name, split in self.splits.items():
            if not len(split):
                raise DataError(f"{self.name}: the {name} split must hold at least one image; received none")
            if split.images.shape[1:] != self.image_shape:
                received = f"{split.images.shape[1:]} in {name}, {self.image_shape} in train"
                raise DataError(f"{self.name}: all splits must have images of one size; received {received}")
            lowest, highest = int(split.labels.min()), int(split.labels.max())
            if lowest < 0 or highest >= len(self.class_names):
                received = f"{lowest} to {highest} in {name}"
                raise DataError(f"{self.name}: labels must lie in 0..{len(self.class_names) - 1}; received {received}")

    @property
    def splits(self) -> dict[SplitName, Split]:
        """The splits by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def image_shape(self) -> tuple[int, int]:
        """(height, width) of every image."""
        height, width = self.train.images.shape[1:]
        return int(height), int(width)
