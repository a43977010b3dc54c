"""What is counted and measured, in Prometheus' text format."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sweepyard.clock import Clock
from sweepyard.domain.classified import ModelVersion

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_IMAGES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The figures of one server.

    Attributes:
        under_way: Images between request and answer.
        stored, not_stored: Predictions that the database took, and did not take.
    """

    def __init__(self, model: ModelVersion) -> None:
        self._registry = registry = CollectorRegistry()
        info = Gauge("sweepyard_model_info", "The model that is served.", ["run", "weights_digest"], registry=registry)
        info.labels(model.run_id, model.weights_digest).set(1)
        self._requests = Counter(
            "sweepyard_requests", "Answered requests.", ["method", "route", "status"], registry=registry
        )
        self._latency = Histogram(
            "sweepyard_request_seconds",
            "From a request's head to the end of its answer.",
            ["route"],
            registry=registry,
            buckets=_SECONDS,
        )
        self._images = Histogram("sweepyard_batch_images", "Images in a batch.", registry=registry, buckets=_IMAGES)
        self._predicting = Histogram(
            "sweepyard_batch_seconds", "Time of a batch in the model.", registry=registry, buckets=_SECONDS
        )
        self.under_way = Gauge("sweepyard_images_under_way", "Images between request and answer.", registry=registry)
        self.stored = Counter("sweepyard_predictions_stored", "Predictions that are stored.", registry=registry)
        self.not_stored = Counter(
            "sweepyard_predictions_not_stored", "Predictions that the database did not take.", registry=registry
        )

    def batch(self, images: int, seconds: float) -> None:
        """Note a batch that the model has done."""
        self._images.observe(images)
        self._predicting.observe(seconds)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note a request that is answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._latency.labels(route).observe(seconds)

    def text(self) -> bytes:
        """All of it."""
        return generate_latest(self._registry)


class Measured:
    """Notes every request that goes by."""

    def __init__(self, app: ASGIApp, metrics: Metrics, clock: Clock) -> None:
        self._app, self._metrics, self._clock = app, metrics, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = self._clock.monotonic_seconds(), 500

        async def send_and_look(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_look)
        finally:
            seconds = self._clock.monotonic_seconds() - begun
            self._metrics.request(_method(scope["method"]), _route(scope), status, seconds)


def _method(method: str) -> str:
    """The method, if it is one that there is: clients invent others, and each would be a series of its own."""
    return method if method in {"GET", "HEAD", "POST"} else "other"


def _route(scope: Scope) -> str:
    """The route's own path, never what a client made up."""
    route = scope.get("route")
    return route.path if isinstance(route, Route | Mount) else "other"
