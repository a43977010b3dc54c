"""What every engine does for a fleet: takes its agents, knows how they are, tells them to leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from sweepyard.agents.fleet.post import Post


class JobState(StrEnum):
    """How an agent is, for its engine."""

    PENDING = "pending"
    RUNNING = "running"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Job:
    """An agent as its engine knows it.

    Attributes:
        id: The engine's own name for it.
        folder: The agent's.
    """

    id: str
    folder: Path


OnTaken = Callable[[Sequence[str]], None]


class Engine(Protocol):
    """Starts agents somewhere. What it is told stays known to it when this process has ended."""

    def submit(self, posts: Sequence[Post], folder: Path, on_taken: OnTaken) -> None:
        """Have the agents started, in order.

        Args:
            folder: The fleet's.
            on_taken: Told the engine's names for agents as soon as it has taken them.

        Raises:
            FleetError: The engine is not there, or refuses.
        """

    def states(self, jobs: Sequence[Job]) -> list[JobState]:
        """How each of them is.

        Raises:
            FleetError: The engine does not answer.
        """

    def leave(self, jobs: Sequence[Job]) -> None:
        """Have those that work save what they have and leave, and those that wait never begin.

        Raises:
            FleetError: The engine does not answer.
        """
