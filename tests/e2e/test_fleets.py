"""`sweepyard fleet` on this host: agents that outlive the command, leave when told, and do each point once."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.parts.fleet import agents_of, assert_each_point_ran_once
from tests.parts.plain_runs import registered, runs_of

pytestmark = pytest.mark.slow


def test_two_agents_do_each_point_once_and_tell_it_as_json(commands) -> None:
    with commands.one_hub():
        sweep = registered(commands, 4)
        done = commands.run("fleet", sweep, "fleet=local", "agents=2", "--json")
        assert done.returncode == 0, done.stderr
        assert_each_point_ran_once(commands, sweep, 4)
        late = commands.run("fleet", sweep)
        assert late.returncode == 1
        assert "a sweep must be pending or running to go on" in late.stderr
    (fleet,) = json.loads(done.stdout)
    assert [(agent["agent"], agent["state"], agent["exit_code"]) for agent in fleet["agents"]] == [
        (1, "finished", 0),
        (2, "finished", 0),
    ]
    assert "agent 2: finished on " in done.stderr
    for agent in fleet["agents"]:
        assert "agent on " in Path(agent["log"]).read_text()
    commands.assert_none_left()


def test_ctrl_c_leaves_the_agents_at_work_until_they_are_cancelled(commands, wait: Callable[..., None]) -> None:
    with commands.one_hub():
        sweep = registered(commands, 4, mode="wait")
        process = commands.start("fleet", sweep, "agents=2")
        wait(lambda: len(list(commands.folder.glob("began-*"))) == 2, seconds=120)
        # As a terminal does: to every process of the group.
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "the fleet goes on" in stderr
        fleet = stdout.split()[1]
        assert f"fleet cancel {fleet}" in stderr
        assert [agent["state"] for agent in agents_of(commands, fleet)] == ["running", "running"]
        cancelled = commands.run("fleet", "cancel", fleet)
        assert cancelled.returncode == 0, cancelled.stderr
        wait(lambda: all(agent["state"] == "left" for agent in agents_of(commands, fleet)), seconds=90)
        assert "x" in runs_of(commands, sweep)[0]["config"]
        table = commands.run("fleet", "status")
        assert f"fleet {fleet} on {sweep}: 2 agents, local" in table.stdout
    commands.assert_none_left(within_seconds=60)


def test_a_fleet_that_is_ended_while_it_is_submitted_is_known_with_all_of_its_agents(
    commands, wait: Callable[..., None]
) -> None:
    with commands.one_hub():
        sweep = registered(commands, 1, mode="wait")
        process = commands.start("fleet", sweep, "agents=4")
        while not list(commands.folder.glob("outputs/*/sweeps/*/fleets/*/jobs")):
            assert process.poll() is None
            time.sleep(0.001)
        process.terminate()
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGTERM
        (fleet,) = json.loads(commands.run("fleet", "status", "--json").stdout)
        assert len(fleet["agents"]) == 4
        # One that has not begun to listen cannot be told to leave.
        wait(lambda: all(agent["host"] for agent in agents_of(commands, fleet["fleet"])), seconds=90)
        commands.run("fleet", "cancel", fleet["fleet"])
        wait(lambda: all(agent["state"] == "left" for agent in agents_of(commands, fleet["fleet"])), seconds=90)
    commands.assert_none_left(within_seconds=60)


def test_a_hub_on_loopback_is_for_this_host_alone(commands) -> None:
    with commands.one_hub():
        sweep = registered(commands, 1)
        for engine in ("slurm", "ray"):
            done = commands.run("fleet", sweep, f"fleet={engine}")
            assert done.returncode == 1
            assert "agents on other hosts must be able to reach the server" in done.stderr
            assert "received http://127.0.0.1:" in done.stderr
            assert "sweepyard hub serve --host" in done.stderr
    assert not list(commands.folder.rglob("fleets/*"))


def test_everything_wrong_with_the_config_is_told_before_anything_starts(commands) -> None:
    done = commands.run("fleet", "many/ab12cd34", "fleet=slurmm", "agents=0")
    assert done.returncode == 1
    assert done.stderr.count("error: ") == 2
    assert "Did you mean `slurm`?" in done.stderr
    assert not commands.home.exists()


def test_more_of_this_host_than_there_is_is_refused(commands) -> None:
    with commands.one_hub():
        sweep = registered(commands, 1)
        done = commands.run("fleet", sweep, "fleet.cpus=4000")
        assert done.returncode == 1
        assert "fleet.cpus: an agent can have as many processors as this host; received 4000" in done.stderr
    assert not list(commands.folder.rglob("fleets/*"))


def test_a_fleet_that_is_not_there(commands) -> None:
    assert "there is no fleet below" in commands.run("fleet", "status").stdout
    for command in ("status", "cancel"):
        done = commands.run("fleet", command, "x7c2m1pq")
        assert done.returncode == 1
        assert "received 'x7c2m1pq'" in done.stderr
