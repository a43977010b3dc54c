"""One agent as its server knows it: registered on a sweep, then asking again and again what to do.

It speaks W&B's agent protocol with the calls that the client's own agent makes, so any W&B server understands it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import wandb
from wandb.apis.public import Api
from wandb.apis.public.service_api import ServiceApi
from wandb.apis.public.sweeps import _agent_heartbeat, _register_agent
from wandb.sdk.lib.service.service_connection import WandbApiFailedError
from wandb.sdk.sweeps import SweepNotFoundError

from sweepyard.agents.service import SharedService
from sweepyard.domain.agent import AGENT_HEADER, Command, CommandKind
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import NotTracked, TrackingError
from sweepyard.tracking.reader import Reader


@dataclass(frozen=True, slots=True)
class _Client:
    """As much of the client's public API as its agent's calls use."""

    settings: Mapping[str, str]
    _service_api: ServiceApi


class AgentLine:
    """The line of one agent to the server of its sweep."""

    def __init__(self, reader: Reader, sweep: SweepPath, *, host: str, token: str, service: SharedService) -> None:
        """Register an agent.

        Args:
            reader: Logged in to the server.
            host: Where the agent is, for people who look.
            token: Sent along in each request, as the agent's runs do; see `agents.environment.with_token`.
            service: Of the client; requests go through it.

        Raises:
            TrackingError: The server is away, or has no such sweep.
        """
        self._sweep = sweep
        settings = reader.api._service_api._settings.model_copy()
        settings.x_extra_http_headers = {**(settings.x_extra_http_headers or {}), AGENT_HEADER: token}
        self._settings = settings
        self._service = service
        self._connect()
        try:
            self._agent_id = str(_register_agent(self._client, host, sweep_id=sweep.sweep_id)["id"])
        except (wandb.Error, WandbApiFailedError, ValueError, TimeoutError) as error:
            raise TrackingError(f"{reader.url} must take an agent of {sweep}; the W&B client says: {error}") from error

    def ask(self, running: Iterable[str]) -> list[Command]:
        """Say which runs are at work here, and hear what to do; nothing where the server is away for now.

        Raises:
            NotTracked: The sweep, or the agent, is gone from the server.
        """
        if self._service.connection() is not self._connection:
            self._connect()
        try:
            answer = _agent_heartbeat(self._client, self._agent_id, {}, dict.fromkeys(running, True))
        except SweepNotFoundError as error:
            raise NotTracked(f"the server has the sweep {self._sweep}, or this agent of it, no more") from error
        return [_command(said) for said in answer]

    def _connect(self) -> None:
        """Speak through the service that there is now; a `ServiceApi` stays with the one that it has met."""
        self._connection = self._service.connection()
        client = _Client({"entity": self._sweep.entity, "project": self._sweep.project}, ServiceApi(self._settings))
        self._client = cast(Api, client)


def _command(said: Mapping[str, Any]) -> Command:
    return Command(
        kind=CommandKind(said["type"]),
        run_id=str(said.get("run_id") or ""),
        program=str(said.get("program") or ""),
        parameters={name: given["value"] for name, given in (said.get("args") or {}).items()},
    )
