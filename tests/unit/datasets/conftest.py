"""Made-up data sets, a real HTTP server on the loopback, and settings that touch nothing of the user's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from sweepyard.datasets.idx import write_idx
from sweepyard.datasets.payloads import Role
from sweepyard.settings import Settings

CLASSIC = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}


@dataclass
class Answer:
    """What the server sends; `cut` bytes are left out at the end, though announced."""

    content: bytes = b""
    status: int = 200
    cut: int = 0
    announce: bool = True


@dataclass
class Web:
    """The server's address, its script, and the paths that were asked for."""

    address: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def offer(self, name: str, *answers: Answer | bytes) -> str:
        """Answer requests for `name` in this order, the last one again and again; gives its URL."""
        self.answers[f"/{name}"] = [a if isinstance(a, Answer) else Answer(a) for a in answers]
        return f"{self.address}{name}"


@dataclass
class PatientClock:
    """Sleeps in no time and remembers how long it was asked to."""

    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def monotonic_seconds(self) -> float:
        return sum(self.slept)


@pytest.fixture
def web() -> Iterator[Web]:
    site = Web("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            script = site.answers.get(self.path)
            if script is None:
                self.send_error(404)
                return
            answer = script.pop(0) if len(script) > 1 else script[0]
            self.send_response(answer.status)
            if answer.announce:
                self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content[: len(answer.content) - answer.cut])

        def log_message(self, *_: object) -> None:
            """Keeps the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def clock() -> PatientClock:
    return PatientClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache")


@pytest.fixture
def answer() -> type[Answer]:
    return Answer


@pytest.fixture
def arrays() -> dict[Role, np.ndarray]:
    """36 training and 6 test images of 5 x 4 pixels in three classes."""
    random = np.random.default_rng(3)
    return {
        "train_images": random.integers(0, 256, (36, 5, 4)).astype(np.uint8),
        "train_labels": np.repeat(np.arange(3, dtype=np.uint8), 12),
        "test_images": random.integers(0, 256, (6, 5, 4)).astype(np.uint8),
        "test_labels": np.array([0, 1, 2, 0, 1, 2], dtype=np.uint8),
    }


@pytest.fixture
def write_folder(arrays: dict[Role, np.ndarray]) -> Callable[..., Path]:
    """Writes the made-up arrays into a folder; `rename` changes the classic names."""

    def write(folder: Path, rename: Callable[[str], str] = lambda name: name, **changes: np.ndarray) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for role, array in {**arrays, **changes}.items():
            write_idx(folder / rename(CLASSIC[role]), array)
        return folder

    return write
