"""Reading runs and sweeps back, from the hub or from the server that the user is logged in to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import wandb
from wandb.apis.public import Run, Sweep
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from sweepyard.domain.names import shown_name
from sweepyard.domain.objective import Goal, Objective
from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import NotTracked, TrackingError
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.tracking import run_listing
from sweepyard.tracking.login import check_own_login
from sweepyard.tracking.probe import check_server
from sweepyard.tracking.records import RunRecord, SweepRecord
from sweepyard.tracking.server import Server

OLDEST_FIRST = "+created_at"
_TIMEOUT_SECONDS = 30
_PAGE_SIZE = 100
_NOT_FOUND = "Could not find"  # What the client says of a project, run or sweep that the server does not have.
_Answer = TypeVar("_Answer")
_SWEEPS_CALLED = """
query SweepsCalled($entity: String!, $sweep: String!, $after: String) {
  models(entityName: $entity, first: 100, after: $after) {
    edges { node { name sweep(sweepName: $sweep) { name } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


class Reader:
    """Reads through the W&B client's public API; every call asks the server anew."""

    def __init__(self, server: Server | None) -> None:
        """Connect to `server`, or to the one that the user is logged in to.

        Raises:
            TrackingError: The server is away, refuses the key, or there is no login.
        """
        self._option = " --from wandb" if server is None else ""
        if server is None:
            self._url = check_own_login()
            self._entity = ""
            api_key = None
        else:
            # Servers behind TLS may need certificates and proxies that the client knows better how to find.
            if server.url.startswith("http://"):
                check_server(server.url, server.api_key)
            self._url = server.url
            self._entity = server.entity
            api_key = server.api_key
        overrides = {"base_url": self._url, "entity": self._entity or None}
        try:
            self._api: Any = wandb.Api(overrides=overrides, api_key=api_key, timeout=_TIMEOUT_SECONDS)
        except (wandb.Error, WandbApiFailedError, ValueError) as error:
            raise TrackingError(f"{self._url} must accept the login; the W&B client says: {error}") from error

    @property
    def url(self) -> str:
        """The server's base URL."""
        return self._url

    @property
    def api(self) -> Any:
        """The client's public API, for what this class has no word for."""
        return self._api

    def default_entity(self) -> str:
        """The entity of who asks.

        Raises:
            TrackingError: The server names none.
        """
        if not self._entity:
            self._entity = self._ask(lambda: self._api.default_entity, "the default entity") or ""
        if not self._entity:
            raise TrackingError(f"{self._url} names no default entity; name one: entity/project")
        return self._entity

    def runs(
        self,
        project: str,
        entity: str | None = None,
        filters: Mapping[str, JsonValue] | None = None,
        order: str = OLDEST_FIRST,
        limit: int | None = None,
    ) -> list[RunRecord]:
        """A project's runs; none where there is no such project, which comes into being with its first run.

        Args:
            filters: In W&B's Mongo-style form, for example `{"state": "finished"}`.
            order: `+` or `-` before `created_at`, `summary_metrics.NAME` or `config.NAME.value`.
            limit: At most so many; None for all.

        Raises:
            TrackingError: The server refuses.
        """
        owner = entity or self.default_entity()
        asked = dict(filters) if filters else {}
        page = min(limit or _PAGE_SIZE, _PAGE_SIZE)

        def read() -> list[RunRecord]:
            return list(islice(self._records(owner, project, asked, order, page=page), limit))

        try:
            return self._ask(read, f"the project {owner}/{project}")
        except NotTracked:
            return []

    def run(self, path: RunPath | str) -> RunRecord:
        """One run, named by its path or as `entity/project/id` or `project/id`.

        Raises:
            TrackingError: There is no such run (NotTracked), or the server refuses.
        """
        entity, project, run_id = self.parts(path, "run")
        where = RunPath(entity, project, run_id)

        def read() -> RunRecord:
            for record in self._records(entity, project, {"name": run_id}, OLDEST_FIRST, page=1):
                return record
            raise ValueError(f"{_NOT_FOUND} run {where}")

        return self._ask(read, f"the run {where}")

    def history(self, path: RunPath | str, keys: Sequence[str] | None = None) -> list[JsonObject]:
        """The whole history of a run, in order: a mapping a row, `_step` included.

        Args:
            keys: Only these metrics, and only the rows that have all of them; None for everything.

        Raises:
            TrackingError: There is no such run (NotTracked), or the server refuses.
        """
        run = self._run(path)
        asked = None if keys is None else [*dict.fromkeys(["_step", *keys])]
        # The client gives the keys of a row in another order each time.
        try:
            return self._ask(
                lambda: [dict(sorted(row.items())) for row in run.scan_history(keys=asked)], f"the history of {path}"
            )
        finally:
            _remove_empty(Path(run.dir), levels=len(run.path))

    def sweep(self, path: SweepPath | str) -> SweepRecord:
        """One sweep with its runs, named by its path or as `entity/project/id` or `project/id`.

        Raises:
            TrackingError: There is no such sweep (NotTracked), or the server refuses.
        """
        where = SweepPath(*self.parts(path, "sweep"))
        sweep = self._sweep(where)
        config = _sweep_config(sweep)
        return SweepRecord(
            path=where,
            name=str(sweep.name),
            state=str(sweep.state).upper(),
            config=config,
            objectives=_objectives(config),
            url=str(sweep.url),
            expected_runs=sweep.expected_run_count,
            runs=tuple(self.runs(where.project, where.entity, {"sweep": where.sweep_id})),
        )

    def sweep_config(self, path: SweepPath) -> JsonObject:
        """A sweep's file, parsed, without its runs.

        Raises:
            TrackingError: There is no such sweep (NotTracked), or the server refuses.
        """
        return _sweep_config(self._sweep(path))

    def sweeps_called(self, sweep_id: str, entity: str | None = None) -> list[SweepPath]:
        """The sweeps of this id in all projects of an entity, by default of that of who asks.

        Raises:
            TrackingError: The server refuses.
        """
        owner = entity or self.default_entity()
        found: list[SweepPath] = []
        after: str | None = None
        while True:
            variables = {"entity": owner, "sweep": sweep_id, "after": after}
            asked = partial(self._api._service_api.execute_graphql, _SWEEPS_CALLED, variables)
            answer = self._ask(asked, f"the projects of {owner}")["models"] or {"edges": [], "pageInfo": {}}
            nodes = [edge["node"] for edge in answer["edges"]]
            found += [SweepPath(owner, node["name"], sweep_id) for node in nodes if node["sweep"]]
            if not answer["pageInfo"].get("hasNextPage"):
                return found
            after = answer["pageInfo"]["endCursor"]

    def _sweep(self, where: SweepPath) -> Sweep:
        def read() -> Sweep:
            found: Sweep = self._api.sweep(str(where))
            found.load(force=True)  # the client remembers sweeps, and `flush` forgets runs alone
            return found

        try:
            return self._ask(read, f"the sweep {where}")
        except NotTracked as error:
            others = self.sweeps_called(where.sweep_id, where.entity)
            if not others:
                raise
            told = ", ".join(map(str, others))
            raise NotTracked(f"{self._url} has no sweep {where}; there is {told}") from error

    def _records(
        self, entity: str, project: str, filters: Mapping[str, JsonValue], order: str, *, page: int
    ) -> Iterator[RunRecord]:
        service = self._api._service_api
        for node in run_listing.nodes(service, entity, project, filters=filters, order=order, page=page):
            yield _run_record(node, RunPath(entity, project, node["name"]), service.app_url)

    def _run(self, path: RunPath | str) -> Run:
        entity, project, run_id = self.parts(path, "run")
        where = RunPath(entity, project, run_id)
        run: Run = self._ask(lambda: self._api.run(str(where)), f"the run {where}")
        return run

    def parts(self, path: object, kind: str) -> tuple[str, str, str]:
        """Entity, project and id of a `kind` of thing, named as `entity/project/id` or `project/id`.

        Raises:
            TrackingError: It is named otherwise, or the server names no default entity.
        """
        parts = str(path).strip("/").split("/")
        if len(parts) == 2:
            parts.insert(0, self.default_entity())
        if len(parts) != 3 or not all(parts):
            raise TrackingError(f"a {kind} is named as entity/project/id or project/id; received {str(path)!r}")
        return parts[0], parts[1], parts[2]

    def _ask(self, read: Callable[[], _Answer], what: str) -> _Answer:
        self._api.flush()  # the client would answer from its memory
        try:
            return read()
        except (wandb.Error, WandbApiFailedError, ValueError, TimeoutError) as error:
            if _NOT_FOUND in str(error):
                hint = f"`sweepyard runs list{self._option}` shows what there is"
                raise NotTracked(f"{self._url} has no {what.removeprefix('the ')}; {hint}") from error
            raise TrackingError(f"{self._url} must deliver {what}; the W&B client says: {error}") from error


def _sweep_config(sweep: Sweep) -> JsonObject:
    return sweep.config if isinstance(sweep.config, dict) else {}


def _run_record(node: Mapping[str, Any], path: RunPath, app_url: str) -> RunRecord:
    summary: JsonObject = json.loads(node["summaryMetrics"] or "{}")
    return RunRecord(
        path=path,
        name=shown_name(node["displayName"], node["name"]),
        state=node["state"],
        config=run_listing.config_of(node["config"]),
        summary={key: value for key, value in summary.items() if not key.startswith("_")},  # less the client's own
        created_at=_moment(node["createdAt"]),
        sweep_id=node["sweepName"] or None,
        duration_seconds=_duration(summary),
        tags=tuple(node["tags"] or ()),
        url=f"{app_url}{path.entity}/{path.project}/runs/{path.run_id}",
        heartbeat_at=_moment(node["heartbeatAt"]) if node["heartbeatAt"] else None,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _remove_empty(folder: Path, *, levels: int) -> None:
    """Remove the folders that the client makes for each run that it looks at, unless something is in them."""
    with suppress(OSError):
        for empty in (folder, *folder.parents[: levels - 1]):
            empty.rmdir()


def _duration(summary: JsonObject) -> float | None:
    runtime = summary.get("_runtime")
    return float(runtime) if isinstance(runtime, int | float) else None


def _objectives(config: JsonObject) -> tuple[Objective, ...]:
    """The file's `metric`, or its `metrics`."""
    several = config.get("metrics")
    found = [_objective(metric) for metric in (several if isinstance(several, list) else [config.get("metric")])]
    return tuple(objective for objective in found if objective is not None)


def _objective(metric: Any) -> Objective | None:
    if not isinstance(metric, dict) or not isinstance(metric.get("name"), str):
        return None
    goal = Goal.MAXIMIZE if metric.get("goal") == Goal.MAXIMIZE.value else Goal.MINIMIZE
    target = metric.get("target")
    return Objective(metric["name"], goal, float(target) if isinstance(target, int | float) else None)
