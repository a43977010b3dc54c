"""Runs: made and changed by clients, listed, stopped, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from sweepyard.clock import Clock
from sweepyard.domain.access import Actor
from sweepyard.domain.filters import parse_filter
from sweepyard.domain.history import Stream
from sweepyard.domain.names import check_texts
from sweepyard.domain.ordering import Order, parse_order
from sweepyard.domain.run import Run, RunEvent, RunPath, RunState
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import NotFound, RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue, dumps
from sweepyard.services.attempts import Sender, is_late_change, machines_of, with_earlier_machines
from sweepyard.services.paging import Page, check_size, decode_cursor, encode_cursor
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.projects import check_name
from sweepyard.services.run_index import RunIndex
from sweepyard.services.transitions import moved

T = TypeVar("T")

# A client sends its first upsert within seconds of having asked how to resume.
RESUME_WINDOW = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChanges:
    """What an upsert brings; None leaves the stored value alone.

    Attributes:
        config: The run config in plain nesting; it replaces the stored one whole.
        wandb_config: What stands under `_wandb` in the client's config; it replaces the stored one whole.
        summary: The whole summary.
        sweep_id: The sweep that the run joins; it must exist in the run's project.
        state: The state asked for; without one, a run that `begins` is running, a new one that does not is pending.
    """

    display_name: str | None = None
    config: JsonObject | None = None
    wandb_config: JsonObject | None = None
    summary: JsonObject | None = None
    tags: tuple[str, ...] | None = None
    group: str | None = None
    job_type: str | None = None
    notes: str | None = None
    commit: str | None = None
    host: str | None = None
    program: str | None = None
    repo: str | None = None
    sweep_id: str | None = None
    state: RunState | None = None


@dataclass(frozen=True, slots=True)
class Upserted:
    """A run after an upsert, and whether it is new."""

    run: Run
    inserted: bool


class RunService:
    """Makes, changes, lists and ends runs."""

    def __init__(self, database: Database, clock: Clock, index: RunIndex) -> None:
        self._database = database
        self._clock = clock
        self._index = index

    def upsert(
        self,
        path: RunPath,
        changes: RunChanges,
        *,
        actor: Actor,
        begins: bool,
        may_resume: bool = False,
        sends_again: bool = False,
        agent_token: str | None = None,
    ) -> Upserted:
        """Make the run, or overwrite what `changes` names; the project is made if there is none.

        Args:
            begins: Whether a new process starts the run now (its first upsert; the client then sends its host),
                rather than a running one updating it, or a person editing it. A run that an SDK process had begun
                before loses its streams and summary, unless `note_resume` was called within the last two minutes.
            may_resume: Whether a new process starts the run now if `note_resume` was called within the last two
                minutes.
            sends_again: Whether what begins only sends what a process has logged already. It may have kept less of
                that than the hub, so nothing is lost then.
            agent_token: What a process says of the agent that started it, empty where it says nothing; None for a
                person. What a late process changes, one of an attempt whose run was given to another agent
                meanwhile, is not stored, and it cannot begin; see `attempts`.

        Raises:
            RequestInvalid: A name is not legal, a text holds what is no Unicode, or the run is a fork of another.
            NotFound: The sweep does not exist.
            Conflict: The state asked for cannot follow the present one, or what begins is of an earlier attempt.
        """
        check_name("an entity's name", path.entity)
        check_name("a project's name", path.project)
        check_name("a run's id", path.run_id)
        _check_changes(changes)
        _refuse_fork(changes)
        now = self._clock.now()
        with self._database.writing() as unit:
            unit.projects.ensure(path.entity, path.project, now)
            if changes.sweep_id and unit.sweeps.get(SweepPath(path.entity, path.project, changes.sweep_id)) is None:
                raise NotFound(f"there is no sweep {path.entity}/{path.project}/{changes.sweep_id}")
            stored = unit.runs.get(path)
            begins = begins or (may_resume and stored is not None and _resumes(stored, now))
            if stored is not None and agent_token is not None:
                machines = machines_of(changes.wandb_config)
                sender = Sender(agent_token, changes.host, machines, begins=begins, sends_again=sends_again)
                if is_late_change(unit, stored, sender):
                    return Upserted(stored, False)
            run = stored or _new_run(path, now, actor)
            if begins and stored is not None:
                run = _prepared_to_begin(unit, stored, now, keeps=sends_again)
            run = _overwritten(run, changes, now)
            state = changes.state or (RunState.RUNNING if begins else None)
            if state is not None:
                run = moved(run, state, now)
            if stored is None:
                unit.runs.add(run)
            else:
                unit.runs.save(run)
            if begins:
                unit.runs.add_event(path, RunEvent(now, "started", f"attempt {run.attempt} on {run.host or 'a host'}"))
        return Upserted(run, stored is None)

    def note_resume(self, path: RunPath) -> Run | None:
        """The run that a client is about to resume, or None; the next `begins` upsert will keep what it has."""
        with self._database.writing() as unit:
            run = unit.runs.get(path)
            if run is not None:
                unit.runs.save(replace(run, resume_noted_at=self._clock.now()))
        return run

    def get(self, path: RunPath) -> Run:
        """The run.

        Raises:
            NotFound: There is none.
        """
        with self._database.reading() as unit:
            return existing_run(unit, path)

    def find(self, path: RunPath) -> Run | None:
        """The run, or None."""
        with self._database.reading() as unit:
            return unit.runs.get(path)

    def list(
        self,
        selection: RunSelection,
        *,
        filters: JsonValue = None,
        order: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Page[Run]:
        """Runs of a project, filtered (domain.filters) and ordered (domain.ordering; by default newest first).

        Raises:
            RequestInvalid: The filter, the order or the cursor is malformed.
        """
        wanted = parse_filter(filters)
        ordering = parse_order(order)
        limit = check_size(first)
        oldest_first = ordering.by_creation
        if wanted.everything and oldest_first is not None:
            return self._stored_page(selection, ordering, not oldest_first, limit, after)
        with self._database.reading() as unit:
            try:
                behind = _key_of_cursor(after) if after else None
                found = self._index.find(unit, selection, wanted, ordering, limit=limit, behind=behind)
            except ValueError as error:
                raise _not_a_place(str(after)) from error
            runs = unit.runs.of_ids(selection.entity, selection.project, found.run_ids)
        return _page(runs, ordering, has_next=found.has_next, total=found.total)

    def history_lengths(self, paths: Sequence[RunPath]) -> dict[RunPath, int]:
        """The line number behind the last line of each run's history; 0 without a line, or a run."""
        with self._database.reading() as unit:
            return {path: unit.streams.line_counts(path)[Stream.HISTORY] for path in paths}

    def last_events(self, paths: Sequence[RunPath]) -> dict[RunPath, str | None]:
        """The last line of each run's events (system metrics); None without a line, or a run."""
        with self._database.reading() as unit:
            return {path: unit.streams.last_line(path, Stream.EVENTS) for path in paths}

    def count(self, selection: RunSelection, *, filters: JsonValue = None) -> int:
        """How many runs `list` would give in all.

        Raises:
            RequestInvalid: The filter is malformed.
        """
        wanted = parse_filter(filters)
        with self._database.reading() as unit:
            if wanted.everything:
                return unit.runs.count(selection)
            return self._index.count(unit, selection, wanted)

    def count_by_state(self, selection: RunSelection) -> Mapping[RunState, int]:
        """How many runs are in each state; states without a run are absent."""
        with self._database.reading() as unit:
            return unit.runs.count_by_state(selection)

    def events(self, path: RunPath) -> tuple[RunEvent, ...]:
        """What happened to the run, in order.

        Raises:
            NotFound: There is no such run.
        """
        with self._database.reading() as unit:
            existing_run(unit, path)
            return tuple(unit.runs.events(path))

    def record_alert(self, path: RunPath, *, title: str, text: str, severity: str) -> None:
        """Keep an alert that the run raised, among its events.

        Raises:
            NotFound: There is no such run.
            RequestInvalid: A text is not Unicode.
        """
        check_texts({"title": title, "text": text})
        with self._database.writing() as unit:
            existing_run(unit, path)
            unit.runs.add_event(path, RunEvent(self._clock.now(), f"alert {severity.lower()}", f"{title}: {text}"))

    def request_stop(self, path: RunPath) -> Run:
        """Ask the run to stop: its client learns it with its next chunk, its agent after a grace period.

        A run that no process works on is killed at once; one that is over stays as it is.

        Raises:
            NotFound: There is no such run.
        """
        with self._database.writing() as unit:
            return stop(unit, existing_run(unit, path), self._clock.now())

    def set_state(self, path: RunPath, state: RunState) -> Run:
        """Change the state by hand.

        Raises:
            NotFound: There is no such run.
            Conflict: The state cannot follow the present one.
        """
        with self._database.writing() as unit:
            before = existing_run(unit, path)
            run = moved(before, state, self._clock.now())
            if run is not before:
                unit.runs.save(run)
                unit.runs.add_event(path, RunEvent(run.updated_at, state.value, "set by hand"))
        return run

    def delete(self, path: RunPath) -> None:
        """Remove the run with its streams and files; artifacts that it made stay.

        Raises:
            NotFound: There is no such run.
        """
        with self._database.writing() as unit:
            existing_run(unit, path)
            unit.runs.delete(path)

    def _stored_page(
        self, selection: RunSelection, ordering: Order, newest_first: bool, limit: int, after: str | None
    ) -> Page[Run]:
        place = _creation_place(after) if after else None
        with self._database.reading() as unit:
            runs = unit.runs.page(selection, newest_first=newest_first, after=place, limit=limit + 1)
            total = unit.runs.count(selection)
        return _page(runs[:limit], ordering, has_next=len(runs) > limit, total=total)


def existing_run(unit: UnitOfWork, path: RunPath) -> Run:
    """The run.

    Raises:
        NotFound: There is none.
    """
    run = unit.runs.get(path)
    if run is None:
        raise NotFound(f"there is no run {path}")
    return run


def stop(unit: UnitOfWork, run: Run, now: datetime, *, why: str = "") -> Run:
    """Ask a live run to stop, or kill one that no process works on; what is over stays as it is."""
    waits = run.state is RunState.PREEMPTED or (run.state is RunState.PENDING and run.agent_id is None)
    if waits:
        stopped = moved(run, RunState.KILLED, now)
    elif run.state.is_live and not run.stop_requested:
        stopped = replace(run, stop_requested=True, stop_requested_at=now, updated_at=now)
    else:
        return run
    unit.runs.save(stopped)
    unit.runs.add_event(run.path, RunEvent(now, "killed" if waits else "stop requested", why))
    return stopped


def _new_run(path: RunPath, now: datetime, actor: Actor) -> Run:
    return Run(
        path=path,
        state=RunState.PENDING,
        created_at=now,
        updated_at=now,
        display_name=path.run_id,
        creator=actor.username,
    )


def _resumes(run: Run, now: datetime) -> bool:
    """Whether a process has just asked how it would resume the run."""
    return run.resume_noted_at is not None and now - run.resume_noted_at <= RESUME_WINDOW


def _prepared_to_begin(unit: UnitOfWork, run: Run, now: datetime, *, keeps: bool) -> Run:
    """The stored run as a new process finds it: whole if it resumes, without streams and summary if it does not."""
    if "t" in run.wandb_config and not _resumes(run, now) and not keeps:
        unit.streams.truncate(run.path)
        unit.objectives.forget(run.path)
        run = replace(run, summary={})
    if not run.state.is_live:
        run = replace(run, stop_requested=False, stop_requested_at=None)
    return replace(run, resume_noted_at=None, heartbeat_at=now)


def _chosen(new: T | None, old: T) -> T:
    return old if new is None else new


def _overwritten(run: Run, changes: RunChanges, now: datetime) -> Run:
    return replace(
        run,
        updated_at=now,
        display_name=changes.display_name or run.display_name,
        config=_chosen(changes.config, run.config),
        wandb_config=with_earlier_machines(run, changes.wandb_config),
        summary=_chosen(changes.summary, run.summary),
        tags=_chosen(changes.tags, run.tags),
        group=_chosen(changes.group, run.group),
        job_type=_chosen(changes.job_type, run.job_type),
        notes=_chosen(changes.notes, run.notes),
        commit=_chosen(changes.commit, run.commit),
        host=_chosen(changes.host, run.host),
        program=_chosen(changes.program, run.program),
        repo=_chosen(changes.repo, run.repo),
        sweep_id=changes.sweep_id or run.sweep_id,
    )


def _refuse_fork(changes: RunChanges) -> None:
    """Refuse what the client begins with `fork_from`: its config alone says so.

    Raises:
        RequestInvalid: It is one.
    """
    fork = (changes.wandb_config or {}).get("branch_point")
    if fork:
        hint = "Start a new run, or go on with the old one (resume='must')"
        raise RequestInvalid([Violation("this hub does not rewind or fork runs", dumps(fork)[:80], hint)])


def _check_changes(changes: RunChanges) -> None:
    texts = {
        "display_name": changes.display_name,
        "group": changes.group,
        "job_type": changes.job_type,
        "notes": changes.notes,
        "commit": changes.commit,
        "host": changes.host,
        "program": changes.program,
        "repo": changes.repo,
    }
    texts.update({f"tags[{index}]": tag for index, tag in enumerate(changes.tags or ())})
    check_texts(texts)


def _page(runs: Sequence[Run], ordering: Order, *, has_next: bool, total: int) -> Page[Run]:
    cursors = tuple(encode_cursor(ordering.key_of(run)) for run in runs)
    return Page(tuple(runs), cursors, has_next, total)


def _key_of_cursor(after: str) -> list[JsonValue]:
    key = decode_cursor(after)
    if not isinstance(key, list):
        raise ValueError("the key is a list")
    return key


def _creation_place(after: str) -> tuple[datetime, str]:
    match decode_cursor(after):
        case [[1, str(moment)], str(run_id)]:
            try:
                return datetime.fromisoformat(moment), run_id
            except ValueError as error:
                raise _not_a_place(after) from error
        case _:
            raise _not_a_place(after)


def _not_a_place(after: str) -> RequestInvalid:
    return RequestInvalid([Violation("`after` is a cursor of an earlier page in the same order", after)])
