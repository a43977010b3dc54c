"""A run's files, and the artifacts that it made and used, with who used and who made them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.datastructures import QueryParams

from sweepyard.domain.artifact import ArtifactVersion, RunFile
from sweepyard.domain.run import Run, RunPath
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.file_tree import Folder, NamedFile, tree_of
from sweepyard.hub.dashboard.frame import Link
from sweepyard.hub.dashboard.links import artifact_link, run_link
from sweepyard.hub.dashboard.run_sections.section import Section
from sweepyard.services.bundle import Services

MOST_FILES = 2_000
_MOST_ARTIFACTS = 200
_MOST_RUNS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRow:
    """A version of an artifact.

    Attributes:
        runs: Of one that the run made, who used it; of one that it used, who made it.
        more_runs: How many there are beyond those.
    """

    link: Link
    kind: str
    aliases: tuple[str, ...]
    size: str
    runs: tuple[Link, ...]
    more_runs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Files(Section):
    """A run's files and artifacts."""

    template: ClassVar[str] = "run_files.html"
    files: Folder
    total: int
    more_files: int
    made: tuple[ArtifactRow, ...]
    used: tuple[ArtifactRow, ...]
    more_artifacts: int


def files(services: Services, run: Run, _asked: QueryParams) -> Files:
    """The run's files and artifacts."""
    page = services.files.list(run.path, first=MOST_FILES)
    made = services.artifacts.outputs_of(run.path, first=_MOST_ARTIFACTS)
    used = services.artifacts.inputs_of(run.path, first=_MOST_ARTIFACTS)
    return Files(
        files=tree_of(_named(run.path, page.items)),
        total=page.total,
        more_files=page.total - len(page.items),
        made=tuple(_row(version, _without(run, services.artifacts.used_by(version.number))) for version in made.items),
        used=tuple(_row(version, makers(services, version)) for version in used.items),
        more_artifacts=made.total + used.total - len(made.items) - len(used.items),
    )


def makers(services: Services, version: ArtifactVersion) -> tuple[Run, ...]:
    """The run that made a version, where one did and is still there."""
    if version.created_by_run is None:
        return ()
    run = services.runs.find(RunPath(version.entity, version.project, version.created_by_run))
    return (run,) if run else ()


def _named(path: RunPath, listed: Iterable[RunFile]) -> list[NamedFile]:
    return [
        NamedFile(file.name, file.blob.size_bytes if file.blob else 0, urls.file_url(path, file.name))
        for file in listed
    ]


def _without(run: Run, runs: Iterable[Run]) -> tuple[Run, ...]:
    return tuple(other for other in runs if other.path != run.path)


def _row(version: ArtifactVersion, runs: Sequence[Run]) -> ArtifactRow:
    return ArtifactRow(
        link=artifact_link(version),
        kind=texts.shortened(version.artifact_type),
        aliases=version.aliases,
        size=texts.size_text(version.size_bytes),
        runs=tuple(run_link(other) for other in runs[:_MOST_RUNS]),
        more_runs=max(0, len(runs) - _MOST_RUNS),
    )
