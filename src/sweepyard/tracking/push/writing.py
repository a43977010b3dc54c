"""Writing the transaction log of a run: what the destination lacks of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sweepyard.jsonvalue import JsonObject
from sweepyard.tracking.push.artifacts import ClientIds, derived_client_id
from sweepyard.tracking.push.facts import ArtifactFacts, RunFacts, differences
from sweepyard.tracking.push.log import TransactionLog
from sweepyard.tracking.push.side import Side
from sweepyard.tracking.push.streams import StreamDigests, canonical_row
from sweepyard.tracking.push.task import PushTask


class LogWriter:
    """Writes logs of runs of `source`, for `destination`."""

    def __init__(self, source: Side, destination: Side) -> None:
        self._source = source
        self._destination = destination

    def write(self, task: PushTask, folder: Path, artifacts: Sequence[ArtifactFacts]) -> Path | None:
        """Write a run's log, with the files that go with it, into a new folder.

        Args:
            artifacts: Versions to go with it.

        Returns:
            The log; None where the destination lacks nothing that a log would bring, or has another run of
            that id: then the task is refused.
        """
        source, present = task.source, task.present
        folder.mkdir(parents=True)
        path = folder / f"{folder.name}.wandb"
        events = self._source.runs.events(source.path)
        with TransactionLog(path) as log:
            self._write_head(task, log, events)
            digests = task.digests = StreamDigests()
            if not self._write_history(task, log, digests):
                return None
            self._write_rest_of_streams(task, log, digests, events)
            if present is not None and not artifacts:
                found = differences(source, present, sweep_id=task.sweep_id)
                if not any(difference.part in {"run", "lines"} for difference in found):
                    return None
            names = task.missing_files
            self._source.runs.download_files(source.path, names, folder / "files")
            log.files(names)
            task.result.files = len(names)
            self._write_artifacts(task, log, folder, artifacts)
            self._write_end(task, log)
        return path

    def write_artifacts(self, task: PushTask, folder: Path, artifacts: Sequence[ArtifactFacts]) -> Path:
        """Write a log of artifact versions alone, for a run whose lines the destination has."""
        folder.mkdir(parents=True)
        path = folder / f"{folder.name}.wandb"
        with TransactionLog(path) as log:
            self._write_head(task, log, self._source.runs.events(task.source.path))
            self._write_artifacts(task, log, folder, artifacts)
            self._write_end(task, log)
        return path

    def _write_head(self, task: PushTask, log: TransactionLog, events: Sequence[JsonObject]) -> None:
        log.run(task.source, task.destination, sweep_id=task.sweep_id, started_at=_started_at(task.source, events))
        log.metrics(task.source.client_config)

    def _write_end(self, task: PushTask, log: TransactionLog) -> None:
        log.summary(task.source.summary)
        log.end(task.source)

    def _write_history(self, task: PushTask, log: TransactionLog, digests: StreamDigests) -> bool:
        """Write the rows that the destination has not; False where the ones that it has are not the source's."""
        present = task.present
        there = self._destination.runs.history(task.destination) if present is not None else iter(())
        held = present.history_lines if present is not None else 0
        references = ClientIds()
        for row in self._source.runs.history(task.source.path):
            text = digests.row(row)
            references.note(row)
            if digests.rows > held:
                log.history(row)
                task.result.rows += 1
                continue
            other = next(there, None)
            if other is None or canonical_row(other) != text:
                task.refuse(f"row {digests.rows} of its history is another")
                return False
        if held > digests.rows:
            task.refuse(f"it has {held} rows of history, and the source {digests.rows}")
            return False
        references.note(task.source.summary)
        if self._source.url != self._destination.url:  # on one server, an id can name one artifact only
            task.client_ids = references.by_artifact(self._source.artifacts.id_of_client_id)
        return True

    def _write_rest_of_streams(
        self, task: PushTask, log: TransactionLog, digests: StreamDigests, events: Sequence[JsonObject]
    ) -> None:
        present = task.present
        for number, event in enumerate(events):
            digests.event(event)
            if present is None or number >= present.event_lines:
                log.event(event)
        for number, line in enumerate(self._source.runs.console(task.source.path)):
            digests.console(line)
            if present is None or number >= present.console_lines:
                log.console(line.text, is_error=line.is_error)

    def _write_artifacts(
        self, task: PushTask, log: TransactionLog, folder: Path, artifacts: Sequence[ArtifactFacts]
    ) -> None:
        goal = task.destination
        for number, facts in enumerate(artifacts):
            place = folder / "artifacts" / str(number)
            place.mkdir(parents=True)
            fetched = self._source.artifacts.download(task.source.path, facts, place)
            version_id, collection_id = task.client_ids.get(facts.node_id, ("", ""))
            log.artifact(
                facts,
                fetched,
                place,
                goal,
                client_id=version_id or derived_client_id(goal, facts.collection, facts.digest),
                sequence_client_id=collection_id or derived_client_id(goal, facts.collection),
            )
            task.result.artifacts += 1


def _started_at(facts: RunFacts, events: Sequence[JsonObject]) -> float:
    """When the run began, in seconds since 1970: what its `_runtime` counts from."""
    for event in events:
        moment, runtime = event.get("_timestamp"), event.get("_runtime")
        if isinstance(moment, int | float) and isinstance(runtime, int | float):
            return moment - runtime
    return datetime.fromisoformat(facts.created_at.replace("Z", "+00:00")).timestamp()
