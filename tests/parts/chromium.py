"""Debian's Chromium, driven by Playwright, and a watch over what its pages do."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

AXE = Path(__file__).parents[2] / "build/axe-core/package/axe.min.js"
"""`make system-parts` puts it there."""

_ARGUMENTS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update")
# A violation of the policy is an error on the console too; this tells of it even where a page is about to go.
_TELL_OF_VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} forbids ${event.blockedURI}`));"""


def program() -> str | None:
    """Chromium's path; None where it is not installed."""
    return shutil.which("chromium")


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser without windows."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def log_in(context: BrowserContext, url: str, key: str) -> None:
    """Give the context's pages a session."""
    answer = context.request.post(f"{url}/login", form={"key": key, "next": "/"}, max_redirects=0)
    assert answer.status == 303, answer.text()


class Watch:
    """Notes what no page of ours may do: ask another host, log an error, break the content security policy."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.faults: list[str] = []
        self.requests: list[str] = []
        self._own = urlsplit(url).netloc
        self._expected: list[str] = []
        context.add_init_script(_TELL_OF_VIOLATIONS)
        context.on("page", self._look_at)

    def expect(self, pattern: str) -> None:
        """Errors on the console that match are part of the test."""
        self._expected.append(pattern)

    def _look_at(self, page: Page) -> None:
        page.on("request", self._asked)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._blame(f"uncaught: {error}"))

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        self.requests.append(request.url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != self._own:
            self._blame(f"a request to another host: {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._blame(f"on the console: {message.text}")

    def _blame(self, fault: str) -> None:
        if not any(re.search(pattern, fault) for pattern in self._expected):
            self.faults.append(fault)


def swipe(page: Page, *places: tuple[float, float]) -> None:
    """A finger that touches the first place of the page's view, goes to the others, and is lifted at the last."""
    fingers = page.context.new_cdp_session(page)
    for kind, (x, y) in zip(["touchStart", *["touchMove"] * (len(places) - 1)], places, strict=True):
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    fingers.detach()
