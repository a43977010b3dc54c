"""Pictures on pages: images, confusion matrices with shades, histograms as bars."""

from __future__ import annotations

from dataclasses import dataclass

from sweepyard.domain.logged_media import Histogram, Picture
from sweepyard.domain.media import ConfusionMatrix
from sweepyard.hub.dashboard import texts

BARS_WIDTH, BARS_HEIGHT = 320, 120
_SHADES = 9


@dataclass(frozen=True, slots=True)
class Shown:
    """An image.

    Attributes:
        url: Empty while its file is not there.
        alt: What it shows, in words.
        width: In pixels; None where that is not known. So is `height`.
    """

    url: str
    alt: str
    caption: str
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class Matrix:
    """A confusion matrix.

    Attributes:
        rows: By true class: its name, and a cell for each predicted class, with its count and its shade (0 to 9: the
            share of the row's examples).
        right: Which share of all examples is on the diagonal, as text.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]
    total: int
    right: str


@dataclass(frozen=True, slots=True)
class Bars:
    """A histogram, drawn.

    Attributes:
        bars: x, y, width and height of each.
    """

    bars: tuple[tuple[str, str, str, str], ...]
    low: str
    high: str
    total: str


def shown(picture: Picture, url: str, what: str) -> Shown:
    """An image at an address; `what` says what it is where its caption does not."""
    caption = texts.shortened(picture.caption)
    return Shown(url, caption or texts.shortened(what), caption, picture.width, picture.height)


def matrix_of(matrix: ConfusionMatrix) -> Matrix:
    """A confusion matrix with its shades."""
    counts, names = matrix.counts.tolist(), tuple(texts.shortened(name) for name in matrix.class_names)
    total = sum(map(sum, counts))
    right = sum(row[place] for place, row in enumerate(counts))
    return Matrix(
        names=names,
        rows=tuple(
            (name, tuple((count, _shade(count, sum(row))) for count in row))
            for name, row in zip(names, counts, strict=True)
        ),
        total=total,
        right=f"{right / total:.2%}" if total else texts.ABSENT,
    )


def bars_of(histogram: Histogram) -> Bars:
    """A histogram as bars of equal width."""
    counts, edges = histogram.counts, histogram.edges
    greatest = max(counts)
    width = BARS_WIDTH / len(counts)
    drawn = []
    for place, count in enumerate(counts):
        share = max(0.0, count / greatest) if greatest > 0 else 0.0
        height = share * BARS_HEIGHT
        drawn.append((f"{place * width:.2f}", f"{BARS_HEIGHT - height:.2f}", f"{width:.2f}", f"{height:.2f}"))
    return Bars(tuple(drawn), texts.number_text(edges[0]), texts.number_text(edges[-1]), texts.number_text(sum(counts)))


def _shade(count: int, total: int) -> int:
    """0 for none; from 1 on, the share of all in steps of equal size."""
    return 0 if count == 0 else max(1, round(_SHADES * count / total))
