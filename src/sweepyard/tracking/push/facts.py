"""What a server holds of a run, short of its streams' lines and its files' bytes; two servers' facts are compared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sweepyard.domain.run import RunPath, RunState
from sweepyard.jsonvalue import JsonObject, JsonValue, dumps_canonical

_ENDED_BY_SILENCE = frozenset({RunState.CRASHED, RunState.PREEMPTED, RunState.PREEMPTING})
_SHOWN_CHARACTERS = 120
LATEST = "latest"
_Pairs = dict[str, tuple[object, object]]
Part = Literal["run", "lines", "settings", "file", "artifact", "input"]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file of a run.

    Attributes:
        md5: In base64; None where the server does not tell.
    """

    size_bytes: int
    md5: str | None

    def is_as(self, other: FileFacts | None) -> bool:
        """Whether both are the same bytes, as far as their servers tell."""
        if other is None or self.size_bytes != other.size_bytes:
            return False
        return self.md5 == other.md5 or self.md5 is None or other.md5 is None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactFacts:
    """An artifact version.

    Attributes:
        node_id: What its server calls it.
        collection: Its name, without the version.
        version: Its number in the collection; None before it is committed.
        created_at: As its server writes it; sorts by time.
    """

    node_id: str
    collection: str
    kind: str
    digest: str
    version: int | None
    description: str
    metadata: JsonObject
    aliases: tuple[str, ...]
    tags: tuple[str, ...]
    created_at: str

    @property
    def key(self) -> tuple[str, str]:
        """The same on every server: what is stored by content has one digest."""
        return self.collection, self.digest

    def __str__(self) -> str:
        return f"{self.collection}:{'?' if self.version is None else f'v{self.version}'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """A run.

    Attributes:
        config: Without what the client keeps for itself.
        node_id: What its server calls it.
        client_config: That: its environment (`e`), metric definitions (`m`), charts (`visualize`)...
        history_lines: How many rows it has logged; `event_lines`: of system metrics; `console_lines`: of output.
        files: By name.
        artifacts: Logged by the run.
        used: Artifacts that are its inputs.
    """

    path: RunPath
    node_id: str
    name: str
    notes: str
    tags: tuple[str, ...]
    group: str
    job_type: str
    commit: str
    state: RunState
    exit_code: int | None
    created_at: str
    config: JsonObject
    client_config: JsonObject
    summary: JsonObject
    sweep_id: str | None
    history_lines: int
    event_lines: int
    console_lines: int
    files: Mapping[str, FileFacts] = field(repr=False)
    artifacts: tuple[ArtifactFacts, ...]
    used: tuple[ArtifactFacts, ...]

    def fingerprint(self) -> str:
        """Another one as soon as anything here is another."""
        document = {
            "run": [str(self.path), self.name, self.notes, list(self.tags), self.group, self.job_type, self.commit],
            "end": [self.state.value, self.exit_code, self.sweep_id],
            "values": [self.config, metrics_of(self.client_config), self.summary],
            "lines": [self.history_lines, self.event_lines, self.console_lines],
            "files": sorted((name, file.size_bytes, file.md5 or "") for name, file in self.files.items()),
            "artifacts": [_described(artifact) for artifact in self.artifacts],
            "used": sorted(artifact.key for artifact in self.used),
        }
        return hashlib.sha256(dumps_canonical(document).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same on both servers; the texts are fit for a terminal.

    Attributes:
        part: What it takes to put it right: `settings` can be set; the `run` and its `lines` are sent.
    """

    what: str
    source: str
    destination: str
    part: Part = "run"

    def __str__(self) -> str:
        return f"{self.what}: {self.source} there, {self.destination} at the destination"


def metrics_of(client_config: JsonObject) -> list[JsonValue]:
    """The metric definitions (`define_metric`), each with the name of its step metric, in an order of their own.

    The client numbers their fields as its protocol does: 1 name, 2 glob, 5 the step metric's place in the
    list (from 1), 6 options, 7 summary, 8 goal. A step metric that nobody defined stands there bare.
    """
    listed = client_config.get("m")
    definitions = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    found: list[JsonValue] = []
    for definition in definitions:
        named = {key: value for key, value in definition.items() if key != "5" and value != []}
        place = definition.get("5")
        if isinstance(place, int) and 0 < place <= len(definitions):
            named["step"] = definitions[place - 1].get("1")
        if set(named) != {"1"}:
            found.append(named)
    return sorted(found, key=dumps_canonical)


def differences(source: RunFacts, destination: RunFacts, *, sweep_id: str | None) -> Iterator[Difference]:
    """What of a pushed run is not at the destination as it is at the source.

    Left out is what a client cannot send: when the run was created, and the version of the client.

    Args:
        sweep_id: What the destination calls the run's sweep.
    """
    settings: _Pairs = {
        "name": (source.name, destination.name),
        "notes": (source.notes, destination.notes),
        "tags": (sorted(source.tags), sorted(destination.tags)),
        "group": (source.group, destination.group),
        "job type": (source.job_type, destination.job_type),
        **_by_key("config", source.config, destination.config),
        **_by_key("summary", source.summary, destination.summary),
    }
    yield from _unequal(settings, "settings")
    lines: _Pairs = {
        "rows of history": (source.history_lines, destination.history_lines),
        "lines of system metrics": (source.event_lines, destination.event_lines),
        "lines of console": (source.console_lines, destination.console_lines),
    }
    yield from _unequal(lines, "lines")
    others: _Pairs = {
        "commit": (source.commit, destination.commit),
        "sweep": (sweep_id, destination.sweep_id),
        "metric definitions": (metrics_of(source.client_config), metrics_of(destination.client_config)),
    }
    yield from _unequal(others, "run")
    if not is_end_as(source, destination):
        yield Difference("state", _end(source), _end(destination))
    for name, file in source.files.items():
        if not file.is_as(other := destination.files.get(name)):
            yield Difference(f"file {name}", _file(file), _file(other), "file")
    yield from artifact_differences(source.artifacts, destination.artifacts)
    reached = {artifact.key for artifact in destination.used}
    for artifact in source.used:
        if artifact.key not in reached:
            yield Difference(f"input {artifact}", "used", "not used", "input")


def artifact_differences(
    source: tuple[ArtifactFacts, ...], destination: tuple[ArtifactFacts, ...]
) -> Iterator[Difference]:
    """Versions that are missing, or described otherwise."""
    there = {artifact.key: artifact for artifact in destination}
    for artifact in source:
        other = there.get(artifact.key)
        if other is None:
            yield Difference(f"artifact {artifact}", artifact.digest, "nothing", "artifact")
        elif _described(artifact) != _described(other):
            described, otherwise = _shown(_described(artifact)), _shown(_described(other))
            yield Difference(f"artifact {artifact}", described, otherwise, "artifact")


def renumbered(source: tuple[ArtifactFacts, ...], destination: tuple[ArtifactFacts, ...]) -> Iterator[str]:
    """What to say of versions that have another number at the destination: it counted what came to it."""
    there = {artifact.key: artifact for artifact in destination}
    for artifact in source:
        other = there.get(artifact.key)
        if other is not None and other.version != artifact.version:
            yield f"{artifact} is {other} at the destination"


def is_end_as(source: RunFacts, destination: RunFacts) -> bool:
    """Whether the run ended at the destination as at the source.

    An end that is known by silence alone comes about at the destination when that server has waited long enough.
    """
    if source.state is destination.state:
        return source.exit_code is None or source.exit_code == destination.exit_code
    silent = source.state in _ENDED_BY_SILENCE or source.state.is_live
    return silent and (destination.state.is_live or destination.state in _ENDED_BY_SILENCE)


def _unequal(pairs: _Pairs, part: Part) -> Iterator[Difference]:
    for what, (here, there) in pairs.items():
        if dumps_canonical(here) != dumps_canonical(there):
            yield Difference(what, _shown(here), _shown(there), part)


def _by_key(what: str, here: JsonObject, there: JsonObject) -> _Pairs:
    absent = "<nothing>"
    return {f"{what} {key}": (here.get(key, absent), there.get(key, absent)) for key in dict.fromkeys((*here, *there))}


def _described(artifact: ArtifactFacts) -> list[JsonValue]:
    # A server gives numbers and `latest` itself, as versions come.
    aliases: list[JsonValue] = [*sorted(set(artifact.aliases) - {LATEST})]
    tags: list[JsonValue] = [*sorted(artifact.tags)]
    words: list[JsonValue] = [artifact.collection, artifact.kind, artifact.digest, artifact.description]
    return [*words, artifact.metadata, aliases, tags]


def _end(facts: RunFacts) -> str:
    return facts.state.value + ("" if facts.exit_code is None else f" (exit code {facts.exit_code})")


def _file(file: FileFacts | None) -> str:
    return "nothing" if file is None else f"{file.size_bytes} bytes, MD5 {file.md5}"


def _shown(value: object) -> str:
    text = value if isinstance(value, str) and value else dumps_canonical(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
