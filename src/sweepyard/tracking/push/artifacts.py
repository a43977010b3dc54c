"""In which order artifacts are pushed, and by which client ids history rows refer to them: pure."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sweepyard.domain.run import RunPath
from sweepyard.jsonvalue import JsonValue
from sweepyard.tracking.push.facts import ArtifactFacts

_REFERENCE = re.compile(r"wandb-client-artifact://(?P<id>[^/:]+)(?P<latest>:latest)?/")
_OF_VERSION, _OF_COLLECTION = "artifact_path", "_latest_artifact_path"


@dataclass
class ClientIds:
    """The ids by which rows of a run refer to the artifacts that hold their tables: version's -> collection's."""

    pairs: dict[str, str] = field(default_factory=dict)

    def note(self, value: JsonValue) -> None:
        """Look for references in a row or a summary."""
        for mapping in _mappings(value):
            version, collection = _id_in(mapping.get(_OF_VERSION)), _id_in(mapping.get(_OF_COLLECTION))
            if version is not None:
                self.pairs[version] = collection or self.pairs.get(version, "")

    def by_artifact(self, resolve: Callable[[str], str | None]) -> dict[str, tuple[str, str]]:
        """What a server calls each artifact -> the ids that refer to it and to its collection."""
        found: dict[str, tuple[str, str]] = {}
        for version, collection in self.pairs.items():
            node_id = resolve(version)
            if node_id is not None:
                found[node_id] = (version, collection)
        return found


def derived_client_id(destination: RunPath, *parts: str) -> str:
    """An id for what nothing refers to: the same for the same thing, so that sending it twice makes one."""
    text = "\n".join((destination.entity, destination.project, *parts))
    return hashlib.sha512(text.encode()).hexdigest()


def in_order(artifacts: Mapping[RunPath, Sequence[ArtifactFacts]]) -> list[tuple[RunPath, list[ArtifactFacts]]]:
    """All runs' artifacts, in blocks of one run each, so that each collection gets its versions in their order.

    A server numbers versions as they come. Runs that share no collection come one after the other, each in
    one block; a collection that several runs wrote to, by turns, needs several blocks of one run.
    """
    waiting = {path: list(found) for path, found in artifacts.items() if found}
    queues: dict[str, list[ArtifactFacts]] = defaultdict(list)
    for found in waiting.values():
        for artifact in found:
            queues[artifact.collection].append(artifact)
    for queue in queues.values():
        queue.sort(key=_place)
    blocks: list[tuple[RunPath, list[ArtifactFacts]]] = []
    while waiting:
        path = max(waiting, key=lambda path: len(_next_of(waiting[path], queues)))
        block = _next_of(waiting[path], queues)
        for artifact in block:
            queues[artifact.collection].remove(artifact)
            waiting[path].remove(artifact)
        if not waiting[path]:
            del waiting[path]
        blocks.append((path, block))
    return blocks


def _next_of(waiting: Sequence[ArtifactFacts], queues: Mapping[str, Sequence[ArtifactFacts]]) -> list[ArtifactFacts]:
    """What of a run's artifacts is at the head of the queues."""
    block: list[ArtifactFacts] = []
    for collection in dict.fromkeys(artifact.collection for artifact in waiting):
        for artifact in queues[collection]:
            if artifact not in waiting:
                break
            if artifact not in block:  # two runs that logged the same content have one version
                block.append(artifact)
    return block


def _place(artifact: ArtifactFacts) -> tuple[int, str]:
    return (artifact.version if artifact.version is not None else -1, artifact.created_at)


def _mappings(value: JsonValue) -> Iterator[Mapping[str, JsonValue]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _mappings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _mappings(item)


def _id_in(reference: JsonValue) -> str | None:
    found = _REFERENCE.match(reference) if isinstance(reference, str) else None
    return found["id"] if found else None
