"""A run: what went in, what came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sweepyard.domain.access import Actor
from sweepyard.domain.artifact import RunFile
from sweepyard.domain.history import Stream
from sweepyard.domain.run import Run, RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.curves import Curve, curves_of
from sweepyard.hub.dashboard.frame import Link, Live, Page, Pairs
from sweepyard.hub.dashboard.links import project_link, sweep_link
from sweepyard.jsonvalue import JsonObject, flatten
from sweepyard.services.bundle import Services

_CURVES = 24
_SAMPLES = 500
_ROWS = 50
_COLUMNS = 12
_FILES = 200
_CONSOLE_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage(Page):
    """A run: what went in, what came out.

    Attributes:
        rows: Cells of `columns`, evenly chosen where the history is long.
        hidden_columns: How many columns the history has beyond those shown.
    """

    template: ClassVar[str] = "run.html"
    state: str
    sweep: Link | None
    about: Pairs
    notes: str
    config: Pairs
    summary: Pairs
    curves: tuple[Curve, ...]
    history_lines: int
    columns: tuple[str, ...]
    hidden_columns: int
    rows: tuple[tuple[str, ...], ...]
    files: tuple[Link, ...]
    more_files: int
    artifacts: Pairs
    events: tuple[tuple[str, str, str], ...]
    console: tuple[str, ...]


def run_page(services: Services, actor: Actor, path: RunPath) -> RunPage:
    """A run.

    Raises:
        NotFound: There is no such run.
    """
    mark = services.watching.run(path)
    run = services.runs.get(path)
    rows = services.history.sampled(path, (), _SAMPLES)
    columns, hidden, cells = _history(rows)
    files = services.files.list(path, first=_FILES)
    return RunPage(
        title=run.display_name or path.run_id,
        username=actor.username,
        trail=(project_link(path.entity, path.project),),
        live=Live(urls.events_url(urls.run_url(path)), mark),
        state=run.state.value,
        sweep=_sweep_of(services, run),
        about=_about_run(run),
        notes=run.notes,
        config=_pairs(run.config),
        summary=_pairs({key: value for key, value in run.summary.items() if not key.startswith("_")}),
        curves=curves_of(rows, limit=_CURVES),
        history_lines=services.streams.tails(path).counts.get(Stream.HISTORY, 0),
        columns=columns,
        hidden_columns=hidden,
        rows=cells,
        files=tuple(_file_link(path, file) for file in files.items),
        more_files=files.total - len(files.items),
        artifacts=tuple(
            (f"{version.collection}:v{version.version}", f"{version.artifact_type}  {' '.join(version.aliases)}")
            for version in services.artifacts.outputs_of(path, first=_FILES).items
        ),
        events=tuple(
            (texts.moment_text(event.at), event.kind, texts.shortened(event.detail))
            for event in services.runs.events(path)
        ),
        console=tuple(line.text for line in services.history.console(path, last=_CONSOLE_LINES).items),
    )


def _about_run(run: Run) -> Pairs:
    facts = (
        ("id", run.path.run_id),
        ("created", texts.moment_text(run.created_at)),
        ("started", texts.moment_text(run.started_at)),
        ("duration", texts.duration_text(run.started_at, run.ended_at or run.heartbeat_at)),
        ("exit code", "" if run.exit_code is None else str(run.exit_code)),
        ("host", run.host),
        ("program", run.program),
        ("repository", run.repo),
        ("commit", run.commit),
        ("group", run.group),
        ("job type", run.job_type),
        ("tags", ", ".join(run.tags)),
        ("attempt", str(run.attempt) if run.attempt > 1 else ""),
        ("by", run.creator),
    )
    return tuple((name, texts.shortened(text)) for name, text in facts if text)


def _sweep_of(services: Services, run: Run) -> Link | None:
    if run.sweep_id is None:
        return None
    sweep = services.sweeps.find(SweepPath(run.path.entity, run.path.project, run.sweep_id))
    return sweep_link(sweep) if sweep else None


def _file_link(path: RunPath, file: RunFile) -> Link:
    return Link(file.name, urls.file_url(path, file.name), texts.size_text(file.blob.size_bytes if file.blob else 0))


def _history(rows: Sequence[JsonObject]) -> tuple[tuple[str, ...], int, tuple[tuple[str, ...], ...]]:
    """Columns, the number of columns left out, and cells: the last rows, `_step` first."""
    shown = [dict(flatten(row)) for row in rows[-_ROWS:]]
    keys = sorted({key for row in shown for key in row if not key.startswith("_")})
    columns = ("_step", *keys[:_COLUMNS])
    cells = tuple(tuple(texts.value_text(row.get(column)) for column in columns) for row in shown)
    return columns, max(0, len(keys) - _COLUMNS), cells


def _pairs(mapping: JsonObject) -> Pairs:
    media = {key: value for key, value in mapping.items() if isinstance(value, dict) and "_type" in value}
    plain = {key: value for key, value in mapping.items() if key not in media}
    return tuple(
        (key, texts.value_text(value))
        for key, value in sorted([*flatten(plain), *media.items()], key=lambda pair: pair[0])
    )
