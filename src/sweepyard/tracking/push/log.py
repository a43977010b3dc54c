"""The client's transaction log (`.wandb`), written from what a server holds: what `wandb sync` then sends.

The file is a LevelDB log: blocks of 32 KiB, each record split into pieces that do not cross a block's end,
each piece headed by its checksum, length and place in the record. What is in a record is the client's own
protocol buffer, so that every value goes out as the client itself would send it: history rows with their
`_step`, `_timestamp` and `_runtime` as they are.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import wandb
from wandb.proto import wandb_internal_pb2

from sweepyard.domain.run import RunPath, RunState
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.tracking.push.facts import ArtifactFacts, RunFacts

pb: Any = wandb_internal_pb2  # it brings no types
_IDENT = b":W&B\xe1\xbe\x00"  # A name, the magic number 0xBEE1 and format version 0, little-endian.
_BLOCK_BYTES = 32_768
_HEAD_BYTES = 7
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_MIN_CONSUMER = "0.70.0"
_NANOSECONDS = 1_000_000_000
_SYSTEM_PREFIX = "system."
_MANIFEST_POLICY = "wandb-storage-policy-v1"
_UNKNOWN_HOST = "unknown"  # A server takes a run that names no host for one that has not started.
_EXIT_FAILED, _EXIT_KILLED = 1, 255
_SILENT = frozenset({RunState.CRASHED, RunState.PREEMPTED})


class TransactionLog:
    """One `.wandb` file, written record by record; a context manager."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("wb")
        self._stream.write(_IDENT)
        self._position = len(_IDENT)
        self._records = 0

    def __enter__(self) -> Self:
        record = pb.Record()
        record.header.version_info.producer = wandb.__version__
        record.header.version_info.min_consumer = _MIN_CONSUMER
        self.write(record)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def write(self, record: Any) -> None:
        """Append a `wandb_internal.Record`.

        Raises:
            ValueError: Nothing is in it; the client would stop there.
        """
        if record.WhichOneof("record_type") is None:
            raise ValueError("a record of a transaction log holds something")
        self._records += 1
        record.num = self._records
        rest = record.SerializeToString()
        is_first = True
        while True:
            room = _BLOCK_BYTES - self._position % _BLOCK_BYTES
            if room < _HEAD_BYTES:
                self._put(b"\0" * room)
                room = _BLOCK_BYTES
            piece, rest = rest[: room - _HEAD_BYTES], rest[room - _HEAD_BYTES :]
            kind = (_WHOLE if not rest else _FIRST) if is_first else (_LAST if not rest else _MIDDLE)
            checksum = zlib.crc32(piece, zlib.crc32(bytes([kind])))
            head = checksum.to_bytes(4, "little") + len(piece).to_bytes(2, "little") + bytes([kind])
            self._put(head + piece)
            is_first = False
            if not rest:
                return

    def _put(self, data: bytes) -> None:
        self._stream.write(data)
        self._position += len(data)

    def run(self, facts: RunFacts, destination: RunPath, *, sweep_id: str | None, started_at: float) -> None:
        """Who the run is: its config, too.

        Args:
            sweep_id: The destination's.
            started_at: Seconds since 1970: what the times of system metrics count from.
        """
        record = pb.Record()
        run = record.run
        run.run_id, run.entity, run.project = destination.run_id, destination.entity, destination.project
        run.display_name, run.notes = facts.name, facts.notes
        run.run_group, run.job_type = facts.group, facts.job_type
        run.tags.extend(facts.tags)
        run.sweep_id = sweep_id or ""
        run.host = _host_of(facts.client_config)
        run.git.commit = facts.commit
        _put_time(run.start_time, started_at)
        _put_items(run.config.update, {**facts.config, "_wandb": dict(facts.client_config)})
        self.write(record)

    def metrics(self, client_config: JsonObject) -> None:
        """The metric definitions. One that stands there only as another's step metric comes back with that."""
        listed = client_config.get("m")
        definitions: list[Any] = listed if isinstance(listed, list) else []
        for definition in definitions:
            if not (definition.get("6") or definition.get("7") or definition.get("2")):
                continue
            record = pb.Record()
            metric = record.metric
            metric.name, metric.glob_name = definition.get("1", ""), definition.get("2", "")
            place = definition.get("5")
            if isinstance(place, int) and 0 < place <= len(definitions):
                metric.step_metric = definitions[place - 1].get("1", "")
            _set_flags(metric.options, definition.get("6"))
            _set_flags(metric.summary, definition.get("7"))
            metric.goal = definition.get("8", 0)
            self.write(record)

    def history(self, row: Mapping[str, JsonValue]) -> None:
        """A row, with whatever of `_step`, `_timestamp` and `_runtime` is in it."""
        record = pb.Record()
        step = row.get("_step")
        record.history.step.SetInParent()
        record.history.step.num = step if isinstance(step, int) else 0
        _put_items(record.history.item, row)
        self.write(record)

    def event(self, row: Mapping[str, JsonValue]) -> None:
        """A line of system metrics; the client counts its `_runtime` from the run's start."""
        record = pb.Record()
        record.stats.SetInParent()
        moment = row.get("_timestamp")
        _put_time(record.stats.timestamp, moment if isinstance(moment, int | float) else 0)
        values = {
            key.removeprefix(_SYSTEM_PREFIX): value for key, value in row.items() if key.startswith(_SYSTEM_PREFIX)
        }
        _put_items(record.stats.item, values)
        self.write(record)

    def console(self, text: str, *, is_error: bool) -> None:
        """A line of output."""
        record = pb.Record()
        kind = pb.OutputRawRecord.STDERR if is_error else pb.OutputRawRecord.STDOUT
        record.output_raw.output_type = kind
        record.output_raw.line = f"{text}\n"
        self.write(record)

    def files(self, names: Iterable[str]) -> None:
        """Files that lie in the folder `files` beside the log."""
        record = pb.Record()
        for name in names:
            record.files.files.add(path=name)
        if record.files.files:
            self.write(record)

    def summary(self, values: JsonObject) -> None:
        """The whole summary."""
        record = pb.Record()
        record.summary.SetInParent()
        _put_items(record.summary.update, values)
        self.write(record)

    def artifact(
        self,
        facts: ArtifactFacts,
        fetched: wandb.Artifact,
        folder: Path,
        destination: RunPath,
        *,
        client_id: str,
        sequence_client_id: str,
    ) -> None:
        """An artifact version.

        Args:
            fetched: The same as the client knows it from the source.
            folder: Where its files lie; references need none.
            client_id: By what history rows may refer to the version; `sequence_client_id`: to its collection.
        """
        record = pb.Record()
        artifact = record.artifact
        artifact.run_id, artifact.entity, artifact.project = (
            destination.run_id,
            destination.entity,
            destination.project,
        )
        artifact.type, artifact.name, artifact.digest = facts.kind, facts.collection, facts.digest
        artifact.description = facts.description
        artifact.metadata = json.dumps(facts.metadata)
        artifact.aliases.extend(facts.aliases)
        artifact.tags.extend(facts.tags)
        artifact.client_id, artifact.sequence_client_id = client_id, sequence_client_id
        artifact.digest_algorithm = fetched.digest_algorithm
        artifact.finalize = True
        manifest = fetched.manifest
        artifact.manifest.version = manifest.version()
        artifact.manifest.storage_policy = _MANIFEST_POLICY
        artifact.manifest.storage_policy_config.add(key="storageLayout", value_json='"V2"')
        for entry in sorted(manifest.entries.values(), key=lambda entry: str(entry.path)):
            content = artifact.manifest.contents.add(path=str(entry.path), digest=entry.digest, size=entry.size or 0)
            if entry.ref is not None:
                content.ref = str(entry.ref)
            else:
                content.local_path = str(folder / entry.path)
                content.skip_cache = True
            for key, value in entry.extra.items():
                content.extra.add(key=key, value_json=json.dumps(value))
        self.write(record)

    def end(self, facts: RunFacts) -> None:
        """How the run ended; where the source knows of no end, the destination is told of none."""
        if facts.state in {RunState.PREEMPTED, RunState.PREEMPTING}:
            record = pb.Record()
            record.preempting.SetInParent()
            self.write(record)
        record = pb.Record()
        record.exit.SetInParent()
        record.exit.exit_code = exit_code_of(facts)
        record.exit.runtime = _runtime_of(facts.summary)
        record.exit.not_complete = facts.state.is_live or facts.state in _SILENT
        self.write(record)


def exit_code_of(facts: RunFacts) -> int:
    """What its process returned or, where the source does not tell, what makes a server set the same state."""
    if facts.exit_code is not None:
        return facts.exit_code
    codes = {RunState.FINISHED: 0, RunState.KILLED: _EXIT_KILLED}
    return codes.get(facts.state, _EXIT_FAILED)


def _put_items(items: Any, values: Mapping[str, JsonValue]) -> None:
    for key, value in values.items():
        items.add(key=key, value_json=json.dumps(value))


def _put_time(stamp: Any, seconds: float) -> None:
    """So that the client, which adds seconds and nanoseconds up, comes to the very same number."""
    whole = math.floor(seconds)
    nanoseconds = round((seconds - whole) * _NANOSECONDS)
    stamp.seconds, stamp.nanos = whole + nanoseconds // _NANOSECONDS, nanoseconds % _NANOSECONDS


def _set_flags(message: Any, numbers: object) -> None:
    for number in numbers if isinstance(numbers, list) else []:
        described = message.DESCRIPTOR.fields_by_number.get(number)
        if described is not None:
            setattr(message, described.name, True)


def _host_of(client_config: JsonObject) -> str:
    environments = client_config.get("e")
    for environment in environments.values() if isinstance(environments, dict) else ():
        if isinstance(environment, dict) and isinstance(host := environment.get("host"), str):
            return host
    return _UNKNOWN_HOST


def _runtime_of(summary: JsonObject) -> int:
    client = summary.get("_wandb")
    seconds = client.get("runtime") if isinstance(client, dict) else summary.get("_runtime")
    return int(seconds) if isinstance(seconds, int | float) else 0
