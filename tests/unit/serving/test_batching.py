"""Requests become batches, and batches answers: each its own, none lost, none late."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.fakes.memory_predictions import MemoryPredictions
from tests.fakes.plain_model import PlainModel

from sweepyard.clock import SystemClock
from sweepyard.errors import StorageError
from sweepyard.services.predictions import PredictionsService
from sweepyard.serving.batching import Answered, Batcher, Batching
from sweepyard.serving.keeping import Keeper
from sweepyard.serving.metrics import Metrics
from sweepyard.serving.model import Images
from sweepyard.web.problems import TooBusy

BATCHING = Batching(most_images=4, gather_seconds=0.02, most_waiting=8)


def images(*shades: int) -> Images:
    return np.stack([np.full((28, 28), shade, np.uint8) for shade in shades])


class Store(MemoryPredictions):
    """One that can be away."""

    away = False

    def add(self, batch: Any) -> Any:
        if self.away:
            raise StorageError("the database on db.example is away")
        return super().add(batch)


@pytest.fixture
def model() -> PlainModel:
    return PlainModel()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def keeper(model: PlainModel, store: Store) -> Keeper:
    metrics = Metrics(model.version)
    return Keeper(PredictionsService(store), model.version, clock=SystemClock(), metrics=metrics)


@pytest.fixture
def batcher(model: PlainModel) -> Iterator[Batcher]:
    made = Batcher(model, batching=BATCHING, clock=SystemClock(), metrics=Metrics(model.version))
    yield made
    made.close()


def together(batcher: Batcher, *requests: Images) -> list[Any]:
    async def ask() -> list[Any]:
        return await asyncio.gather(*map(batcher.answer, requests), return_exceptions=True)

    return asyncio.run(ask())


def assert_own(model: PlainModel, requests: list[Images], answers: list[Answered]) -> None:
    for request, answer in zip(requests, answers, strict=True):
        np.testing.assert_array_equal(answer.probabilities, model.answers(request))


def test_what_comes_together_is_one_batch_and_each_gets_its_own(batcher: Batcher, model: PlainModel) -> None:
    requests = [images(0), images(90, 200), images(255)]
    assert_own(model, requests, together(batcher, *requests))
    assert model.batches == [4]


def test_no_batch_is_larger_than_it_may_be_and_requests_stay_whole(batcher: Batcher, model: PlainModel) -> None:
    requests = [images(0, 1, 2), images(90, 200), images(255)]
    assert_own(model, requests, together(batcher, *requests))
    assert model.batches == [3, 3]


def test_what_comes_while_the_model_runs_is_the_next_batch(batcher: Batcher, model: PlainModel) -> None:
    async def ask() -> None:
        model.going.clear()
        first = asyncio.create_task(batcher.answer(images(1)))
        while not model.batches:
            await asyncio.sleep(0.001)
        others = [asyncio.create_task(batcher.answer(images(shade))) for shade in (2, 3, 4)]
        await asyncio.sleep(0)
        model.going.set()
        await asyncio.gather(first, *others)

    asyncio.run(ask())
    assert model.batches == [1, 3]


def test_more_than_may_wait_is_turned_away_at_once_and_the_others_are_answered(
    batcher: Batcher, model: PlainModel
) -> None:
    requests = [images(0, 1, 2, 3), images(4, 5, 6, 7)]
    *answers, refused = together(batcher, *requests, images(8))
    assert_own(model, requests, answers)
    assert isinstance(refused, TooBusy)
    assert "at most 8 images are under way at a time; received 1 beside 8" in str(refused)
    assert_own(model, [images(8)], together(batcher, images(8)))


def test_a_fault_of_the_model_is_told_to_its_batch_alone(batcher: Batcher, model: PlainModel) -> None:
    model.fault = ValueError("no")
    assert [type(answer) for answer in together(batcher, images(1), images(2))] == [ValueError, ValueError]
    assert_own(model, [images(3)], together(batcher, images(3)))


def test_a_request_that_nobody_waits_for_any_more_disturbs_no_other(batcher: Batcher, model: PlainModel) -> None:
    async def ask() -> Answered:
        left = asyncio.create_task(batcher.answer(images(1)))
        stays = asyncio.create_task(batcher.answer(images(2)))
        await asyncio.sleep(0)
        left.cancel()
        return await stays

    assert_own(model, [images(2)], [asyncio.run(ask())])


def test_each_image_is_stored_once_with_its_share_of_the_time(model: PlainModel, keeper: Keeper, store: Store) -> None:
    metrics = Metrics(model.version)
    batcher = Batcher(model, batching=BATCHING, clock=SystemClock(), metrics=metrics, keeper=keeper)
    assert [answer.stored for answer in together(batcher, images(1, 2), images(1))] == [True, True]
    assert [answer.stored for answer in together(batcher, images(2))] == [True]
    batcher.close()
    found = list(store.predictions())
    assert len(found) == 2
    assert all(0 < each.latency_seconds < 10 for each in found)


def test_a_database_that_is_away_is_told_and_tried_again(
    model: PlainModel, keeper: Keeper, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    batcher = Batcher(model, batching=BATCHING, clock=SystemClock(), metrics=Metrics(model.version), keeper=keeper)
    store.away = True
    for _ in range(2):
        (answer,) = together(batcher, images(1))
        assert answer.stored is False
    assert_own(model, [images(1)], [answer])
    assert keeper.failing_since is not None
    assert "1 predictions were answered and not stored: the database on db.example is away" in caplog.text
    store.away = False
    assert together(batcher, images(1))[0].stored is True
    assert keeper.failing_since is None
    batcher.close()
