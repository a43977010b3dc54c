"""The page: draw a digit or choose pictures, and see what the model takes them for."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import HTMLResponse

from sweepyard.datasets.pictures import png_bytes
from sweepyard.domain.classified import ModelVersion, ranked
from sweepyard.serving.batching import Answered
from sweepyard.serving.model import Images
from sweepyard.serving.uploads import MAX_BODY_BYTES, MAX_IMAGES
from sweepyard.web.assets import Assets
from sweepyard.web.templates import environment, page_of

ASSETS = Assets(Path(__file__).parent / "static")
_TEMPLATES = environment("sweepyard.serving", ASSETS)
_MOST_BARS = 10


@dataclass(frozen=True, slots=True)
class Bar:
    """A class and its probability."""

    name: str
    share: float
    is_best: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """An image and what it was taken for.

    Attributes:
        seen: The picture as the model saw it, as an address of its data.
        bars: The most probable classes, in the order of the model's.
    """

    name: str
    seen: str
    best: str
    confidence: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class ModelPage:
    """The page of one model."""

    model: ModelVersion
    image_shape: tuple[int, int]
    stores: bool

    def empty(self) -> HTMLResponse:
        """Nothing is asked yet."""
        return self._render(200)

    def answered(self, names: Sequence[str], images: Images, answered: Answered) -> HTMLResponse:
        """What images were taken for."""
        shown = [
            self._shown(name, png_bytes(image), ranked(self.model.class_names, row))
            for name, image, row in zip(names, images, answered.probabilities, strict=True)
        ]
        return self._render(200, shown=shown, is_lost=answered.stored is False)

    def failed(self, status: int, messages: Sequence[str], headers: Mapping[str, str] | None = None) -> HTMLResponse:
        """Why a request was not served."""
        response = self._render(status, problems=messages)
        response.headers.update(headers or {})
        return response

    def _shown(self, name: str, png: bytes, classes: Sequence[tuple[str, float]]) -> Shown:
        best, confidence = classes[0]
        most_probable = dict(classes[:_MOST_BARS])
        bars = [
            Bar(each, most_probable[each], each == best) for each in self.model.class_names if each in most_probable
        ]
        seen = f"data:image/png;base64,{base64.b64encode(png).decode()}"
        return Shown(name, seen, best, confidence, tuple(bars))

    def _render(
        self, status: int, *, shown: Sequence[Shown] = (), is_lost: bool = False, problems: Sequence[str] = ()
    ) -> HTMLResponse:
        return page_of(
            _TEMPLATES.get_template("model.html"),
            status=status,
            title="What is it?",
            page=self,
            shown=shown,
            is_lost=is_lost,
            problems=problems,
            most_images=MAX_IMAGES,
            most_mebibytes=MAX_BODY_BYTES >> 20,
        )
