"""What pushes to one destination remember between them: which sweep became which, and what was found equal.

It is a help, not the truth: what is at the destination is asked there. Without it, a run is compared anew
value by value; a sweep is found again by its runs.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweepyard.errors import TrackingError
from sweepyard.files import FileLock, write_atomically

_FORMAT = 1
_MODE = 0o600


@dataclass(frozen=True, slots=True)
class Verified:
    """A run was found equal on both sides when their facts had these fingerprints."""

    source: str
    destination: str


class Journal:
    """One file, rewritten whole at each change; a context manager that keeps other pushes out."""

    def __init__(self, folder: Path, *, source: str, destination: str, entity: str, project: str | None) -> None:
        """Name the journal of this way.

        Args:
            folder: Of all journals.
            source: What tells the source apart: the hub of this home, or a server's URL.
            project: None where each run keeps its project's name.
        """
        self._way = {"source": source, "destination": destination, "entity": entity, "project": project}
        digest = hashlib.sha256(json.dumps(self._way, sort_keys=True).encode()).hexdigest()
        self.folder = folder / digest[:16]
        self._path = self.folder / "journal.json"
        self._lock = FileLock(self.folder / "lock")
        self._sweeps: dict[str, dict[str, str]] = {}
        self._runs: dict[str, dict[str, str]] = {}

    def __enter__(self) -> Journal:
        if not self._lock.acquire(blocking=False):
            raise TrackingError(
                f"one push to {self._way['destination']} at a time; another one is running. Wait until it is done"
            )
        try:
            self._read()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def sweep(self, source: str) -> str | None:
        """The destination's id of a sweep that was registered there."""
        return self._sweeps.get(source, {}).get("id")

    def sweep_is_begun(self, source: str) -> bool:
        """Whether a registration was begun of which nobody heard the end."""
        return source in self._sweeps and self.sweep(source) is None

    def begin_sweep(self, source: str) -> None:
        """Note that a sweep is about to be registered."""
        self._sweeps[source] = {}
        self._write()

    def end_sweep(self, source: str, identity: str) -> None:
        """Note what a registered sweep is called."""
        self._sweeps[source] = {"id": identity}
        self._write()

    def run_is_begun(self, run: str) -> bool:
        """Whether a push of the run was begun, some time: what the destination has of it came from there."""
        return run in self._runs

    def begin_run(self, run: str) -> None:
        """Note that a run is about to be sent."""
        if run not in self._runs:
            self._runs[run] = {}
            self._write()

    def verified(self, run: str) -> Verified | None:
        """When the run was last found equal."""
        found = self._runs.get(run)
        return Verified(found["source"], found["destination"]) if found else None

    def verify(self, run: str, verified: Verified) -> None:
        """Note that the run was found equal."""
        self._runs[run] = {"source": verified.source, "destination": verified.destination}
        self._write()

    def _read(self) -> None:
        if not self._path.exists():
            return
        try:
            document: Any = json.loads(self._path.read_bytes())
            if document["format"] != _FORMAT:
                raise ValueError(f"format {document['format']}")
            self._sweeps, self._runs = dict(document["sweeps"]), dict(document["runs"])
        except (ValueError, KeyError, TypeError) as error:
            raise TrackingError(
                f"the push journal {self._path} must be one of this version of Sweepyard; it is not ({error}). "
                "Remove it: everything is then compared anew"
            ) from error

    def _write(self) -> None:
        document = {"format": _FORMAT, "way": self._way, "sweeps": self._sweeps, "runs": self._runs}
        write_atomically(self._path, json.dumps(document, indent=1).encode(), _MODE)
