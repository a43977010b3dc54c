"""The look for silent runs and agents goes on for as long as the hub serves, whatever one look meets."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from starlette.applications import Starlette
from tests.fakes.deterministic import CountingIds, ManualClock
from tests.fakes.memory_blobs import MemoryBlobs
from tests.fakes.memory_database import MemoryDatabase

from sweepyard.domain.run import RunPath
from sweepyard.hub import app as hub_app
from sweepyard.services.agents import AgentService, Reaped
from sweepyard.services.bundle import build
from sweepyard.settings import Settings


def test_a_failed_look_does_not_end_the_looking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looks: list[int] = []

    def reap(_: AgentService) -> Reaped:
        looks.append(len(looks))
        if len(looks) == 1:
            raise OSError("the disk is away")
        return Reaped(runs=(RunPath("me", "p", "r1"),), agents=("a1",), sweeps=())

    monkeypatch.setattr(AgentService, "reap", reap)
    monkeypatch.setattr(hub_app, "REAP_EVERY_SECONDS", 0.001)
    settings = Settings(home=tmp_path, cache=tmp_path)
    services = build(MemoryDatabase(), MemoryBlobs(), ManualClock(), CountingIds(), settings)

    async def serve_until_three_looks() -> None:
        async with hub_app.reaping(services)(Starlette()):
            while len(looks) < 3:
                await asyncio.sleep(0.001)

    with caplog.at_level(logging.WARNING):
        asyncio.run(serve_until_three_looks())
    assert "the disk is away" in caplog.text
    assert "run me/p/r1 fell silent" in caplog.text
    assert "agent a1 fell silent" in caplog.text
