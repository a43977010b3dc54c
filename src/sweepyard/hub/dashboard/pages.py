"""Builds each page's context from what the services say."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from sweepyard.domain.access import Actor
from sweepyard.domain.artifact import RunFile
from sweepyard.domain.history import Stream
from sweepyard.domain.run import Run, RunPath
from sweepyard.domain.sweep import Sweep, SweepPath
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.contexts import Link, Pairs, ProjectPage, ProjectsPage, RunPage, SweepPage
from sweepyard.hub.dashboard.curves import curves_of
from sweepyard.hub.dashboard.tables import run_table
from sweepyard.jsonvalue import JsonObject, flatten
from sweepyard.services.bundle import Services
from sweepyard.services.ports import RunSelection

RUNS_A_PAGE = 100
RUNS_OF_A_SWEEP = 500
_SWEEPS = 50
_CURVES = 24
_SAMPLES = 500
_ROWS = 50
_COLUMNS = 12
_FILES = 200
_CONSOLE_LINES = 200


def projects_page(services: Services, actor: Actor) -> ProjectsPage:
    """All projects, by entity and name."""
    links = []
    for entity in services.projects.entities():
        for project in services.projects.list(entity).items:
            count = services.runs.count(RunSelection(entity=entity, project=project.name))
            links.append(Link(f"{entity}/{project.name}", urls.project_url(entity, project.name), _runs(count)))
    return ProjectsPage(title="Projects", username=actor.username, projects=tuple(links))


def project_page(services: Services, actor: Actor, entity: str, name: str, after: str | None) -> ProjectPage:
    """A project's newest sweeps, and a page of its runs, newest first.

    Raises:
        NotFound: There is no such project.
        RequestInvalid: `after` is no cursor of this list.
    """
    project = services.projects.get(entity, name)
    runs = services.runs.list(RunSelection(entity=entity, project=name), first=RUNS_A_PAGE, after=after)
    url = urls.project_url(entity, name)
    return ProjectPage(
        title=f"{entity}/{name}",
        username=actor.username,
        description=project.description,
        sweeps=tuple(_sweep_link(sweep) for sweep in services.sweeps.list(entity, name, first=_SWEEPS).items),
        runs=run_table(runs.items),
        total_runs=runs.total,
        next_url=f"{url}?after={quote(runs.end_cursor or '', safe='')}" if runs.has_next else "",
    )


def run_page(services: Services, actor: Actor, path: RunPath) -> RunPage:
    """A run.

    Raises:
        NotFound: There is no such run.
    """
    run = services.runs.get(path)
    rows = services.history.sampled(path, (), _SAMPLES)
    columns, hidden, cells = _history(rows)
    files = services.files.list(path, first=_FILES)
    return RunPage(
        title=run.display_name or path.run_id,
        username=actor.username,
        state=run.state.value,
        project=Link(f"{path.entity}/{path.project}", urls.project_url(path.entity, path.project)),
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


def sweep_page(services: Services, actor: Actor, path: SweepPath) -> SweepPage:
    """A sweep.

    Raises:
        NotFound: There is no such sweep.
    """
    sweep = services.sweeps.get(path)
    selection = RunSelection(entity=path.entity, project=path.project, sweep_id=path.sweep_id)
    runs = services.runs.list(selection, order="+created_at", first=RUNS_OF_A_SWEEP)
    best = services.sweeps.best(path)
    return SweepPage(
        title=sweep.display_name or path.sweep_id,
        username=actor.username,
        state=sweep.state.value.lower(),
        project=Link(f"{path.entity}/{path.project}", urls.project_url(path.entity, path.project)),
        about=_about_sweep(services, sweep),
        description=sweep.description,
        best=Link(best.run.display_name or best.run.path.run_id, urls.run_url(best.run.path), _value(best.value))
        if best
        else None,
        config_yaml=sweep.config_yaml,
        runs=run_table(runs.items),
        total_runs=runs.total,
        agents=tuple(
            (
                agent.agent_id,
                agent.host,
                "gone" if agent.left else "here",
                ", ".join(agent.running) or texts.ABSENT,
                texts.moment_text(agent.heartbeat_at),
            )
            for agent in services.agents.of_sweep(path)
        ),
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


def _about_sweep(services: Services, sweep: Sweep) -> Pairs:
    counts = services.sweeps.counts(sweep.path)
    expected = services.sweeps.expected_runs(sweep.path)
    progress = ", ".join(f"{count} {state.value}" for state, count in counts.items()) or "none yet"
    return (
        ("id", sweep.path.sweep_id),
        ("created", texts.moment_text(sweep.created_at)),
        ("runs", progress),
        ("expected", str(expected) if expected is not None else "no end"),
        ("by", sweep.creator or texts.ABSENT),
    )


def _sweep_of(services: Services, run: Run) -> Link | None:
    if run.sweep_id is None:
        return None
    sweep = services.sweeps.find(SweepPath(run.path.entity, run.path.project, run.sweep_id))
    return _sweep_link(sweep) if sweep else None


def _sweep_link(sweep: Sweep) -> Link:
    name = sweep.display_name or sweep.path.sweep_id
    return Link(texts.shortened(name), urls.sweep_url(sweep.path), sweep.state.value.lower())


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


def _value(value: float) -> str:
    return texts.number_text(value)


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
