"""The colours of curves: apart from what they are drawn on and from one another, whatever eyes look at them."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from sweepyard.hub.dashboard.assets import ASSETS

Numbers = npt.NDArray[np.float64]

_TOKENS = ASSETS.text("styles/tokens.css")
# Severe protanomaly, deuteranomaly and tritanomaly on linear sRGB (Machado, Oliveira and Fernandes, 2009).
EYES = {
    "usual": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
    ),
}
# From linear sRGB to cone responses, and from their cube roots to Oklab (Ottosson, 2020).
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_OKLAB = np.array(
    [
        [0.2104542553, 0.793617785, -0.0040720468],
        [1.9779984951, -2.428592205, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.808675766],
    ]
)


def colour(name: str, scheme: int) -> Numbers:
    """A token's colour in light (0) or dark (1), as linear sRGB."""
    found = re.search(rf"{name}: light-dark\((#\w+), (#\w+)\)", _TOKENS)
    assert found is not None, name
    text = found[scheme + 1]
    parts = np.array([int(text[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear: Numbers = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return linear


def luminance(linear: Numbers) -> float:
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))


def oklab(linear: Numbers) -> Numbers:
    found: Numbers = _OKLAB @ np.cbrt(_CONES @ np.clip(linear, 0, 1))
    return found


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_curves_stand_out_from_what_they_are_drawn_on(scheme: int) -> None:
    paper = luminance(colour("--surface", scheme)) + 0.05
    for number in range(1, 9):
        ink = luminance(colour(f"--curve-{number}", scheme)) + 0.05
        assert max(ink, paper) / min(ink, paper) >= 3, number


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("eyes", EYES)
def test_curves_stand_apart_from_one_another(scheme: int, eyes: str) -> None:
    seen = [oklab(EYES[eyes] @ colour(f"--curve-{number}", scheme)) for number in range(1, 9)]
    for one, other in combinations(range(8), 2):
        assert np.linalg.norm(seen[one] - seen[other]) >= 0.085, (one + 1, other + 1)
