"""Sweeps at the destination: registered once, found again, and brought to the state that they have at the source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import yaml

from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import SweepFileInvalid, TrackingError
from sweepyard.sweeps.config import parse
from sweepyard.sweeps.export import for_wandb
from sweepyard.tracking.push.facts import RunFacts
from sweepyard.tracking.push.journal import Journal
from sweepyard.tracking.push.report import SweepResult
from sweepyard.tracking.push.side_sweeps import SideSweeps, SweepFacts

_OVER = frozenset({"FINISHED", "CANCELED"})
_PAUSED = "PAUSED"


class SweepPusher:
    """Sees to it that the destination has a sweep."""

    def __init__(self, source: SideSweeps, destination: SideSweeps, journal: Journal) -> None:
        self._source = source
        self._destination = destination
        self._journal = journal

    def source_sweep(self, path: SweepPath) -> SweepFacts:
        """The sweep at the source.

        Raises:
            TrackingError: It is gone.
        """
        sweep = self._source.get(path)
        if sweep is None:
            raise TrackingError(
                f"{self._source.url} says that a run belongs to the sweep {path}, and has no such sweep"
            )
        return sweep

    def find(self, sweep: SweepFacts, entity: str, project: str, present: Iterable[RunFacts]) -> SweepFacts | None:
        """The sweep at the destination, if an earlier push registered it.

        Args:
            present: Runs of the sweep that the destination has: they know it, too.
        """
        known = self._journal.sweep(str(sweep.path))
        candidates = [known, *(run.sweep_id for run in present)]
        for identity in dict.fromkeys(candidate for candidate in candidates if candidate):
            found = self._destination.get(SweepPath(entity, project, identity))
            if found is not None:
                return found
        if self._journal.sweep_is_begun(str(sweep.path)):
            exported = _for_wandb(sweep)
            files = {sweep.config} if exported is None else {sweep.config, exported[0].config}
            for found in self._destination.of_project(entity, project):
                if found.config in files and found.name == sweep.name and not self._destination.runs_of(found.path):
                    return found
        return None

    def ensure(
        self, sweep: SweepFacts, entity: str, project: str, present: Iterable[RunFacts]
    ) -> tuple[SweepFacts, tuple[str, ...]]:
        """The sweep at the destination, registered there if need be; gives that server's warnings, too.

        Raises:
            TrackingError: The destination refuses it.
        """
        warnings: tuple[str, ...] = ()
        found = self.find(sweep, entity, project, present)
        if found is None:
            self._journal.begin_sweep(str(sweep.path))
            try:
                found, warnings = self._destination.register(sweep, entity, project)
            except TrackingError as refusal:
                exported = _for_wandb(sweep)
                if exported is None:
                    raise
                # A server that is away says so here, and is not taken for one that refuses.
                found = self.find(sweep, entity, project, present)
                if found is None:
                    plain, losses = exported
                    found, warnings = self._destination.register(plain, entity, project)
                    warnings = (
                        f"registered as W&B takes it, since it was refused as it is: {refusal}",
                        *losses,
                        *warnings,
                    )
        if self._journal.sweep(str(sweep.path)) != found.path.sweep_id:
            self._journal.end_sweep(str(sweep.path), found.path.sweep_id)
        return found, warnings

    def settle(self, sweep: SweepFacts, made: SweepFacts, warnings: Iterable[str]) -> SweepResult:
        """Bring the sweep to its state; one that goes on at the source is paused at the destination."""
        wanted = sweep.state if sweep.state in _OVER else _PAUSED
        notes = list(warnings)
        now = self._destination.get(made.path)
        state = made.state if now is None else now.state
        if state != wanted and state not in _OVER:
            try:
                self._destination.set_state(made, wanted)
                state = wanted
            except TrackingError as error:
                notes.append(f"it stays {state.lower()}: {error}")
        if wanted == _PAUSED and state == _PAUSED and sweep.state != _PAUSED:
            notes.append(f"it is {sweep.state.lower()} at the source, and paused at the destination")
        return SweepResult(sweep.path, made.path, state, tuple(notes))


def _for_wandb(sweep: SweepFacts) -> tuple[SweepFacts, tuple[str, ...]] | None:
    """The sweep in W&B's words alone, and what that loses; None where it has no others."""
    try:
        exported = for_wandb(parse(sweep.config, text_numbers="warn"))
    except SweepFileInvalid:
        return None  # a file of another server, with what ours does not know
    if not exported.changes and not exported.losses:
        return None
    text = yaml.safe_dump(exported.document, sort_keys=False, allow_unicode=True)
    return replace(sweep, config=text), exported.losses
