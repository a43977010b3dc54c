"""A fleet's folder: who belongs to it, and how each of them is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from sweepyard import exitcodes
from sweepyard.agents.fleet.engine import Engine, Job, JobState
from sweepyard.agents.fleet.post import AgentRecord, read_record
from sweepyard.config.fleets import FleetConfig, build_fleet
from sweepyard.errors import ConfigInvalid, FleetError
from sweepyard.files import write_atomically
from sweepyard.jsonvalue import loads_object

_FOLDERS = "*/sweeps/*/fleets"
_FILE = "fleet.json"


class Standing(StrEnum):
    """How an agent is."""

    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    LEFT = "left"
    FAILED = "failed"
    LOST = "lost"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self not in {Standing.PENDING, Standing.RUNNING}


@dataclass(frozen=True, slots=True)
class AgentStanding:
    """How one agent of a fleet is.

    Attributes:
        job: What its engine calls it.
        record: What is known of it from its own side; None before it began.
    """

    number: int
    job: str
    standing: Standing
    record: AgentRecord | None
    log: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Agents that were submitted together.

    Attributes:
        folder: Its own; the last part is its id.
        sweep: entity/project/id.
        jobs: What its engine calls the agents.
        submitted_at: ISO 8601, in UTC.
        cancelled: Whether they were told to leave.
        over: Whether all of them were seen to have left: their engine, which may be gone, is asked no more.
    """

    folder: Path
    sweep: str
    config: FleetConfig
    submitted_at: str
    jobs: tuple[str, ...] = ()
    cancelled: bool = False
    over: bool = False

    @property
    def id(self) -> str:
        """What people call it by."""
        return self.folder.name

    @property
    def login(self) -> Path:
        """The file for the key that its agents need; only its owner may read it, and it goes with the last of them."""
        return self.folder / "key"

    def agent_folder(self, number: int) -> Path:
        """Where the agent of that number, from 1 on, has its log and its record."""
        return self.folder / f"agent-{number}"

    def write(self) -> None:
        """Keep it."""
        fields = {name: value for name, value in asdict(self).items() if name != "folder"}
        write_atomically(self.folder / _FILE, json.dumps(fields, indent=2).encode())

    def standings(self, engine: Engine) -> list[AgentStanding]:
        """How each agent is.

        Raises:
            FleetError: The engine does not answer.
        """
        states = [JobState.GONE for _ in self.jobs] if self.over else engine.states(self.as_jobs())
        found = []
        for number, (job, state) in enumerate(zip(self.jobs, states, strict=True), start=1):
            folder = self.agent_folder(number)
            record = read_record(folder)
            found.append(AgentStanding(number, job, self._standing(state, record), record, folder / "agent.log"))
        return found

    def as_jobs(self) -> list[Job]:
        """Its agents, for its engine."""
        return [Job(job, self.agent_folder(number)) for number, job in enumerate(self.jobs, start=1)]

    def _standing(self, state: JobState, record: AgentRecord | None) -> Standing:
        if state is not JobState.GONE:
            return Standing(state.value)
        if record is None or record.exit_code is None:
            return Standing.LEFT if record is None and self.cancelled else Standing.LOST
        known = {0: Standing.FINISHED, exitcodes.PREEMPTED: Standing.LEFT}
        return known.get(record.exit_code, Standing.FAILED)


def is_kept(folder: Path) -> bool:
    """Whether a fleet with agents was kept in a folder."""
    return (folder / _FILE).exists()


def read_fleet(folder: Path) -> Fleet:
    """The fleet that was kept in a folder.

    Raises:
        FleetError: The file is damaged.
    """
    file = folder / _FILE
    try:
        fields: dict[str, Any] = loads_object(file.read_bytes())
        config, jobs = build_fleet(fields.pop("config")), tuple(fields.pop("jobs"))
        return Fleet(folder=folder, config=config, jobs=jobs, **fields)
    except (ValueError, KeyError, TypeError, ConfigInvalid) as error:
        raise FleetError(
            f"a fleet's file must be as `sweepyard fleet` wrote it; {file} is damaged ({error}). Where its agents have "
            f"left, remove {folder}"
        ) from error


def fleets_below(output: Path) -> tuple[list[Fleet], list[FleetError]]:
    """Every fleet whose folder lies below an output folder, the newest last, and what is wrong with the others."""
    fleets, damages = [], []
    for folder in _folders_below(output):
        try:
            fleets.append(read_fleet(folder))
        except FleetError as error:
            damages.append(error)
    return sorted(fleets, key=lambda fleet: fleet.submitted_at), damages


def find_fleet(output: Path, identity: str) -> Fleet:
    """The fleet of that id.

    Raises:
        FleetError: There is none, or its file is damaged.
    """
    for folder in _folders_below(output):
        if folder.name == identity:
            return read_fleet(folder)
    raise FleetError(
        f"there must be a fleet of that id below {output}; received {identity!r}. `sweepyard fleet status` lists them"
    )


def _folders_below(output: Path) -> list[Path]:
    return [file.parent for file in output.glob(f"{_FOLDERS}/*/{_FILE}")]


def mark_cancelled(fleet: Fleet) -> Fleet:
    """Note that the agents were told to leave."""
    cancelled = replace(fleet, cancelled=True)
    cancelled.write()
    return cancelled
