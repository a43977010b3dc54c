"""An agent: a process that asks for the next run and starts it; and the commands that answer it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from sweepyard.jsonvalue import JsonObject

# The HTTP header in which an agent's processes say whose they are.
AGENT_HEADER = "x-sweepyard-agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An agent as stored.

    Attributes:
        running: Ids of the runs that its last heartbeat named.
        token: What its processes say in each request, where whoever started it saw to that; empty otherwise.
        failures: How many of its runs failed or crashed since the last one on its host that finished.
        put_aside: Whether it was sent away because runs kept failing on its host.
    """

    agent_id: str
    sweep_id: str
    entity: str
    project: str
    host: str
    created_at: datetime
    heartbeat_at: datetime
    running: tuple[str, ...] = ()
    left: bool = False
    token: str = ""
    failures: int = 0
    put_aside: bool = False


class CommandKind(Enum):
    """What the hub may tell an agent; the values are the wire's."""

    RUN = "run"
    RESUME = "resume"
    STOP = "stop"
    EXIT = "exit"


@dataclass(frozen=True, slots=True)
class Command:
    """One answer to a heartbeat.

    Attributes:
        run_id: The run concerned; empty for EXIT.
        program: The sweep's program; empty where the sweep's command does without.
        parameters: The swept keys and their values, plainly nested; only for RUN and RESUME.
    """

    kind: CommandKind
    run_id: str = ""
    program: str = ""
    parameters: JsonObject = field(default_factory=dict)
