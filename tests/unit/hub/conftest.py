"""The hub's app over the in-memory fakes, asked in-process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fakes.asking import Ask, asker
from tests.fakes.deterministic import CountingIds, ManualClock
from tests.fakes.memory_blobs import MemoryBlobs
from tests.fakes.memory_database import MemoryDatabase

from sweepyard.domain.access import Role
from sweepyard.hub.app import create_app
from sweepyard.services.bundle import Services, build
from sweepyard.settings import Settings
from sweepyard.web.hosts import Addresses


@dataclass
class Door:
    """The app, and keys of people with different rights."""

    services: Services
    ask: Ask
    keys: Mapping[Role, str]

    def post(self, query: str, variables: Mapping[str, Any] | None = None, role: Role = Role.WRITE) -> httpx.Response:
        """The response to a query."""
        body = {"query": query, "variables": dict(variables or {})}
        return self.ask("POST", "/graphql", json=body, auth=("api", self.keys[role]))

    def data(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data that a query gets."""
        body = self.post(query, variables).json()
        assert "errors" not in body, body
        data: dict[str, Any] = body["data"]
        return data


@pytest.fixture
def door(tmp_path: Path) -> Door:
    settings = Settings(home=tmp_path / "home", cache=tmp_path / "cache")
    clock = ManualClock()
    services = build(MemoryDatabase(), MemoryBlobs(), clock, CountingIds(), settings)
    keys = {}
    for role in Role:
        services.access.ensure_user(role.value, entity="lab", role=role)
        keys[role] = services.access.create_key(role.value)
    app = create_app(services, settings=settings, addresses=Addresses("http://127.0.0.1:8080"), clock=clock)
    return Door(services, asker(app), keys)
