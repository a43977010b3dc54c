"""What surrounds the stock client: its environment, its output, who watches it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from sweepyard.agents.environment import agent_environment, client_environment, wandb_command
from sweepyard.agents.progress import watch
from sweepyard.agents.stock import parse_registration
from sweepyard.domain.progress import progress_of
from sweepyard.errors import TrackingError
from sweepyard.tracking.server import Server

SERVER = Server(url="http://127.0.0.1:1234", api_key="local-" + "k" * 40, entity="local")
OUTPUT = """\
wandb: Creating sweep from: tiny.yaml
wandb: Created sweep with ID: \x1b[33mab12cd34\x1b[0m
wandb: View sweep at: \x1b[4m\x1b[34mhttp://127.0.0.1:1234/local/tiny/sweeps/ab12cd34\x1b[0m
wandb: Run sweep agent with: \x1b[33mwandb agent local/tiny/ab12cd34\x1b[0m
"""


def test_what_wandb_sweep_prints_is_understood_in_colour() -> None:
    sweep = parse_registration(OUTPUT)
    assert sweep.path == "local/tiny/ab12cd34"
    assert sweep.sweep_id == "ab12cd34"
    assert sweep.url == "http://127.0.0.1:1234/local/tiny/sweeps/ab12cd34"


def test_a_quoted_path_with_a_space_is_understood() -> None:
    sweep = parse_registration("wandb: Run sweep agent with: wandb agent 'local/my project/ab12cd34'\n")
    assert sweep.path == "local/my project/ab12cd34"
    assert sweep.url is None


def test_the_id_alone_is_enough() -> None:
    assert parse_registration("Created sweep with ID: ab12cd34\n").path == "ab12cd34"


def test_output_without_an_id_is_an_error_that_quotes_it() -> None:
    with pytest.raises(TrackingError, match="sweep id: the server said no"):
        parse_registration("wandb: Creating sweep from: x\nError: the server said no\n")
    with pytest.raises(TrackingError, match="sweep id: sweep lab/p/ab has runs"):
        parse_registration("Error: input: upsertSweep sweep lab/p/ab has runs\n")
    with pytest.raises(TrackingError, match="it printed nothing"):
        parse_registration("")


def test_for_the_hub_nothing_of_the_users_wandb_settings_counts(tmp_path: Path) -> None:
    theirs = {
        "PATH": "/usr/bin",
        "WANDB_PROJECT": "theirs",
        "WANDB_MODE": "offline",
        "WANDB_API_KEY": "theirs",
        "WANDB_AGENT_KILL_DELAY": "5",
        "WANDB_RUN_ID": "other",
        "HOME": "/nowhere",
    }
    environ = client_environment(theirs, server=SERVER, folder=tmp_path)
    assert environ["WANDB_BASE_URL"] == SERVER.url
    assert environ["WANDB_API_KEY"] == SERVER.api_key
    assert environ["WANDB_ENTITY"] == "local"
    assert environ["WANDB_AGENT_KILL_DELAY"] == "5"
    assert environ.keys().isdisjoint({"WANDB_PROJECT", "WANDB_MODE", "WANDB_RUN_ID"})
    folders = ("WANDB_DIR", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR")
    assert all(Path(environ[name]).is_relative_to(tmp_path) for name in folders)
    assert environ["PATH"].split(os.pathsep) == [str(Path(sys.executable).parent), "/usr/bin"]
    assert theirs["WANDB_MODE"] == "offline"


def test_for_their_own_server_their_settings_count(tmp_path: Path) -> None:
    theirs = {"WANDB_API_KEY": "theirs", "WANDB_ENTITY": "team", "WANDB_SWEEP_ID": "other", "PATH": ""}
    environ = client_environment(theirs, server=None, folder=tmp_path)
    assert environ["WANDB_API_KEY"] == "theirs"
    assert environ["WANDB_ENTITY"] == "team"
    assert "WANDB_SWEEP_ID" not in environ
    assert "WANDB_CONFIG_DIR" not in environ


def test_runs_of_agents_know_where_the_user_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    theirs = {"SWEEPYARD_CODE": "/elsewhere"}
    environ = agent_environment(theirs, server=SERVER, folder=tmp_path / "f", output=Path("outputs"))
    assert environ["SWEEPYARD_CODE"] == str(tmp_path)
    assert environ["SWEEPYARD_OUTPUT"] == str(tmp_path / "outputs")


def test_the_stock_command_is_the_one_beside_this_interpreter(tmp_path: Path) -> None:
    environ = client_environment({}, server=SERVER, folder=tmp_path)
    assert wandb_command(environ)[0] == str(Path(sys.executable).parent / "wandb")
    assert wandb_command({"PATH": str(tmp_path)}) == [sys.executable, "-P", "-m", "wandb"]


class ManualClock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def monotonic_seconds(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def test_watching_looks_until_nobody_works_and_once_more() -> None:
    clock, shown = ManualClock(), []
    last = watch(
        lambda: clock.seconds < 105,
        lambda elapsed: progress_of([], objective=None, expected=1, elapsed_seconds=elapsed),
        shown.append,
        clock=clock,  # type: ignore[arg-type]
        every_seconds=2,
    )
    assert [progress.elapsed_seconds for progress in shown] == [0, 2, 4, 6]
    assert last is shown[-1]
