"""The life of an embedded hub: joined, left, killed, served."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from sweepyard.errors import HubError
from sweepyard.hub import embedded
from sweepyard.hub.places import HubPlaces
from sweepyard.settings import Settings

pytestmark = pytest.mark.slow

HOLD = """
import sys, time
from pathlib import Path
from sweepyard.hub import embedded
from sweepyard.settings import Settings
with embedded.join(Settings(home=Path(sys.argv[1]), cache=Path(sys.argv[1]))) as address:
    print(address.url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def settings(commands, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SWEEPYARD_HOME", str(commands.home))
    return Settings(home=commands.home, cache=commands.home / "cache")


def hold(home: Path) -> subprocess.Popen[str]:
    """A process that uses the hub until its standard input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def answers(url: str) -> bool:
    with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
        return answer.status == 200


def test_the_first_comer_starts_it_and_the_last_one_out_stops_it(commands, settings: Settings) -> None:
    with embedded.join(settings) as first:
        assert first.mode == "embedded"
        assert answers(first.url)
        with embedded.join(settings) as second:
            assert second == first
        assert embedded.status(settings) == first
    assert embedded.closes_within(settings, 20)
    assert not HubPlaces(settings.home).address_file.exists()
    commands.assert_none_left()


def test_a_late_comer_keeps_it_alive_when_the_first_one_leaves(settings: Settings, wait) -> None:
    late = None
    try:
        with embedded.join(settings) as address:
            late = hold(settings.home)
            assert late.stdout is not None
            assert late.stdout.readline().strip() == address.url
        assert not embedded.closes_within(settings, 2)
        assert answers(address.url)
    finally:
        if late is not None:
            late.communicate("")
    assert embedded.closes_within(settings, 20)


def test_who_comes_while_it_closes_gets_the_next_one(settings: Settings) -> None:
    urls = set()
    for _ in range(3):
        with embedded.join(settings) as address:
            assert answers(address.url)
            urls.add(address.pid)
        # At once, or after it may have begun to close: either way there is a hub that answers.
        embedded.closes_within(settings, 0.4)
    assert embedded.closes_within(settings, 20)


def test_two_starters_at_once_share_one_hub(settings: Settings) -> None:
    holders = [hold(settings.home) for _ in range(4)]
    with ThreadPoolExecutor() as pool:
        urls = set(pool.map(lambda holder: holder.stdout.readline().strip(), holders))
    assert len(urls) == 1
    for holder in holders:
        holder.communicate("")
    assert embedded.closes_within(settings, 20)


def test_a_killed_user_leaves_nothing_behind(commands, settings: Settings) -> None:
    holder = hold(settings.home)
    assert holder.stdout is not None
    assert answers(holder.stdout.readline().strip())
    holder.kill()
    holder.communicate()
    assert embedded.closes_within(settings, 20)
    commands.assert_none_left()


def test_a_run_whose_process_is_gone_is_crashed_when_the_hub_closes(settings: Settings) -> None:
    begin = 'mutation { upsertBucket(input: {name: "r1", modelName: "p", host: "h"}) { bucket { state } } }'
    look = '{ project(name: "p", entityName: "local") { run(name: "r1") { state } } }'

    def ask(url: str, query: str) -> str:
        key = json.loads(HubPlaces(settings.home).client_file.read_text())["api_key"]
        answer = httpx.post(f"{url}/graphql", json={"query": query}, auth=("api", key), trust_env=False, timeout=30)
        return answer.text

    with embedded.join(settings) as first:
        assert '"running"' in ask(first.url, begin)
    assert embedded.closes_within(settings, 20)
    with embedded.join(settings) as second:
        assert '"crashed"' in ask(second.url, look)


def test_a_killed_hub_is_replaced(settings: Settings) -> None:
    with embedded.join(settings) as first:
        os.kill(first.pid, signal.SIGKILL)
        assert embedded.closes_within(settings, 20)
        with embedded.join(settings) as second:
            assert second.pid != first.pid
            assert answers(second.url)
    assert embedded.closes_within(settings, 20)


def test_the_reason_is_told_if_it_cannot_start(settings: Settings) -> None:
    settings.home.mkdir(parents=True)
    (settings.home / "hub.db").write_bytes(b"this is no database " * 100)
    with pytest.raises(HubError, match="database"), embedded.join(settings):
        pytest.fail("joined a hub that cannot be")
    assert embedded.status(settings) is None


def test_a_served_hub_is_joined_and_not_stopped(commands, settings: Settings, wait: Callable[..., None]) -> None:
    served = commands.start("hub", "serve", "--port", "0")
    wait(lambda: HubPlaces(settings.home).address_file.exists(), seconds=60)
    with embedded.join(settings) as address:
        assert address.mode == "served"
    assert not embedded.closes_within(settings, 2)
    assert answers(address.url)

    again = commands.run("hub", "serve", "--port", "0")
    assert again.returncode == 1
    assert "runs in" in again.stderr
    assert address.url in again.stderr

    served.send_signal(signal.SIGTERM)
    assert served.wait(30) == 0
    assert embedded.status(settings) is None


def test_stop_ends_a_served_hub(commands, settings: Settings, wait: Callable[..., None]) -> None:
    served = commands.start("hub", "serve", "--port", "0")
    wait(lambda: HubPlaces(settings.home).address_file.exists(), seconds=60)
    assert "stopped the hub" in commands.run("hub", "stop").stdout
    assert served.wait(30) == 0
    assert "no hub runs" in commands.run("hub", "stop").stdout


def test_the_key_is_readable_by_its_owner_alone_and_stays_the_same(settings: Settings) -> None:
    places = HubPlaces(settings.home)
    with embedded.join(settings):
        first = places.client_file.read_text()
    assert places.client_file.stat().st_mode & 0o777 == 0o600
    assert embedded.closes_within(settings, 20)
    with embedded.join(settings):
        assert places.client_file.read_text() == first
    assert embedded.closes_within(settings, 20)
    key = json.loads(first)["api_key"]
    stored = b"".join(path.read_bytes() for path in settings.home.glob("hub.db*"))
    assert key.encode() not in stored


def test_status_starts_and_makes_nothing(commands) -> None:
    done = commands.run("hub", "status", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"home": str(commands.home), "running": False}
    assert not commands.home.exists()


def test_env_serves_a_shell_for_as_long_as_it_lives(commands) -> None:
    sweepyard = f"'{sys.executable}' -P -m sweepyard"
    script = f"""
        eval "$({sweepyard} hub env)"
        {sweepyard} hub status --json
        eval "$({sweepyard} hub env)"
        echo "$WANDB_BASE_URL"
        sleep 1.5
        {sweepyard} hub status --json
    """
    shell = subprocess.run(
        ["bash", "-c", script], env=commands.environ, cwd=commands.folder, capture_output=True, text=True, check=True
    )
    decoder = json.JSONDecoder()
    before, end = decoder.raw_decode(shell.stdout)
    url, _, rest = shell.stdout[end:].strip().partition("\n")
    assert before["url"] == url == json.loads(rest)["url"]
    commands.assert_none_left()


def test_env_of_a_served_hub_prints_its_address_for_every_shell(commands, wait: Callable[..., None]) -> None:
    served = commands.start("hub", "serve", "--port", "0")
    wait(lambda: HubPlaces(commands.home).address_file.exists(), seconds=60)
    url = json.loads(HubPlaces(commands.home).address_file.read_text())["url"]
    assert f"export WANDB_BASE_URL={url}" in commands.run("hub", "env").stdout.splitlines()
    assert f"set -gx WANDB_BASE_URL {url};" in commands.run("hub", "env", "--shell", "fish").stdout.splitlines()
    assert json.loads(commands.run("hub", "env", "--json").stdout)["WANDB_BASE_URL"] == url
    assert {process.pid for process in commands.living()} == {served.pid}
