"""What leaves the hub as tables: runs, their history and events, sweeps and leases, all of one moment.

| table | a row for |
|---|---|
| runs | each run; config and summary whole, as JSON, and as a column for each of their keys |
| history | each value of each row that runs have logged |
| system | each value of the system metrics |
| events | what happened to each run |
| sweeps | each sweep |
| leases | each point of a sweep that was given out |

A sink that holds nested values gets whole rows of history, and no columns for keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from sweepyard.domain.history import Stream
from sweepyard.domain.history_keys import leaves
from sweepyard.domain.names import is_unicode
from sweepyard.domain.rows import decode_line
from sweepyard.domain.run import Run, RunPath
from sweepyard.domain.sweep import Lease, Sweep, SweepPath
from sweepyard.domain.table import Cell, CellType, Row, TableColumn
from sweepyard.errors import NotFound
from sweepyard.jsonvalue import JsonValue
from sweepyard.services.flattening import Flattening, json_text
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.ports.runs import RunSelection

_RUNS_A_PAGE = 100
_LINES_A_PAGE = 2000
_CELLS_A_PIECE = 200_000
_EXACT = 2**53

# (what goes on, runs or sweeps done, in all)
Progress = Callable[[str, int, int], None]


class TableWriter(Protocol):
    """Takes one table's rows."""

    def write(self, rows: Sequence[Row]) -> None: ...


class TableSink(Protocol):
    """Where tables go."""

    @property
    def nests(self) -> bool:
        """Whether a JSON cell is kept as the value that it is, so that nothing need be flattened."""

    def table(self, name: str, columns: Sequence[TableColumn]) -> AbstractContextManager[TableWriter]:
        """A table, which is complete when the block ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportScope:
    """What is exported: everything, a project, or a sweep with its runs; None means any."""

    entity: str | None = None
    project: str | None = None
    sweep_id: str | None = None


@dataclass(slots=True)
class ExportReport:
    """What was exported.

    Attributes:
        rows: How many rows each table got.
        values: How many values of history there are, whether a row holds one or many.
        left_out: Columns that would have been ambiguous; the JSON beside them has what they would have held.
    """

    rows: dict[str, int] = field(default_factory=dict)
    values: int = 0
    left_out: list[str] = field(default_factory=list)


class Exporter:
    """Gives tables to a sink, a bounded piece at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def export(self, scope: ExportScope, sink: TableSink, *, progress: Progress = lambda *_: None) -> ExportReport:
        """Write all tables, as they are at one moment.

        Raises:
            NotFound: There is no such project or sweep.
        """
        with self._database.reading() as unit:
            return _Export(unit, _selections(unit, scope), scope, sink, progress).run()


class _Export:
    """One export, on one snapshot."""

    def __init__(
        self,
        unit: UnitOfWork,
        selections: Sequence[RunSelection],
        scope: ExportScope,
        sink: TableSink,
        progress: Progress,
    ) -> None:
        self._unit = unit
        self._selections = selections
        self._scope = scope
        self._sink = sink
        self._progress = progress
        self._report = ExportReport()
        self._paths: list[RunPath] = []
        self._run_count = sum(unit.runs.count(selection) for selection in selections)

    def run(self) -> ExportReport:
        config, summary = Flattening("config."), Flattening("summary.")
        for run in self._runs("keys"):
            self._paths.append(run.path)
            if not self._sink.nests:
                config.learn(run.config)
                summary.learn(run.summary)
        self._report.left_out = [*config.left_out, *summary.left_out]
        columns = [*_RUN_COLUMNS, *config.columns, *summary.columns]
        rows = (
            (*_run_cells(run), *config.cells(run.config), *summary.cells(run.summary)) for run in self._runs("runs")
        )
        self._table("runs", columns, rows)
        self._table("history", self._line_columns, self._lines(Stream.HISTORY, "history"))
        self._table("system", self._line_columns, self._lines(Stream.EVENTS, "system"))
        self._table("events", _EVENT_COLUMNS, self._events())
        self._table("sweeps", _SWEEP_COLUMNS, (_sweep_cells(sweep) for sweep in self._sweeps("sweeps")))
        self._table("leases", _LEASE_COLUMNS, self._leases())
        return self._report

    @property
    def _line_columns(self) -> Sequence[TableColumn]:
        return _NESTED_LINE_COLUMNS if self._sink.nests else _FLAT_LINE_COLUMNS

    def _table(self, name: str, columns: Sequence[TableColumn], rows: Iterator[Row]) -> None:
        rows_a_piece = max(1, _CELLS_A_PIECE // len(columns))
        piece: list[Row] = []
        count = 0
        with self._sink.table(name, columns) as writer:
            for row in rows:
                piece.append(row)
                if len(piece) >= rows_a_piece:
                    writer.write(piece)
                    count += len(piece)
                    piece = []
            writer.write(piece)
            self._report.rows[name] = count + len(piece)

    def _runs(self, what: str) -> Iterator[Run]:
        done = 0
        self._progress(what, done, self._run_count)
        for selection in self._selections:
            after = None
            while True:
                page = self._unit.runs.page(selection, newest_first=False, after=after, limit=_RUNS_A_PAGE)
                for run in page:
                    yield run
                    done += 1
                    self._progress(what, done, self._run_count)
                if len(page) < _RUNS_A_PAGE:
                    break
                after = (page[-1].created_at, page[-1].path.run_id)

    def _each_path(self, what: str) -> Iterator[RunPath]:
        for number, path in enumerate(self._paths, start=1):
            yield path
            self._progress(what, number, len(self._paths))

    def _lines(self, stream: Stream, what: str) -> Iterator[Row]:
        for path in self._each_path(what):
            first = 0
            head = (path.entity, path.project, path.run_id)
            while True:
                lines = self._unit.streams.lines(path, stream, first=first, limit=_LINES_A_PAGE)
                for number, text in lines:
                    row = decode_line(text)
                    step = row.get("_step") if stream is Stream.HISTORY else None
                    start = (*head, number, int(step) if isinstance(step, int | float) else number)
                    flat = list(leaves(row))
                    self._report.values += len(flat) if stream is Stream.HISTORY else 0
                    if self._sink.nests:
                        yield (*start, json_text(row))
                    else:
                        for key, value in flat:
                            yield (*start, *_value_cells(key, value))
                if len(lines) < _LINES_A_PAGE:
                    break
                first = lines[-1][0] + 1

    def _events(self) -> Iterator[Row]:
        for path in self._each_path("events"):
            for event in self._unit.runs.events(path):
                yield (path.entity, path.project, path.run_id, event.at, event.kind, event.detail)

    def _sweeps(self, what: str) -> Iterator[Sweep]:
        places = dict.fromkeys((selection.entity, selection.project) for selection in self._selections)
        found = [
            sweep
            for entity, project in places
            for sweep in reversed(self._unit.sweeps.of_project(entity, project))
            if self._scope.sweep_id in {None, sweep.path.sweep_id}
        ]
        for number, sweep in enumerate(found, start=1):
            yield sweep
            self._progress(what, number, len(found))

    def _leases(self) -> Iterator[Row]:
        for sweep in self._sweeps("leases"):
            for lease in self._unit.sweeps.leases(sweep.path.sweep_id):
                yield _lease_cells(sweep.path, lease)


def _selections(unit: UnitOfWork, scope: ExportScope) -> list[RunSelection]:
    entities = unit.projects.entities() if scope.entity is None else [scope.entity]
    found = []
    for entity in entities:
        for project in unit.projects.of_entity(entity):
            if scope.project not in {None, project.name}:
                continue
            path = SweepPath(entity, project.name, scope.sweep_id or "")
            if scope.sweep_id is None or unit.sweeps.get(path) is not None:
                found.append(RunSelection(entity=entity, project=project.name, sweep_id=scope.sweep_id))
    if not found and (scope.entity, scope.project, scope.sweep_id) != (None, None, None):
        words = [
            f"{word} {name}"
            for word, name in (("entity", scope.entity), ("project", scope.project), ("sweep", scope.sweep_id))
            if name is not None
        ]
        raise NotFound(f"the hub has no such {', '.join(reversed(words))}")
    return found


def _columns(**cell_types: CellType) -> tuple[TableColumn, ...]:
    return tuple(TableColumn(name, cell_type) for name, cell_type in cell_types.items())


_PATH = {"entity": CellType.TEXT, "project": CellType.TEXT, "run_id": CellType.TEXT}
_LINE = {**_PATH, "line": CellType.INTEGER, "step": CellType.INTEGER}

_RUN_COLUMNS = _columns(
    **_PATH,
    name=CellType.TEXT,
    state=CellType.TEXT,
    created_at=CellType.MOMENT,
    started_at=CellType.MOMENT,
    heartbeat_at=CellType.MOMENT,
    ended_at=CellType.MOMENT,
    updated_at=CellType.MOMENT,
    exit_code=CellType.INTEGER,
    attempt=CellType.INTEGER,
    sweep_id=CellType.TEXT,
    agent_id=CellType.TEXT,
    group=CellType.TEXT,
    job_type=CellType.TEXT,
    tags=CellType.JSON,
    notes=CellType.TEXT,
    creator=CellType.TEXT,
    host=CellType.TEXT,
    program=CellType.TEXT,
    repo=CellType.TEXT,
    commit=CellType.TEXT,
    config=CellType.JSON,
    summary=CellType.JSON,
)
_FLAT_LINE_COLUMNS = _columns(**_LINE, key=CellType.TEXT, kind=CellType.TEXT, value=CellType.NUMBER, text=CellType.TEXT)
_NESTED_LINE_COLUMNS = _columns(**_LINE, row=CellType.JSON)
_EVENT_COLUMNS = _columns(**_PATH, at=CellType.MOMENT, kind=CellType.TEXT, detail=CellType.TEXT)
_SWEEP_COLUMNS = _columns(
    entity=CellType.TEXT,
    project=CellType.TEXT,
    sweep_id=CellType.TEXT,
    name=CellType.TEXT,
    state=CellType.TEXT,
    created_at=CellType.MOMENT,
    updated_at=CellType.MOMENT,
    description=CellType.TEXT,
    creator=CellType.TEXT,
    seed=CellType.INTEGER,
    suggestions=CellType.INTEGER,
    config_yaml=CellType.TEXT,
)
_LEASE_COLUMNS = _columns(
    entity=CellType.TEXT,
    project=CellType.TEXT,
    sweep_id=CellType.TEXT,
    position=CellType.INTEGER,
    run_id=CellType.TEXT,
    parameters=CellType.JSON,
    created_at=CellType.MOMENT,
    agent_id=CellType.TEXT,
    acknowledged=CellType.FLAG,
    handed_out=CellType.INTEGER,
    retries=CellType.INTEGER,
)


def _run_cells(run: Run) -> tuple[Cell, ...]:
    return (
        run.path.entity,
        run.path.project,
        run.path.run_id,
        run.display_name,
        run.state.value,
        run.created_at,
        run.started_at,
        run.heartbeat_at,
        run.ended_at,
        run.updated_at,
        run.exit_code,
        run.attempt,
        run.sweep_id,
        run.agent_id,
        run.group,
        run.job_type,
        json_text(list(run.tags)),
        run.notes,
        run.creator,
        run.host,
        run.program,
        run.repo,
        run.commit,
        json_text(run.config),
        json_text(run.summary),
    )


def _value_cells(key: str, value: JsonValue) -> tuple[Cell, ...]:
    """The key, what kind its value is of, and the value: as a number where a float64 holds it, else as text."""
    key = key if is_unicode(key) else json_text(key)
    if isinstance(value, bool):
        return key, "flag", float(value), None
    if isinstance(value, float):
        return key, "number", value, None
    if isinstance(value, int):
        return (key, "integer", float(value), None) if abs(value) <= _EXACT else (key, "integer", None, str(value))
    if value is None:
        return key, "null", None, None
    if isinstance(value, str) and is_unicode(value):
        return key, "text", None, value
    return key, "json", None, json_text(value)


def _sweep_cells(sweep: Sweep) -> tuple[Cell, ...]:
    return (
        sweep.path.entity,
        sweep.path.project,
        sweep.path.sweep_id,
        sweep.display_name,
        sweep.state.value,
        sweep.created_at,
        sweep.updated_at,
        sweep.description,
        sweep.creator,
        sweep.seed,
        sweep.suggestions,
        sweep.config_yaml,
    )


def _lease_cells(path: SweepPath, lease: Lease) -> tuple[Cell, ...]:
    return (
        path.entity,
        path.project,
        path.sweep_id,
        lease.position,
        lease.run_id,
        json_text(lease.parameters),
        lease.created_at,
        lease.agent_id,
        lease.acknowledged,
        lease.handed_out,
        lease.retries,
    )
