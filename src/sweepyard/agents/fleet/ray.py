"""Fleets on a Ray cluster that runs already: one detached actor an agent."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sweepyard.agents.fleet.engine import Job, JobState, OnTaken
from sweepyard.agents.fleet.post import Post
from sweepyard.config.fleets import RayConfig
from sweepyard.errors import FleetError

_NAMESPACE = "sweepyard"
_ANSWER_SECONDS = 5.0
_CLIENT_PORT = 10001  # Ray's own default for `ray://HOST`


class AgentActor:
    """An agent in one of Ray's processes: it begins with the actor, and the actor ends with it."""

    def __init__(self, post: Post) -> None:
        self._process = post.start()
        threading.Thread(target=self._end_with_agent, name="agent-watch", daemon=True).start()

    def is_at_work(self) -> bool:
        """True: only an actor that has begun answers."""
        return True

    def leave(self) -> None:
        """Have the agent's runs save what they have, and the agent leave."""
        self._process.leave()

    def _end_with_agent(self) -> None:
        import ray

        self._process.wait()
        # Restarts are for hosts that are lost.
        ray.kill(ray.get_runtime_context().current_actor, no_restart=True)


class RayEngine:
    """Detached actors, found again by their names."""

    def __init__(self, config: RayConfig) -> None:
        self._config = config

    def submit(self, posts: Sequence[Post], folder: Path, on_taken: OnTaken) -> None:
        ray = self._connected()
        actor = ray.remote(AgentActor)
        for post in posts:
            name = f"{folder.name}-{post.number}"
            actor.options(
                name=name,
                lifetime="detached",
                num_cpus=self._config.cpus,
                num_gpus=self._config.gpus,
                max_restarts=self._config.restarts,
            ).remote(post)
            on_taken([name])

    def states(self, jobs: Sequence[Job]) -> list[JobState]:
        ray = self._connected()
        asked = {name: actor.is_at_work.remote() for name, actor in self._actors(jobs).items()}
        answered, _ = (
            ray.wait(list(asked.values()), num_returns=len(asked), timeout=_ANSWER_SECONDS) if asked else ([], [])
        )
        return [
            JobState.GONE
            if job.id not in asked
            else (JobState.RUNNING if asked[job.id] in answered else JobState.PENDING)
            for job in jobs
        ]

    def leave(self, jobs: Sequence[Job]) -> None:
        ray = self._connected()
        actors = self._actors(jobs)
        for job, state in zip(jobs, self.states(jobs), strict=True):
            if state is JobState.PENDING:
                ray.kill(actors[job.id], no_restart=True)
            elif state is JobState.RUNNING:
                ray.wait([actors[job.id].leave.remote()], timeout=_ANSWER_SECONDS)

    def _actors(self, jobs: Sequence[Job]) -> dict[str, Any]:
        """The actors that there are, by the names of their jobs."""
        ray = self._connected()
        living = set(ray.util.list_named_actors())
        return {job.id: ray.get_actor(job.id) for job in jobs if job.id in living}

    def _connected(self) -> Any:
        """Ray, connected to the cluster."""
        try:
            import ray
        except ModuleNotFoundError as error:
            raise FleetError("fleet=ray needs Ray: install Sweepyard with the extra `ray`") from error
        if not ray.is_initialized():
            address = self._config.address
            try:
                _try_out(address)
                ray.init(address, namespace=_NAMESPACE, log_to_driver=False, logging_level=logging.ERROR)
            except (OSError, RuntimeError, ValueError) as error:
                raise FleetError(
                    f"fleet=ray needs a Ray cluster that runs; received fleet.address={address} ({error}). Start one "
                    "(`ray start --head`) or name its address"
                ) from error
        return ray


def _try_out(address: str) -> None:
    """Connect to an address once: Ray would try for minutes.

    Raises:
        OSError: Nobody answers there.
        ValueError: It is no address.
    """
    if address != "auto":
        parts = urlsplit(address if "://" in address else f"//{address}")
        socket.create_connection((parts.hostname or "", parts.port or _CLIENT_PORT), _ANSWER_SECONDS).close()
