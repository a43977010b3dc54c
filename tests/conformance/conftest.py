"""A real hub process with a home of its own, and the real client in processes of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.parts.authority import Authority, make_authority
from tests.parts.hub_process import Client, Hub, serving


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One hub for all tests; each test takes a project of its own."""
    home = tmp_path_factory.mktemp("hub") / "home"
    # Runs that a test leaves behind stay as they are, however slow the machine.
    with serving(home, SWEEPYARD_HEARTBEAT_TIMEOUT="3600") as running:
        yield running


@pytest.fixture
def client(hub: Hub, tmp_path: Path) -> Client:
    """A client in a folder of its own."""
    return Client(hub, tmp_path)


@pytest.fixture
def project(request: pytest.FixtureRequest) -> str:
    """The test's own project."""
    return "p-" + re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_"))[:80]


@pytest.fixture(scope="session")
def make_hub() -> Callable[..., Any]:
    """Starts further hubs, each over a home, with options of `hub serve`: a context manager."""
    return serving


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority, and the certificate that it gave to `localhost`."""
    return make_authority(tmp_path_factory.mktemp("tls"))
