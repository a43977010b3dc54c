"""The server of one model: the only list of its routes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from sweepyard import __version__
from sweepyard.clock import Clock
from sweepyard.domain.classified import ranked
from sweepyard.errors import SweepyardError
from sweepyard.jsonvalue import JsonObject
from sweepyard.services.predictions import PredictionsService
from sweepyard.serving.batching import DEFAULT_BATCHING, Answered, Batcher, Batching
from sweepyard.serving.keeping import Keeper
from sweepyard.serving.keys import KeyCheck
from sweepyard.serving.metrics import CONTENT_TYPE, Measured, Metrics
from sweepyard.serving.model import Images, Model
from sweepyard.serving.page import ASSETS, ModelPage
from sweepyard.serving.uploads import MAX_BODY_BYTES, MAX_IMAGES, MAX_PIXELS, prepared, uploads_of
from sweepyard.web.answers import Answers
from sweepyard.web.headers import NEVER_STORED, SecurityHeaders
from sweepyard.web.hosts import Addresses, HostCheck
from sweepyard.web.origins import OriginCheck
from sweepyard.web.problems import Json, TooBusy, error_entries, headers_of, status_of

_MOST_REQUESTS = 64
HEALTH = "/healthz"


def create_app(serving: Serving, *, addresses: Addresses, key: str | None = None) -> ASGIApp:
    """The server behind everything that each request must pass.

    Args:
        addresses: Where it listens, and by which names it is reached.
        key: What every request but that for its health must show; None where whoever reaches it may use it.
    """
    answers = Answers(lambda _request, status, messages: serving.page.failed(status, messages))
    app: ASGIApp = Starlette(routes=serving.routes(), exception_handlers=answers.handlers())
    app = Measured(app, serving.metrics, serving.clock)
    if key is not None:
        app = KeyCheck(app, key, free=HEALTH)
    app = OriginCheck(app, addresses, answers.refuse, cookie=None)
    app = HostCheck(app, addresses, answers.refuse)
    return SecurityHeaders(app)  # outermost, so that no answer goes without them


@dataclass(slots=True)
class _Places:
    """So many requests may be read at a time, so that what they bring stays within memory."""

    taken: int = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        if self.taken >= _MOST_REQUESTS:
            raise TooBusy(f"at most {_MOST_REQUESTS} requests are taken at a time. Send it again later")
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Serving:
    """What is behind the routes."""

    def __init__(
        self,
        model: Model,
        *,
        clock: Clock,
        predictions: PredictionsService | None = None,
        batching: Batching = DEFAULT_BATCHING,
    ) -> None:
        """Make what it takes to serve a model.

        Args:
            predictions: Where each request is stored; None where nothing is.
        """
        self.clock, self.metrics = clock, Metrics(model.version)
        self.page = ModelPage(model.version, model.image_shape, stores=predictions is not None)
        self._model, self._places = model, _Places()
        self._keeper = Keeper(predictions, model.version, clock=clock, metrics=self.metrics) if predictions else None
        self._batcher = Batcher(model, batching=batching, clock=clock, metrics=self.metrics, keeper=self._keeper)
        # One at a time: a photograph takes some hundred MiB while it is made an image of the model's size.
        self._preparing = ThreadPoolExecutor(1, "preparing")

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        return [
            Route("/", self._show, methods=["GET"]),
            Route("/", self._ask, methods=["POST"]),
            Route("/api/predict", self._predict, methods=["POST"]),
            Route("/api/model", self._describe, methods=["GET"]),
            Route(HEALTH, self._health, methods=["GET"]),
            Route("/metrics", self._figures, methods=["GET"]),
            ASSETS.route(),
        ]

    def close(self) -> None:
        """Let what has begun end."""
        self._preparing.shutdown()
        self._batcher.close()

    async def _answered(self, request: Request) -> tuple[list[str], Images, Answered]:
        """The images of a request, by their names, and what the model took them for."""
        with self._places.one():
            uploads = await uploads_of(request)
            loop = asyncio.get_running_loop()
            images = await loop.run_in_executor(self._preparing, prepared, uploads, self._model.image_shape)
            return [upload.name for upload in uploads], images, await self._batcher.answer(images)

    def _show(self, _request: Request) -> Response:
        return self.page.empty()

    async def _ask(self, request: Request) -> Response:
        try:
            return self.page.answered(*await self._answered(request))
        except SweepyardError as error:  # told on the page, whoever asks: a browser that shows a key, too
            messages = [str(entry["message"]) for entry in error_entries(error)]
            return self.page.failed(status_of(error), messages, headers_of(error))

    async def _predict(self, request: Request) -> Response:
        names, _, answered = await self._answered(request)
        version = self._model.version
        rows = [ranked(version.class_names, row) for row in answered.probabilities]
        content: JsonObject = {
            "model": version.name,
            "predictions": [
                {"image": name, "class": classes[0][0], "probabilities": {**dict(classes)}}
                for name, classes in zip(names, rows, strict=True)
            ],
        }
        if answered.stored is not None:
            content["stored"] = answered.stored
        if answered.stored is False:
            content["problem"] = "the predictions database did not take it; the server's log says why"
        return Json(content, headers=NEVER_STORED)

    def _describe(self, _request: Request) -> Response:
        version, (height, width) = self._model.version, self._model.image_shape
        content: JsonObject = {
            "model": version.name,
            "run": version.run_id,
            "weights_digest": version.weights_digest,
            "classes": list(version.class_names),
            "image_shape": [height, width],
            "data": {"name": version.data_name, "digest": version.data_digest},
            "stores": self._keeper is not None,
            "limits": {"body_bytes": MAX_BODY_BYTES, "images": MAX_IMAGES, "pixels": MAX_PIXELS},
        }
        return Json(content, headers=NEVER_STORED)

    def _health(self, _request: Request) -> Response:
        content: JsonObject = {"status": "ok", "version": __version__, "model": self._model.version.name}
        since = self._keeper.failing_since if self._keeper else None
        if since is not None:
            content |= {"status": "not storing", "since": since.isoformat()}
        return Json(content, headers=NEVER_STORED)

    def _figures(self, _request: Request) -> Response:
        return Response(self.metrics.text(), headers={**NEVER_STORED, "Content-Type": CONTENT_TYPE})
