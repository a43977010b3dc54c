"""A version of an artifact: what it holds, who made it, who used it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sweepyard.domain.access import Actor
from sweepyard.domain.artifact import ArtifactFile, ArtifactVersion
from sweepyard.errors import NotFound
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.file_tree import Folder, NamedFile, tree_of
from sweepyard.hub.dashboard.frame import Link, Page, Pairs
from sweepyard.hub.dashboard.links import artifact_link, project_link, run_link
from sweepyard.hub.dashboard.run_sections.files import MOST_FILES, makers
from sweepyard.jsonvalue import flattened
from sweepyard.services.bundle import Services

_MOST_VERSIONS = 50
_MOST_RUNS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactPage(Page):
    """A version of an artifact.

    Attributes:
        versions: The collection's, newest first.
    """

    template: ClassVar[str] = "artifact.html"
    about: Pairs
    description: str
    metadata: Pairs
    made_by: tuple[Link, ...]
    used_by: tuple[Link, ...]
    more_used_by: int
    files: Folder
    more_files: int
    versions: tuple[Link, ...]


def artifact_page(services: Services, actor: Actor, version: ArtifactVersion) -> ArtifactPage:
    """The page of a committed version."""
    link = artifact_link(version)
    users = services.artifacts.used_by(version.number)
    files = services.artifacts.files(version.number, first=MOST_FILES)
    versions = services.artifacts.versions(version.entity, version.project, version.collection, first=_MOST_VERSIONS)
    return ArtifactPage(
        title=link.text,
        username=actor.username,
        trail=(project_link(version.entity, version.project),),
        about=_about(version),
        description=version.description,
        metadata=tuple(
            (texts.shortened(key), texts.value_text(value)) for key, value in flattened(version.metadata).items()
        ),
        made_by=tuple(run_link(run) for run in makers(services, version)),
        used_by=tuple(run_link(run) for run in users[:_MOST_RUNS]),
        more_used_by=max(0, len(users) - _MOST_RUNS),
        files=tree_of([_named(version, file) for file in files.items]),
        more_files=files.total - len(files.items),
        versions=tuple(artifact_link(other) for other in versions.items),
    )


def version_named(services: Services, entity: str, project: str, collection: str, name: str) -> ArtifactVersion:
    """The committed version that an address names: `v3`, an alias, a digest.

    Raises:
        NotFound: There is none.
    """
    version = services.artifacts.resolve(entity, project, f"{collection}:{name}")
    if version.version is None:
        raise NotFound(f"artifact {entity}/{project}/{collection}:{name} is not complete")
    return version


def _about(version: ArtifactVersion) -> Pairs:
    facts = (
        ("type", version.artifact_type),
        ("created", f"{texts.moment_text(version.created_at)} UTC"),
        ("size", f"{texts.size_text(version.size_bytes)} in {texts.counted(version.file_count, 'file')}"),
        ("aliases", ", ".join(version.aliases)),
        ("tags", ", ".join(version.tags)),
        ("digest", version.digest),
    )
    return tuple((name, texts.shortened(text)) for name, text in facts if text)


def _named(version: ArtifactVersion, file: ArtifactFile) -> NamedFile:
    if file.blob is None:
        return NamedFile(file.name, 0, "", file.reference or "not uploaded")
    return NamedFile(file.name, file.blob.size_bytes, urls.artifact_file_url(version, file.name))
