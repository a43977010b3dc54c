"""Runs: read field by field, made, changed, stopped, deleted."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any, ClassVar, TypeVar

from graphql import GraphQLResolveInfo

from sweepyard import jsonvalue
from sweepyard.domain.history import Stream
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.hub.wandb_api import codec
from sweepyard.hub.wandb_api.connections import Connection, connect
from sweepyard.hub.wandb_api.context import FALLBACK_PROJECT, Context, Input, Resolvers, context_of
from sweepyard.hub.wandb_api.operations import history as streams
from sweepyard.hub.wandb_api.operations.files import RunFileNode
from sweepyard.hub.wandb_api.operations.users import UserNode, user_node
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.runs import RunChanges
from sweepyard.services.streams import StreamTails

T = TypeVar("T")

_FAILURES = frozenset({RunState.FAILED, RunState.CRASHED})
_SAMPLES = 500


@dataclass(frozen=True, slots=True, eq=False)
class Siblings:
    """The runs of a page. Told apart by identity: to hash all paths for each of them would cost more than it saves."""

    paths: tuple[RunPath, ...]


class RunNode:
    """A run; what costs a look into its streams is looked up when it is asked for.

    Its project, sweep and artifacts are in `relations`.
    """

    typename: ClassVar[str] = "Run"
    description: ClassVar[None] = None
    read_only: ClassVar[bool] = False

    def __init__(self, context: Context, run: Run, siblings: Siblings | None = None) -> None:
        """Take a run.

        Args:
            siblings: The runs of the same page, itself included: what is asked of it will be asked of them.
        """
        self._context = context
        self._run = run
        self._siblings = siblings or Siblings((run.path,))
        self.path = run.path
        self.id = codec.run_to_id(run.path)
        self.name = run.path.run_id
        self.display_name = run.display_name or run.path.run_id
        self.notes = run.notes
        self.tags = list(run.tags)
        self.group = run.group or None
        self.job_type = run.job_type or None
        self.commit = run.commit or None
        self.host = run.host or None
        self.state = run.state.value
        self.exitcode = run.exit_code
        self.created_at = run.created_at
        self.updated_at = run.updated_at
        self.heartbeat_at: datetime = run.heartbeat_at or run.updated_at
        self.should_stop = run.stop_requested
        self.stopped = run.state is RunState.KILLED
        self.failed = run.state in _FAILURES
        self.running = run.state is RunState.RUNNING
        self.sweep_name = run.sweep_id

    @property
    def user(self) -> UserNode | None:
        creator = self._run.creator
        return self._context.remember(("user", creator), lambda: user_node(self._context, creator))

    @property
    def config(self) -> str:
        return codec.config_to_wire(self._run.config, self._run.wandb_config)

    def wandb_config(self, info: GraphQLResolveInfo, keys: list[str] | None = None) -> str:
        return codec.chosen_to_wire(self._run.wandb_config, keys)

    @property
    def summary_metrics(self) -> str:
        return jsonvalue.dumps(self._run.summary)

    @property
    def system_metrics(self) -> str:
        return self._of_page("last event", self._context.services.runs.last_events) or "{}"

    @property
    def stopped_early(self) -> str | None:
        asked = (event for event in self._context.services.runs.events(self.path) if event.kind == "stop requested")
        # Only early termination says why.
        return next((event.detail for event in asked if event.detail), None)

    @cached_property
    def _tails(self) -> StreamTails:
        return self._context.services.streams.tails(self.path)

    @property
    def history_line_count(self) -> int:
        return self._of_page("length", self._context.services.runs.history_lengths)

    def _of_page(self, what: Hashable, look_up: Callable[[Sequence[RunPath]], Mapping[RunPath, T]]) -> T:
        """What is this run's of that which is looked up for all runs of the page at once."""
        siblings = self._siblings
        return self._context.remember((what, siblings), lambda: look_up(siblings.paths))[self.path]

    @property
    def events_line_count(self) -> int:
        return self._tails.counts.get(Stream.EVENTS, 0)

    @property
    def log_line_count(self) -> int:
        return self._tails.counts.get(Stream.CONSOLE, 0)

    @property
    def history_tail(self) -> str:
        return codec.strings_to_wire([self._tails.last_history] if self._tails.last_history else [])

    @property
    def events_tail(self) -> str:
        return codec.strings_to_wire([self._tails.last_event] if self._tails.last_event else [])

    def history(
        self,
        info: GraphQLResolveInfo,
        min_step: int | None = None,
        max_step: int | None = None,
        samples: int | None = None,
    ) -> list[str]:
        service = self._context.services.history
        if min_step is None and max_step is None:
            return list(service.sampled_lines(self.path, samples or _SAMPLES))
        return list(service.lines(self.path, min_step=min_step, max_step=max_step, limit=samples))

    def events(self, info: GraphQLResolveInfo, samples: int | None = None) -> list[str]:
        return list(self._context.services.history.events(self.path, samples))

    def sampled_history(self, info: GraphQLResolveInfo, specs: list[str]) -> list[list[JsonObject]]:
        return [list(self._of_page(("sampled", spec), partial(streams.sampled, self._context, spec))) for spec in specs]

    @property
    def history_keys(self) -> JsonValue:
        return streams.keys(self._context, self.path)

    def parquet_history(self, info: GraphQLResolveInfo, live_keys: list[str]) -> streams.ParquetHistoryNode:
        return streams.parquet(self._context, self.path)

    def log_lines(
        self,
        info: GraphQLResolveInfo,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        use_improved_pagination: bool | None = None,
    ) -> Connection[streams.LogLineNode]:
        page = self._context.services.history.console(self.path, first=first, last=last, after=after)
        return connect(page, streams.LogLineNode)

    def files(
        self,
        info: GraphQLResolveInfo,
        names: list[str] | None = None,
        pattern: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> Connection[RunFileNode]:
        page = self._context.services.files.list(
            self.path, names=names or None, pattern=pattern, first=first, after=after
        )
        return connect(page, lambda file: RunFileNode(self._context, self.path, file))

    @property
    def file_count(self) -> int:
        return self._context.services.files.list(self.path, first=0).total


class UpsertedRunNode(RunNode):
    """A run as the answer to its upsert.

    A line count here means "append behind this line" to the client, which then doubles what it sends again.
    """

    @property
    def history_line_count(self) -> int:
        return 0


def list_runs(
    context: Context,
    selection: RunSelection,
    *,
    filters: str | None = None,
    order: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Connection[RunNode]:
    """A page of runs."""
    page = context.services.runs.list(
        selection, filters=filters_from_wire(filters), order=order, first=first, after=after
    )
    siblings = Siblings(tuple(run.path for run in page.items))
    return connect(page, lambda run: RunNode(context, run, siblings))


def filters_from_wire(text: str | None) -> JsonObject | None:
    """A filter sent as text.

    Raises:
        RequestInvalid: It is not a JSON object.
    """
    return codec.object_from_wire("a filter", text) if text else None


def upsert_bucket(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Make or change a run."""
    context = context_of(info)
    context.require_write()
    changes = _changes_of(given)
    says_where = changes.host is not None or changes.program is not None
    knows_id = bool(given.get("id"))
    # A process that begins says what runs and where (not where, if it was told to keep that to itself), and knows no
    # id yet, unless it has just asked for the run that it resumes. Later it says the same once its user has renamed or
    # tagged the run, with the id; else neither. A person edits by the id alone.
    outcome = context.services.runs.upsert(
        _path_of(context, given),
        changes,
        actor=context.actor,
        begins=says_where and not knows_id,
        may_resume=says_where and knows_id,
        sends_again=codec.is_sync(changes.program),
        agent_token=context.agent_token if says_where or not knows_id else None,
    )
    return {"bucket": UpsertedRunNode(context, outcome.run), "inserted": outcome.inserted}


def _path_of(context: Context, given: Input) -> RunPath:
    if given.get("id"):
        return codec.run_from_id(given["id"])
    if not given.get("name"):
        raise RequestInvalid([Violation("a run is named by `id` or by `name`", "neither")])
    return RunPath(context.entity(given.get("entity_name")), given.get("model_name") or FALLBACK_PROJECT, given["name"])


def _changes_of(given: Input) -> RunChanges:
    config, client = codec.config_from_wire(given["config"]) if given.get("config") else (None, None)
    summary = given.get("summary_metrics")
    tags = given.get("tags")
    state = given.get("state")
    return RunChanges(
        display_name=given.get("display_name"),
        config=config,
        wandb_config=client,
        summary=codec.object_from_wire("a summary", summary) if summary else None,
        tags=tuple(tags) if tags is not None else None,
        group=given.get("group_name"),
        job_type=given.get("job_type"),
        notes=given.get("notes") if given.get("notes") is not None else given.get("description"),
        commit=given.get("commit"),
        host=given.get("host"),
        program=given.get("job_program"),
        repo=given.get("job_repo"),
        sweep_id=given.get("sweep") or None,
        state=codec.run_state_from_wire(state) if state else None,
    )


def stop_run(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Ask a run to stop."""
    context = context_of(info)
    context.require_write()
    context.services.runs.request_stop(codec.run_from_id(given["id"]))
    return {"success": True}


def delete_run(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Delete a run, on demand with the artifacts that it made."""
    context = context_of(info)
    context.require_write()
    path = codec.run_from_id(given["id"])
    if given.get("delete_artifacts"):
        for version in context.services.artifacts.outputs_of(path).items:
            context.services.artifacts.delete(version.number, delete_aliases=True)
    context.services.runs.delete(path)
    return {"client_mutation_id": None}


def update_run_state(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Set a run's state by hand."""
    context = context_of(info)
    context.require_write()
    context.services.runs.set_state(codec.run_from_id(given["id"]), codec.run_state_from_wire(given["state"]))
    return {"success": True}


def rewind_run(_root: object, info: GraphQLResolveInfo, given: Input) -> None:
    """Refuse: history is append-only here.

    Raises:
        RequestInvalid: Always.
    """
    hint = "Resume it (resume='must') or start a new run"
    raise RequestInvalid([Violation("this hub does not rewind or fork runs", str(given["run_name"]), hint)])


def notify_scriptable_run_alert(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Keep an alert that a run raised; nobody is sent a message."""
    context = context_of(info)
    context.require_write()
    path = RunPath(context.entity(given["entity_name"]), given["project_name"], given["run_name"])
    severity = given.get("severity") or "INFO"
    context.services.runs.record_alert(path, title=given["title"], text=given["text"], severity=severity)
    return {"success": True}


MUTATIONS: Resolvers = {
    "notify_scriptable_run_alert": notify_scriptable_run_alert,
    "upsert_bucket": upsert_bucket,
    "stop_run": stop_run,
    "delete_run": delete_run,
    "update_run_state": update_run_state,
    "rewind_run": rewind_run,
}
