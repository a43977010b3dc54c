"""`sweepyard fleet` on a real Ray cluster of this host."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.parts.authority import Authority, make_authority
from tests.parts.fleet import agents_of, assert_each_point_ran_once, hub_for_other_hosts
from tests.parts.plain_runs import registered
from tests.parts.ray_cluster import ENVIRON, RayCluster

pytestmark = [pytest.mark.slow, pytest.mark.system]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def cluster(authority: Authority) -> Iterator[RayCluster]:
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:
        cluster = RayCluster(Path(folder), authority.trust())
        yield cluster
        cluster.stop()


@pytest.fixture
def on_ray(commands: Any, cluster: RayCluster) -> Any:
    commands.environ.update(ENVIRON)
    return commands


def test_actors_do_each_point_once_and_end_with_their_agents(
    on_ray: Any, cluster: RayCluster, authority: Authority
) -> None:
    with hub_for_other_hosts(on_ray, authority):
        sweep = registered(on_ray, 4)
        done = on_ray.run("fleet", sweep, "fleet=ray", "agents=2", f"fleet.address={cluster.address}")
        assert done.returncode == 0, done.stdout + done.stderr
        assert_each_point_ran_once(on_ray, sweep, 4)
    assert not list(on_ray.folder.rglob("fleets/*/key")), "it goes with the last agent"


def test_cancelled_actors_leave_and_those_that_wait_never_begin(
    on_ray: Any, cluster: RayCluster, authority: Authority, wait: Callable[..., None]
) -> None:
    with hub_for_other_hosts(on_ray, authority):
        sweep = registered(on_ray, 3, mode="wait")
        engine = ("fleet=ray", f"fleet.address={cluster.address}", "fleet.cpus=2")
        done = on_ray.run("fleet", sweep, *engine, "agents=2", "--detach", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        (fleet,) = json.loads(done.stdout)
        wait(lambda: any(on_ray.folder.glob("began-*")), seconds=120)
        assert sorted(agent["state"] for agent in agents_of(on_ray, fleet["fleet"])) == ["pending", "running"]
        cancelled = on_ray.run("fleet", "cancel", fleet["fleet"])
        assert cancelled.returncode == 0, cancelled.stderr
        wait(lambda: {agent["state"] for agent in agents_of(on_ray, fleet["fleet"])} == {"left"}, seconds=90)


def test_without_a_cluster_it_says_what_to_do(on_ray: Any, authority: Authority) -> None:
    with hub_for_other_hosts(on_ray, authority):
        sweep = registered(on_ray, 1)
        done = on_ray.run("fleet", sweep, "fleet=ray", "fleet.address=127.0.0.1:9")
    assert done.returncode == 1
    assert "fleet=ray needs a Ray cluster that runs; received fleet.address=127.0.0.1:9" in done.stderr
    assert not list(on_ray.folder.rglob("fleets/*"))
