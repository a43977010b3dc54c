"""Chromium at the pages of a real hub, which is filled through its protocol.

`page` has logged in, and fails its test on any request to another host, any error on the console, any violation of
the content security policy.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from tests.parts.chromium import AXE, Watch, launched, log_in, program
from tests.parts.filling import Filling
from tests.parts.hub_process import Client, Hub, serving
from tests.parts.pictured import PICTURED

_SERIOUS = {"serious", "critical"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One hub for all tests; each test takes a project of its own."""
    with serving(tmp_path_factory.mktemp("hub") / "home", SWEEPYARD_HEARTBEAT_TIMEOUT="3600") as running:
        yield running


@pytest.fixture(scope="session")
def filling(hub: Hub) -> Iterator[Filling]:
    """What puts runs into the hub."""
    filling = Filling(hub.url, hub.key)
    yield filling
    filling.close()


@pytest.fixture
def client(hub: Hub, tmp_path: Path) -> Client:
    """The real client, in a folder of its own."""
    return Client(hub, tmp_path)


@pytest.fixture(scope="session")
def pictured(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A project with two runs of the real client, `one` and `two`, that have logged media and artifacts."""
    Client(hub, tmp_path_factory.mktemp("pictured")).run(sys.executable, "-c", PICTURED, WANDB_CONSOLE="wrap")
    return "pictured"


@pytest.fixture
def project(request: pytest.FixtureRequest) -> str:
    """The test's own project."""
    return "b-" + re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_"))[:80]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests."""
    if program() is None:
        pytest.skip("needs Chromium: make system-parts")
    with launched() as browser:
        yield browser


@pytest.fixture
def watch(chromium: Browser, hub: Hub) -> Iterator[Watch]:
    """A browser's profile of the test's own, without a session, in which nothing bad may happen."""
    context = chromium.new_context(base_url=hub.url, viewport={"width": 1280, "height": 800})
    watch = Watch(context, hub.url)
    yield watch
    context.close()
    assert not watch.faults


@pytest.fixture
def context(watch: Watch) -> BrowserContext:
    """The test's profile."""
    return watch.context


@pytest.fixture
def page(context: BrowserContext, hub: Hub) -> Page:
    """A page that has logged in."""
    log_in(context, hub.url, hub.key)
    return context.new_page()


@pytest.fixture(scope="session")
def faults_of() -> Callable[[Page], list[str]]:
    """Says which serious faults axe finds in a page: rule, and where."""
    if not AXE.exists():
        pytest.skip("needs axe-core: make system-parts")
    source = AXE.read_text(encoding="utf-8")

    def look(page: Page) -> list[str]:
        page.evaluate(source)
        found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
        return [
            f"{fault['id']} ({fault['impact']}): {json.dumps([node['target'] for node in fault['nodes']])}"
            for fault in found["violations"]
            if fault["impact"] in _SERIOUS
        ]

    return look


@pytest.fixture
def touched(chromium: Browser, hub: Hub) -> Iterator[Page]:
    """A page that has logged in, on a small screen for fingers."""
    context = chromium.new_context(base_url=hub.url, viewport={"width": 390, "height": 800}, has_touch=True)
    watch = Watch(context, hub.url)
    log_in(context, hub.url, hub.key)
    yield context.new_page()
    context.close()
    assert not watch.faults
