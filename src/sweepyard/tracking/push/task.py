"""One run on its way from one server to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sweepyard.domain.run import RunPath
from sweepyard.tracking.push.facts import ArtifactFacts, Difference, RunFacts
from sweepyard.tracking.push.report import Outcome, RunResult
from sweepyard.tracking.push.streams import StreamDigests

_MOST_NOTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PushTarget:
    """Where runs go.

    Attributes:
        project: None for the name that each run's project has at the source.
    """

    entity: str
    project: str | None = None

    def path_of(self, run: RunPath) -> RunPath:
        """A run's place there: it keeps its id."""
        return RunPath(*self.place_of(run.project), run.run_id)

    def place_of(self, project: str) -> tuple[str, str]:
        """Entity and project there, of what is in `project` at the source."""
        return self.entity, self.project or project


@dataclass
class PushTask:
    """One run.

    Attributes:
        source: What the source has of it.
        present: What the destination has of it; None for nothing.
        sweep_id: What the destination calls its sweep.
        digests: Of the source's streams, once they were read.
        client_ids: By what its rows refer to artifacts: what the source calls one -> its id, its collection's id.
        said: What the client said last, when it sent this run.
        is_whole: Whether nothing that belongs to it is missing at the destination.
    """

    source: RunFacts
    destination: RunPath
    present: RunFacts | None
    result: RunResult
    sweep_id: str | None = None
    digests: StreamDigests | None = None
    client_ids: dict[str, tuple[str, str]] = field(default_factory=dict)
    said: str = ""
    is_whole: bool = True

    @property
    def missing_artifacts(self) -> list[ArtifactFacts]:
        """The versions that the destination has not."""
        there = {artifact.key for artifact in self.present.artifacts} if self.present else set()
        return [artifact for artifact in self.source.artifacts if artifact.key not in there]

    @property
    def missing_files(self) -> list[str]:
        """The names of files that the destination has not, or with other bytes."""
        there = self.present.files if self.present else {}
        return [name for name, file in self.source.files.items() if not file.is_as(there.get(name))]

    def refuse(self, reason: str) -> None:
        """Leave the run alone: its id is another run's at the destination."""
        self.result.outcome = Outcome.TAKEN
        self.result.rows = 0
        self.result.notes.append(f"the destination has another run of this id: {reason}. Push to another --project")

    def note_differences(self, found: Sequence[Difference]) -> None:
        """Say what is not equal; of many differences the first ones."""
        self.result.notes += [str(difference) for difference in found[:_MOST_NOTES]]
        if len(found) > _MOST_NOTES:
            self.result.notes.append(f"and {len(found) - _MOST_NOTES} more differences")


def shared_collections(tasks: Iterable[PushTask]) -> frozenset[str]:
    """The artifact collections that several of the runs have something for."""
    counts = Counter(name for task in tasks for name in {artifact.collection for artifact in task.missing_artifacts})
    return frozenset(name for name, count in counts.items() if count > 1)
