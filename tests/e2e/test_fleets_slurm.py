"""`sweepyard fleet` on a real Slurm cluster of one node, with made-up GPUs."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.parts.authority import Authority, make_authority
from tests.parts.fleet import agents_of, assert_each_point_ran_once, files_with, hub_for_other_hosts
from tests.parts.plain_runs import registered
from tests.parts.slurm import SlurmCluster, missing_programs

pytestmark = [pytest.mark.slow, pytest.mark.system]

EPOCHS = 12
TRAINED = f"""\
project: many
method: grid
metric: {{name: epoch/val_loss, goal: minimize}}
parameters: {{seed.value: {{values: [1]}}}}
command: [sweepyard, train, --parameters, "${{args_json_file}}", model=lenet5, data.train_limit=512,
  trainer.epochs={EPOCHS}, seed.deterministic=true, trainer.threads=1,
  tracking.mistakes=0, tracking.confusion_matrix=false, tracking.model_artifact=false]
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[SlurmCluster]:
    if missing_programs() or os.geteuid() != 0:
        pytest.skip("needs Slurm's programs, and root to run them as their own users: make system-parts")
    # Not below pytest's own folder, which nobody but its owner may enter.
    with tempfile.TemporaryDirectory(prefix="sweepyard-slurm-") as folder:
        cluster = SlurmCluster(Path(folder))
        yield cluster
        cluster.stop()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def on_slurm(commands: Any, cluster: SlurmCluster) -> Any:
    commands.environ.update(cluster.environ)
    return commands


def newest_checkpoint(folder: Path) -> str:
    return max((path.name for path in folder.glob("outputs/many/*/checkpoints/*.npz")), default="")


def test_an_array_of_agents_does_each_point_once_on_devices_of_its_own_and_the_key_stays_unseen(
    on_slurm: Any, cluster: SlurmCluster, authority: Authority, wait: Callable[..., None]
) -> None:
    with hub_for_other_hosts(on_slurm, authority) as hub:
        sweep = registered(on_slurm, 6)
        # The login of somebody with their own server: its key stands in the environment of the command.
        login = {"WANDB_BASE_URL": hub.url, "WANDB_API_KEY": hub.key}
        process = on_slurm.start(
            "fleet", sweep, "--target", "wandb", "fleet=slurm", "agents=2", "fleet.gpus=1", "fleet.memory_gb=1", **login
        )
        wait(lambda: any(on_slurm.folder.rglob("agent.json")), seconds=120)
        (key,) = on_slurm.folder.rglob("fleets/*/key")
        assert key.stat().st_mode & 0o777 == 0o600
        assert key.read_text() == hub.key
        assert files_with(hub.key, on_slurm.folder, cluster.folder) == []
        assert hub.key.encode() not in b"".join(path.read_bytes() for path in cluster.folder.rglob("environment"))
        stdout, stderr = process.communicate(timeout=200)
        assert process.returncode == 0, stdout + stderr
        runs = assert_each_point_ran_once(on_slurm, sweep, 6)
    assert {run["config"]["place"]["device"] for run in runs} == {"0", "1"}
    assert not key.exists(), "it goes with the last agent"
    on_slurm.assert_none_left()


def test_what_a_time_limit_or_a_requeue_meets_goes_on_and_ends_with_the_same_weights(
    on_slurm: Any, cluster: SlurmCluster, authority: Authority, wait: Callable[..., None]
) -> None:
    (on_slurm.folder / "trained.yaml").write_text(TRAINED)
    with hub_for_other_hosts(on_slurm, authority):
        sweep = on_slurm.register("trained.yaml")
        process = on_slurm.start("fleet", sweep, "fleet=slurm", "agents=1", "fleet.memory_gb=2", "fleet.minutes=10")
        wait(lambda: any(on_slurm.folder.glob("outputs/many/*/checkpoints/*.npz")), seconds=120)
        job = cluster.run("squeue", "--noheader", "--format=%i").strip()
        (script,) = on_slurm.folder.rglob("*_submission.sh")
        assert "--signal=B:USR2@90\n" in script.read_text()
        (log,) = on_slurm.folder.rglob("agent.log")
        # What Slurm does 90 s before the limit.
        cluster.run("scancel", "--batch", "--signal=USR2", job)
        wait(lambda: log.read_text().count(" began, ") == 2, seconds=120)
        at = newest_checkpoint(on_slurm.folder)
        wait(lambda: newest_checkpoint(on_slurm.folder) > at, seconds=120)
        # What an administrator does: SIGTERM to every process, the client's service among them.
        cluster.run("scontrol", "requeue", job)
        stdout, stderr = process.communicate(timeout=200)
        assert process.returncode == 0, stdout + stderr
        assert "agent 1: pending again" in stdout
        assert log.read_text().count("preempted: it goes back to the queue") == 2
        (run,) = json.loads(on_slurm.run("runs", "list", "--project", "many", "--json").stdout)
        shown = json.loads(on_slurm.run("runs", "show", f"many/{run['run']}", "--history", "--json").stdout)
        whole = on_slurm.run("reproduce", f"many/{run['run']}", "--json")
        assert whole.returncode == 0, whole.stdout + whole.stderr
    assert json.loads(whole.stdout)["agrees"]
    assert [row["epoch/epoch"] for row in shown["history"] if "epoch/epoch" in row] == list(range(1, EPOCHS + 1))


def test_cancelled_agents_leave_and_those_that_wait_never_begin(
    on_slurm: Any, cluster: SlurmCluster, authority: Authority, wait: Callable[..., None]
) -> None:
    with hub_for_other_hosts(on_slurm, authority):
        sweep = registered(on_slurm, 3, mode="wait")
        done = on_slurm.run(
            "fleet", sweep, "fleet=slurm", "agents=2", "fleet.at_once=1", "fleet.memory_gb=1", "--detach", "--json"
        )
        assert done.returncode == 0, done.stderr
        (fleet,) = json.loads(done.stdout)
        wait(lambda: any(on_slurm.folder.glob("began-*")), seconds=120)
        assert [agent["state"] for agent in agents_of(on_slurm, fleet["fleet"])] == ["running", "pending"]
        cancelled = on_slurm.run("fleet", "cancel", fleet["fleet"])
        assert cancelled.returncode == 0, cancelled.stderr
        wait(lambda: cluster.run("squeue", "--noheader") == "", seconds=90)
        agents = agents_of(on_slurm, fleet["fleet"])
    assert [(agent["state"], agent["exit_code"]) for agent in agents] == [("left", 75), ("left", None)]
    on_slurm.assert_none_left()
