"""`sweepyard agent` on a real hub: places, counts, failures, leaving in every way, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from tests.parts.plain_runs import registered, runs_of

from sweepyard.agents.devices import has_gpu

pytestmark = pytest.mark.slow

TRAINED = """\
project: many
method: grid
metric: {name: epoch/val_loss, goal: minimize}
parameters: {seed.value: {values: [1]}}
command: [sweepyard, train, --parameters, "${args_json_file}", model=lenet5, data.train_limit=256,
  trainer.epochs=EPOCHS, tracking.mistakes=0, tracking.confusion_matrix=false, tracking.model_artifact=false]
"""


def the_run_of(commands, sweep: str) -> dict[str, Any]:
    """The only run of a sweep, with its history."""
    (run,) = runs_of(commands, sweep)
    shown: dict[str, Any] = json.loads(commands.run("runs", "show", f"many/{run['run']}", "--history", "--json").stdout)
    return shown


def epochs_of(shown: dict[str, Any]) -> list[int]:
    """Those in a run's history, in order."""
    return [row["epoch/epoch"] for row in shown["history"] if "epoch/epoch" in row]


def begun_on(commands, wait: Callable[..., None], text: str) -> tuple[str, subprocess.Popen[str]]:
    """A sweep by that file, and an agent whose run on it has a checkpoint."""
    (commands.folder / "trained.yaml").write_text(text)
    sweep = commands.register("trained.yaml")
    agent = commands.start("agent", sweep)
    wait(lambda: any(commands.folder.glob("outputs/many/*/checkpoints/*.npz")), seconds=180)
    return sweep, agent


def test_every_place_works_and_each_point_runs_once(commands) -> None:
    with commands.one_hub():
        sweep = registered(commands, 6)
        done = commands.run("agent", sweep, "--gpus", "MIG-1,7")
        assert done.returncode == 0, done.stderr
        assert has_gpu() or "warning: this host has no GPU; runs at --gpus MIG-1,7" in done.stderr
        runs = runs_of(commands, sweep)
        again = commands.run("agent", sweep)
        assert again.returncode == 1
        assert "a sweep must be pending or running to go on" in again.stderr
    assert sorted(run["config"]["x"] for run in runs) == list(range(6))
    assert {run["state"] for run in runs} == {"finished"}
    assert {run["config"]["place"]["device"] for run in runs} == {"MIG-1", "7"}
    each = max(1, len(os.sched_getaffinity(0)) // 2)
    assert {run["config"]["place"]["processors"] for run in runs} == {each}
    assert done.stdout.count("MIG-1: ") >= 3
    assert done.stdout.count(" finished (") == 6
    assert done.stdout.count("leaves, the sweep is over") == 2
    commands.assert_none_left()


def test_the_next_run_begins_while_one_uploads_but_not_on_its_device(commands) -> None:
    with commands.one_hub():
        for options, seen in (([], [2, 2]), (["--gpus", "0"], [1, 2])):
            sweep = registered(commands, 2, mode="upload")
            done = commands.run("agent", sweep, *options)
            assert done.returncode == 0, done.stderr
            assert done.stdout.count("leaves, the sweep is over") == 1
            runs = runs_of(commands, sweep)
            assert sorted(run["config"]["seen"] for run in runs) == seen
            assert {run["state"] for run in runs} == {"finished"}
            for mark in commands.folder.glob("began-*"):
                mark.unlink()
    commands.assert_none_left()


def test_it_starts_no_more_runs_than_asked_for(commands) -> None:
    with commands.one_hub():
        sweep = registered(commands, 4)
        done = commands.run("agent", sweep, "--gpus", "0", "--per-gpu", "2", "--count", "3")
        assert done.returncode == 0, done.stderr
        assert len(runs_of(commands, sweep)) == 3
    assert "0/1: leaves, enough runs" in done.stdout


def test_too_many_failures_end_it_with_their_last_words(commands) -> None:
    with commands.one_hub():
        sweep = registered(commands, 9, mode="fail")
        done = commands.run("agent", sweep)
        assert done.returncode == 1
        runs = runs_of(commands, sweep)
    assert "3 runs failed in the first 60 s" in done.stderr
    assert done.stdout.count("    this is why") == 3
    assert [run["state"] for run in runs] == ["failed"] * 3


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_ended_in_the_middle_it_leaves_no_process(commands, wait: Callable[..., None], number: signal.Signals) -> None:
    with commands.one_hub():
        sweep = registered(commands, 4, mode="wait")
        process = commands.start("agent", sweep, "--gpus", "0,1")
        wait(lambda: len(list(commands.folder.glob("began-*"))) == 2, seconds=120)
        process.send_signal(number)
        process.communicate(timeout=90)
    assert process.returncode == (-signal.SIGKILL if number is signal.SIGKILL else 75)
    commands.assert_none_left(within_seconds=60)


def test_a_cancelled_sweep_ends_its_runs_and_the_agent(commands, wait: Callable[..., None]) -> None:
    with commands.one_hub():
        sweep = registered(commands, 4, mode="wait")
        process = commands.start("agent", sweep)
        wait(lambda: any(commands.folder.glob("began-*")), seconds=120)
        commands.shell('wandb sweep --cancel "$SWEEP"', SWEEP=sweep)
        stdout, stderr = process.communicate(timeout=90)
        assert process.returncode == 0, stderr
        assert "leaves, the sweep is over" in stdout
        assert {run["state"] for run in runs_of(commands, sweep)} <= {"killed", "failed", "crashed"}


def test_a_preempted_run_goes_on_with_the_next_agent_on_another_host(commands, wait: Callable[..., None]) -> None:
    shared = TRAINED.replace("EPOCHS", f"30, trainer.checkpoint.folder={commands.folder}/shared")
    (commands.folder / "trained.yaml").write_text(shared)
    with commands.one_hub():
        sweep = commands.register("trained.yaml")
        first = commands.start("agent", sweep)
        wait(lambda: any(commands.folder.glob("shared/many/*/*.npz")), seconds=180)
        first.send_signal(signal.SIGTERM)
        stdout, stderr = first.communicate(timeout=90)
        assert first.returncode == 75, stderr
        assert "the runs save a checkpoint and go back to the queue" in stderr
        assert "preempted: it goes back to the queue" in stdout
        second = commands.run("agent", sweep, "--output", "of-another-host")
        assert second.returncode == 0, second.stderr
        shown = the_run_of(commands, sweep)
    assert shown["state"] == "finished"
    assert epochs_of(shown) == list(range(1, 31))
    commands.assert_none_left()


def test_a_killed_run_goes_on_under_the_same_agent_and_id(commands, wait: Callable[..., None]) -> None:
    with commands.one_hub():
        sweep, agent = begun_on(commands, wait, f"max_retries: 1\n{TRAINED.replace('EPOCHS', '30')}")
        (client,) = commands.living_with("train")
        client.kill()
        stdout, stderr = agent.communicate(timeout=180)
        assert agent.returncode == 0, stderr
        assert "SIGKILL" in stdout, stdout
        shown = the_run_of(commands, sweep)
    assert shown["state"] == "finished"
    assert epochs_of(shown) == list(range(1, 31))
    commands.assert_none_left()


def test_an_agent_whose_client_service_is_killed_starts_another_and_its_run_goes_on(
    commands, wait: Callable[..., None]
) -> None:
    with commands.one_hub():
        sweep, agent = begun_on(commands, wait, TRAINED.replace("EPOCHS", "30").replace("[1]", "[1, 2]"))
        services = [process for process in psutil.Process(agent.pid).children() if "core" in process.name()]
        (service,) = services
        service.kill()
        stdout, stderr = agent.communicate(timeout=180)
        assert agent.returncode == 0, stderr
        assert "preempted: it goes back to the queue" in stdout, stdout
        assert "Traceback" not in stderr
        runs = runs_of(commands, sweep)
    assert [run["state"] for run in runs] == ["finished", "finished"]
    commands.assert_none_left()


def test_a_run_whose_fork_server_is_killed_goes_on_cold_under_its_id(commands, wait: Callable[..., None]) -> None:
    with commands.one_hub():
        sweep, agent = begun_on(commands, wait, TRAINED.replace("EPOCHS", "60"))
        servers = commands.living_with("sweepyard.cli.forkserver")
        (server,) = [process for process in servers if process.ppid() == agent.pid]
        server.kill()
        stdout, stderr = agent.communicate(timeout=180)
        assert agent.returncode == 0, stderr
        assert " finished (" in stdout, stdout
        shown = the_run_of(commands, sweep)
    assert shown["state"] == "finished"
    assert shown["config"]["warm"] is False
    assert epochs_of(shown) == list(range(1, 61))
    commands.assert_none_left()


def test_told_to_finish_it_starts_no_more(commands, wait: Callable[..., None]) -> None:
    (commands.folder / "trained.yaml").write_text(TRAINED.replace("EPOCHS", "5").replace("[1]", "[1, 2]"))
    with commands.one_hub():
        sweep = commands.register("trained.yaml")
        process = commands.start("agent", sweep, "--on-stop", "finish")
        wait(lambda: any(commands.folder.glob("outputs/many/*/checkpoints")), seconds=180)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=120)
        assert process.returncode == 130, stderr
        assert "starting no more runs" in stderr
        assert stdout.count(" finished (") == 1
        assert len(runs_of(commands, sweep)) == 1
    commands.assert_none_left()


def test_processors_and_devices_are_checked_first(commands) -> None:
    done = commands.run("agent", "many/ab12cd34", "--cpus", "4000")
    assert done.returncode == 2
    assert "--cpus must be at most what this host has; received 4000" in done.stderr
    assert commands.run("agent", "many/ab12cd34", "--per-gpu", "2").returncode == 2
