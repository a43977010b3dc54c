"""Fleets: a sweep's agents on an engine, from their submission to their end."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sweepyard.clock import SystemClock
from sweepyard.errors import FleetError, InvalidInput, Violation
from sweepyard.files import make_folder, write_atomically
from sweepyard.settings import Settings
from sweepyard.signals import held
from sweepyard.wiring.joining import open_target

if TYPE_CHECKING:
    from sweepyard.agents.fleet.engine import Engine
    from sweepyard.agents.fleet.post import Post
    from sweepyard.agents.fleet.roll import AgentStanding, Fleet
    from sweepyard.config.fleets import EngineConfig, LocalConfig
    from sweepyard.services.check import Target
    from sweepyard.tracking.reader import Reader

_OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRequest:
    """What `sweepyard fleet` was asked for.

    Attributes:
        sweep: entity/project/id or project/id.
        overrides: Of `conf/fleet.yaml`.
        config_folder: The user's own `conf/`.
        working_folder: Where agents and runs start, on every host.
    """

    sweep: str
    overrides: Sequence[str]
    config_folder: Path | None
    working_folder: Path


def submit_fleet(request: FleetRequest, settings: Settings, *, target: Target) -> Fleet:
    """Have an engine start the agents; they go on by themselves.

    Raises:
        ConfigInvalid: The config breaks rules; all of them are named.
        InvalidInput: Agents on other hosts could not reach the server, or this one has too few devices.
        FleetError: The engine is not there, or refuses.
        HubError, TrackingError: The server is away or refuses, there is no such sweep, or it hands out nothing.
    """
    from sweepyard.agents.fleet.roll import Fleet
    from sweepyard.agents.sweeping import require_open, sweep_folder
    from sweepyard.config.compose import compose_fleet
    from sweepyard.config.fleets import ClusterConfig
    from sweepyard.ids import RandomIds
    from sweepyard.tracking.reader import Reader

    config = compose_fleet(request.overrides, config_folder=request.config_folder)
    output = request.working_folder / Path(config.output).expanduser()
    with open_target(target, settings) as server:
        reader = Reader(server)
        if isinstance(config.fleet, ClusterConfig):
            _require_reachable(reader.url)
        record = reader.sweep(request.sweep)
        require_open(record)
        path = record.path
        fleet = Fleet(
            folder=sweep_folder(output, path.project, path.sweep_id) / "fleets" / RandomIds().short(),
            sweep=str(path),
            config=config,
            submitted_at=SystemClock().now().isoformat(timespec="milliseconds"),
        )
        with held(signal.SIGTERM), _new_folder(fleet.folder):
            posts = list(_posts(fleet, request, output, target, reader))
            fleet = _submitted(fleet, _engine(config.fleet), posts)
    return fleet


def look_at_fleet(fleet: Fleet) -> list[AgentStanding]:
    """How each agent is; when the last one has left, the key that they needed is removed.

    Raises:
        FleetError: The engine does not answer.
    """
    standings = fleet.standings(_engine(fleet.config.fleet))
    if not fleet.over and all(agent.standing.is_over for agent in standings):
        fleet.login.unlink(missing_ok=True)
        replace(fleet, over=True).write()
    return standings


def cancel_fleet(fleet: Fleet) -> None:
    """Have the agents' runs save what they have and go back to the sweep's queue, and the agents leave.

    Raises:
        FleetError: The engine does not answer.
    """
    from sweepyard.agents.fleet.roll import mark_cancelled

    mark_cancelled(fleet)
    _engine(fleet.config.fleet).leave(fleet.as_jobs())


def _submitted(fleet: Fleet, engine: Engine, posts: Sequence[Post]) -> Fleet:
    """The fleet with its agents, each noted as soon as there is one: whatever ends this process, it is known."""

    def keep(jobs: Sequence[str]) -> None:
        nonlocal fleet
        fleet = replace(fleet, jobs=(*fleet.jobs, *jobs))
        fleet.write()

    engine.submit(posts, fleet.folder, keep)
    return fleet


def _engine(config: EngineConfig) -> Engine:
    from sweepyard.config.fleets import RayConfig, SlurmConfig

    if isinstance(config, SlurmConfig):
        from sweepyard.agents.fleet.slurm import SlurmEngine

        return SlurmEngine(config)
    if isinstance(config, RayConfig):
        from sweepyard.agents.fleet.ray import RayEngine

        return RayEngine(config)
    from sweepyard.agents.fleet.local import LocalEngine

    return LocalEngine()


def _posts(fleet: Fleet, request: FleetRequest, output: Path, target: Target, reader: Reader) -> Iterator[Post]:
    """What each agent's host has to know; writes the key for those that need one."""
    from sweepyard.agents.fleet.post import Post
    from sweepyard.config.fleets import ClusterConfig, LocalConfig

    config, engine = fleet.config, fleet.config.fleet
    arguments = [fleet.sweep, "--unless-over", "--output", str(output)]
    arguments += ["--per-gpu", str(config.per_gpu)] if config.per_gpu > 1 else []
    posts = [
        Post(
            number=number,
            folder=fleet.agent_folder(number),
            working_folder=request.working_folder,
            arguments=(*arguments, "--target", target),
        )
        for number in range(1, config.agents + 1)
    ]
    if isinstance(engine, LocalConfig):
        yield from _on_this_host(posts, engine)
    elif isinstance(engine, ClusterConfig):
        if engine.login == "file":
            write_atomically(fleet.login, _key_of(reader).encode(), mode=_OWNER_ONLY)
        for post in posts:
            yield replace(
                post,
                arguments=(*arguments, "--target", "wandb"),
                environ={"WANDB_BASE_URL": reader.url},
                login=fleet.login if engine.login == "file" else None,
                takes_devices=engine.gives_devices,
            )


def _on_this_host(posts: Sequence[Post], engine: LocalConfig) -> Iterator[Post]:
    """The same, each with its share of the host."""
    devices = _shared_devices(len(posts), engine.gpus)
    for index, (post, processors) in enumerate(zip(posts, _shared_processors(len(posts), engine.cpus), strict=True)):
        own = ",".join(devices[index * engine.gpus : (index + 1) * engine.gpus])
        yield replace(post, arguments=(*post.arguments, *(["--gpus", own] if own else [])), processors=processors)


def _key_of(reader: Reader) -> str:
    key = reader.api.api_key
    if not isinstance(key, str):
        raise FleetError(
            f"fleet.login=file needs an API key of {reader.url}; this login has none (it goes by a token). Use "
            "fleet.login=host, with a login on each host"
        )
    return key


def _shared_processors(agents: int, each: int | None) -> Iterator[tuple[int, ...]]:
    from sweepyard.agents.devices import share_of

    processors = sorted(os.sched_getaffinity(0))
    if each is not None and each > len(processors):
        rule, hint = "an agent can have as many processors as this host", f"It has {len(processors)}"
        raise InvalidInput([Violation(rule, str(each), hint, "fleet.cpus")])
    for index in range(agents):
        yield share_of(processors, index, each or max(1, len(processors) // agents))


def _shared_devices(agents: int, each: int) -> list[str]:
    from sweepyard.agents.devices import devices_of

    devices = devices_of("all", os.environ) if each else []
    if agents * each > len(devices):
        rule = f"{agents} agents with {each} GPUs each need {agents * each} GPUs"
        raise InvalidInput([Violation(rule, f"this host has {len(devices)}", "Ask for fewer", "fleet.gpus")])
    return devices


def _require_reachable(url: str) -> None:
    """See to it that other hosts can reach a server."""
    from sweepyard.tracking.probe import is_loopback

    if is_loopback(url):
        rule = "agents on other hosts must be able to reach the server; one on loopback is for this host alone"
        hint = (
            "Serve the hub to them (`sweepyard hub serve --host 0.0.0.0 --tls-cert ... --tls-key ... --public-url "
            "https://NAME:PORT`), take --target wandb with wandb.ai or a server of yours, or stay here with fleet=local"
        )
        raise InvalidInput([Violation(rule, url, hint)])


@contextmanager
def _new_folder(folder: Path) -> Iterator[None]:
    """The fleet's folder; nothing is left of it where no agent can be submitted."""
    from sweepyard.agents.fleet.roll import is_kept

    make_folder(folder, "output")
    try:
        yield
    except BaseException:
        if not is_kept(folder):
            shutil.rmtree(folder)
        raise
