"""Requests that come together go through the model together: 64 images take the time of five.

The first request of a quiet time waits a few milliseconds for others; those that come while the model runs wait for
it anyway, and are the next batch. One thread runs the model, another one stores, so that the model does not wait for
a disk. So many images may wait; further ones are turned away at once instead of late.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from sweepyard.clock import Clock
from sweepyard.serving.keeping import Keeper
from sweepyard.serving.metrics import Metrics
from sweepyard.serving.model import Images, Model, Probabilities
from sweepyard.web.problems import TooBusy


@dataclass(frozen=True, slots=True)
class Batching:
    """How requests are put together.

    Attributes:
        most_images: Of one batch; no request may have more.
        gather_seconds: How long the first of a quiet time waits for others.
        most_waiting: How many images may be under way, from their request to its answer.
    """

    most_images: int = 64
    gather_seconds: float = 0.004
    most_waiting: int = 256


DEFAULT_BATCHING = Batching()


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """What the model made of the images of one request.

    Attributes:
        stored: Whether images and predictions are in the database; None if nobody asked for that.
    """

    probabilities: Probabilities
    stored: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    images: Images
    answer: asyncio.Future[Answered]


class Batcher:
    """The way to the model, for requests of one event loop."""

    def __init__(
        self, model: Model, *, batching: Batching, clock: Clock, metrics: Metrics, keeper: Keeper | None = None
    ) -> None:
        self._model, self._batching, self._clock, self._metrics, self._keeper = model, batching, clock, metrics, keeper
        self._running = ThreadPoolExecutor(1, "model")
        self._storing = ThreadPoolExecutor(1, "storing")
        self._waiting: deque[_Waiting] = deque()
        self._under_way = 0
        self._pump: asyncio.Task[None] | None = None
        self._finishing: set[asyncio.Task[None]] = set()
        metrics.under_way.set_function(lambda: self._under_way)

    async def answer(self, images: Images) -> Answered:
        """What the model takes these images for.

        Raises:
            TooBusy: Too many images are under way.
        """
        if self._under_way + len(images) > self._batching.most_waiting:
            raise TooBusy(
                f"at most {self._batching.most_waiting} images are under way at a time; received {len(images)} beside "
                f"{self._under_way}. Send them again later"
            )
        waiting = _Waiting(images, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._under_way += len(images)
        if self._pump is None:
            self._pump = asyncio.create_task(self._work())
        try:
            return await waiting.answer
        finally:
            self._under_way -= len(images)

    def close(self) -> None:
        """Let what has begun end: what is being stored is stored."""
        self._running.shutdown()
        self._storing.shutdown()

    async def _work(self) -> None:
        """Run batches until nothing waits."""
        try:
            await asyncio.sleep(self._batching.gather_seconds)
            while self._waiting:
                await self._run(self._next_batch())
        finally:
            self._pump = None

    def _next_batch(self) -> list[_Waiting]:
        batch = [self._waiting.popleft()]
        count = len(batch[0].images)
        while self._waiting and count + len(self._waiting[0].images) <= self._batching.most_images:
            batch.append(self._waiting.popleft())
            count += len(batch[-1].images)
        return batch

    async def _run(self, batch: list[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        begun = self._clock.monotonic_seconds()
        try:
            images = np.concatenate([waiting.images for waiting in batch])
            probabilities = await loop.run_in_executor(self._running, self._model.predict, images)
        except Exception as error:  # noqa: BLE001 - told to each request, whose door logs it
            _fail(batch, error)
            return
        seconds = self._clock.monotonic_seconds() - begun
        self._metrics.batch(len(images), seconds)
        task = asyncio.create_task(self._finish(batch, images, probabilities, seconds / len(images)))
        self._finishing.add(task)  # The loop itself keeps only weak references to its tasks.
        task.add_done_callback(self._finishing.discard)

    async def _finish(
        self, batch: list[_Waiting], images: Images, probabilities: Probabilities, latency_seconds: float
    ) -> None:
        """Store a batch, if it is to be stored, and answer its requests."""
        try:
            stored = None
            if self._keeper is not None:
                keep = self._keeper.keep
                loop = asyncio.get_running_loop()
                stored = await loop.run_in_executor(self._storing, keep, images, probabilities, latency_seconds)
        except Exception as error:  # noqa: BLE001 - told to each request, whose door logs it
            _fail(batch, error)
            return
        first = 0
        for waiting in batch:
            last = first + len(waiting.images)
            if not waiting.answer.done():
                waiting.answer.set_result(Answered(probabilities[first:last], stored))
            first = last


def _fail(batch: list[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
