"""Fleets without an engine: what is kept of one, how agents are told, and what Slurm is asked for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sweepyard import exitcodes
from sweepyard.agents.fleet.engine import Job, JobState, OnTaken
from sweepyard.agents.fleet.post import AgentProcess, Post, read_record
from sweepyard.agents.fleet.roll import Fleet, Standing, find_fleet, fleets_below, mark_cancelled
from sweepyard.agents.fleet.slurm import SlurmEngine, parameters
from sweepyard.agents.fleet.submitted import SubmittedAgent
from sweepyard.cli.door import enter
from sweepyard.config.fleets import FleetConfig, SlurmConfig
from sweepyard.errors import FleetError
from sweepyard.processes import spawn
from sweepyard.settings import SECRET_VARIABLES

# Says that it listens, then counts how often it is told, and leaves a little later.
LISTENER = """\
import signal, sys, time
told = []
signal.signal(signal.SIGTERM, lambda *_: told.append(1))
print("ready", flush=True)
while not told:
    time.sleep(0.01)
time.sleep(0.3)
sys.exit(75 if len(told) == 1 else 9)
"""


class Told:
    """An engine that says what it is made to say."""

    def __init__(self, *states: JobState) -> None:
        self._states = list(states)

    def submit(self, posts: Sequence[Post], folder: Path, on_taken: OnTaken) -> None:
        for post in posts:
            on_taken([str(post.number)])

    def states(self, jobs: Sequence[Job]) -> list[JobState]:
        return self._states

    def leave(self, jobs: Sequence[Job]) -> None:
        self._states = [JobState.GONE for _ in jobs]


def fleet_in(output: Path, identity: str = "x7c2m1pq", jobs: int = 1, at: str = "2026-01-01T00:00:00+00:00") -> Fleet:
    folder = output / "many" / "sweeps" / "ab12cd34" / "fleets" / identity
    config = FleetConfig(agents=jobs, fleet=SlurmConfig(gpus=1))
    names = tuple(f"7_{number}" for number in range(jobs))
    fleet = Fleet(folder=folder, sweep="local/many/ab12cd34", config=config, jobs=names, submitted_at=at)
    fleet.write()
    return fleet


def started(folder: Path, script: str = "pass") -> AgentProcess:
    folder.mkdir(parents=True, exist_ok=True)
    process = spawn([sys.executable, "-c", script], environ={}, stdout=subprocess.PIPE)
    assert process.stdout is not None
    if script is LISTENER:
        assert process.stdout.readline() == b"ready\n"
    process.stdout.close()
    return AgentProcess(folder, process)


def test_a_fleet_is_read_as_it_was_written(tmp_path: Path) -> None:
    later = fleet_in(tmp_path, "later000", at="2026-01-02T00:00:00+00:00")
    earlier = fleet_in(tmp_path, "zzzzzzzz")
    assert fleets_below(tmp_path) == ([earlier, later], [])
    assert find_fleet(tmp_path, "later000") == later
    with pytest.raises(FleetError, match="received 'nothing0'"):
        find_fleet(tmp_path, "nothing0")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"config": {"agents": 0}}', '{"jobs": [], "config": {}, "more": 1}'])
def test_a_damaged_fleet_hides_no_other(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace(fleet_in(tmp_path, "whole000"), over=True).write()
    broken = fleet_in(tmp_path, "broken00")
    file = broken.folder / "fleet.json"
    file.write_text(text)
    assert enter(["fleet", "status", "--output", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert "fleet whole000 on local/many/ab12cd34" in told.out
    assert f"error: a fleet's file must be as `sweepyard fleet` wrote it; {file} is damaged (" in told.err
    assert f"Where its agents have left, remove {broken.folder}" in told.err
    assert find_fleet(tmp_path, "whole000").over


def test_a_fleet_that_is_over_is_not_cancelled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace(fleet_in(tmp_path), over=True).write()
    assert enter(["fleet", "cancel", "x7c2m1pq", "--output", str(tmp_path)]) == 0
    assert "fleet x7c2m1pq is over already" in capsys.readouterr().out
    assert not find_fleet(tmp_path, "x7c2m1pq").cancelled


def test_a_folder_of_fleets_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert enter(["fleet", "status", "--output", str(tmp_path / "nowhere")]) == 2
    assert "'--output': it must be a folder that is there; received" in capsys.readouterr().err


def test_how_agents_are_follows_from_the_engine_and_from_their_own_records(tmp_path: Path) -> None:
    fleet = fleet_in(tmp_path, jobs=6)
    for number, script in enumerate(["pass", "raise SystemExit(75)", "raise SystemExit(3)"], start=1):
        started(fleet.agent_folder(number), script).wait()
    states = [JobState.GONE] * 4 + [JobState.PENDING, JobState.RUNNING]
    standings = [agent.standing for agent in fleet.standings(Told(*states))]
    ended = [Standing.FINISHED, Standing.LEFT, Standing.FAILED, Standing.LOST]
    assert standings == [*ended, Standing.PENDING, Standing.RUNNING]
    assert [standing.is_over for standing in standings] == [True] * 4 + [False] * 2


def test_an_agent_that_was_cancelled_before_it_began_was_not_lost(tmp_path: Path) -> None:
    fleet = mark_cancelled(fleet_in(tmp_path))
    assert find_fleet(tmp_path, fleet.id).cancelled
    assert [agent.standing for agent in fleet.standings(Told(JobState.GONE))] == [Standing.LEFT]


def test_of_a_fleet_that_is_over_nobody_asks_its_engine(tmp_path: Path) -> None:
    fleet = replace(fleet_in(tmp_path), over=True)
    started(fleet.agent_folder(1)).wait()
    assert [agent.standing for agent in fleet.standings(Told(JobState.RUNNING))] == [Standing.FINISHED]


def test_an_agent_is_told_to_leave_once_since_a_second_time_would_kill_its_runs(tmp_path: Path) -> None:
    process = started(tmp_path, LISTENER)
    process.leave()
    process.leave()
    assert process.wait() == exitcodes.PREEMPTED
    record = read_record(tmp_path)
    assert record is not None
    assert (record.exit_code, record.ended_at is None) == (exitcodes.PREEMPTED, False)


def test_an_agent_that_was_told_before_it_listened_has_left(tmp_path: Path) -> None:
    process = started(tmp_path, "import time; time.sleep(60)")
    process.leave()
    assert process.wait() == exitcodes.PREEMPTED


def test_a_signal_of_nobody_here_is_no_leave(tmp_path: Path) -> None:
    folder = tmp_path / "agent-1"
    folder.mkdir()
    inner = spawn([sys.executable, "-c", "import time; time.sleep(60)"], environ={})
    process = AgentProcess(folder, inner)
    inner.send_signal(signal.SIGTERM)
    assert process.wait() == -signal.SIGTERM


def test_before_it_began_nothing_is_known(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None


def test_a_key_that_a_host_cannot_read_is_told_with_what_to_do(tmp_path: Path) -> None:
    post = Post(number=1, folder=tmp_path, working_folder=tmp_path, arguments=("a/b/ab12cd34",), login=tmp_path / "key")
    with pytest.raises(FleetError, match=r"key: No such file or directory.*fleet.login=host"):
        post.start()
    with pytest.raises(FleetError):
        SubmittedAgent(post)()


def test_an_agent_that_was_to_have_devices_and_got_none_takes_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    post = Post(number=1, folder=tmp_path, working_folder=tmp_path, arguments=(), takes_devices=True)
    with pytest.raises(FleetError, match="must find them in CUDA_VISIBLE_DEVICES"):
        post.start()


def test_slurm_is_asked_for_what_the_config_says() -> None:
    config = SlurmConfig(gpus=2, cpus=4, minutes=30, notice_seconds=45, memory_gb=1.5, partition="gpu", at_once=3)
    asked = parameters(config)
    assert {name: asked[name] for name in ("time", "cpus_per_task", "gpus_per_node", "mem", "partition")} == {
        "time": 30,
        "cpus_per_task": 4,
        "gpus_per_node": 2,
        "mem": "1536MB",
        "partition": "gpu",
    }
    assert asked["array_parallelism"] == 3
    assert asked["additional_parameters"] == {"signal": "B:USR2@45", "requeue": True}
    assert not {"gres", "account", "qos", "constraint"} & set(asked)
    assert parameters(SlurmConfig(gres="gpu:a100:1"))["gres"] == "gpu:a100:1"


def test_without_slurm_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FleetError, match="there is no `sbatch` on the PATH"):
        SlurmEngine(SlurmConfig()).submit([], tmp_path, print)
    with pytest.raises(FleetError, match="there is no `squeue` on the PATH"):
        SlurmEngine(SlurmConfig()).states([])


def test_what_sbatch_refuses_is_told_and_it_sees_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sbatch", "srun"):
        (tmp_path / name).write_text("#!/bin/sh\n(env | grep kkkk || echo invalid partition) >&2; exit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    for variable in SECRET_VARIABLES:
        monkeypatch.setenv(variable, f"postgresql://ann:{'k' * 40}@host/name")
    post = Post(number=1, folder=tmp_path, working_folder=tmp_path, arguments=())
    with pytest.raises(FleetError, match=r"sbatch says: .*invalid partition"):
        SlurmEngine(SlurmConfig()).submit([post, post], tmp_path, print)
    assert os.environ["WANDB_API_KEY"] == "k" * 40


@pytest.mark.parametrize(
    ("script", "told"),
    [("echo 7_0 RUNNING; echo 7_1 PENDING; echo 9 RUNNING", "running pending gone"), ("exit 1", "")],
)
def test_what_squeue_says_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str) -> None:
    squeue = tmp_path / "squeue"
    squeue.write_text(f"#!/bin/sh\necho broken >&2\n{script}\n")
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    jobs = [Job(f"7_{number}", tmp_path) for number in range(3)]
    if told:
        assert " ".join(SlurmEngine(SlurmConfig()).states(jobs)) == told
    else:
        with pytest.raises(FleetError, match="says: broken"):
            SlurmEngine(SlurmConfig()).states(jobs)


def test_what_is_kept_of_a_fleet_holds_no_key(tmp_path: Path) -> None:
    fleet = fleet_in(tmp_path)
    kept = json.loads((fleet.folder / "fleet.json").read_text())
    assert set(kept) == {"sweep", "config", "submitted_at", "jobs", "cancelled", "over"}
