"""What all tests share: a private home, and the rule that a skip must be on the list of allowed ones."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from tests.parts import ready_client

if TYPE_CHECKING:
    from tests.parts.postgresql import PostgresServer

# For `make test-unit`, which is to answer in seconds; everything else tries as many examples as Hypothesis does in CI.
settings.register_profile("quick", settings.get_profile("ci"), max_examples=40)

ALLOWED_SKIPS = Path(__file__).parent / "allowed-skips.txt"
_PRIVATE = ("HOME", "SWEEPYARD_HOME", "SWEEPYARD_CACHE", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")


def allowed_skip_reasons() -> list[str]:
    lines = ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


class SkipGuard:
    """Fails a session of CI in which a test was skipped for a reason that is not on the list."""

    def __init__(self) -> None:
        self.unexpected: list[str] = []
        self._allowed = allowed_skip_reasons()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = str(report.longrepr[2])
            if not any(allowed in reason for allowed in self._allowed):
                self.unexpected.append(f"{report.nodeid}: {reason}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.unexpected and os.environ.get("CI"):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.unexpected:
            terminalreporter.section("skips that are not on tests/allowed-skips.txt")
            for line in self.unexpected:
                terminalreporter.write_line(line)


def pytest_configure(config: pytest.Config) -> None:
    # What a shell starts in the background ignores Ctrl-C, and so would whatever tests start and interrupt.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    config.pluginmanager.register(SkipGuard(), "skip-guard")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests go first, so that no worker begins a long one when the others have nothing left to do."""

    def place(item: pytest.Item) -> tuple[bool, float]:
        patience = item.get_closest_marker("timeout")
        return item.get_closest_marker("slow") is None, -patience.args[0] if patience else 0

    items.sort(key=place)


@pytest.fixture(autouse=True, scope="session")
def private_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test, and no process that a test starts, reads or writes the user's own folders or credentials."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("WANDB_", "SWEEPYARD_")):
                patch.delenv(name)
        for name in _PRIVATE:
            patch.setenv(name, str(home / name.lower()) if name != "HOME" else str(home))
        # pytest's workers are one session.
        session = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
        patch.setenv(ready_client.SESSION_VARIABLE, str(session))
        yield home


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """A PostgreSQL server, shared by the tests of one process, each of which makes a database of its own."""
    from tests.parts.postgresql import PostgresServer, binaries

    programs = binaries()
    if programs is None or os.geteuid() != 0:
        pytest.skip("needs PostgreSQL's server programs, and root to run them as their own user: make system-parts")
    # Not below pytest's own folder, which nobody but its owner may enter.
    with tempfile.TemporaryDirectory(prefix="sweepyard-postgresql-") as folder:
        server = PostgresServer(Path(folder), programs)
        yield server
        server.stop()
