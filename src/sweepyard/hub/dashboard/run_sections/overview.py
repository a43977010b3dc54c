"""A run at a glance: its curves, what went in, what came out, what happened."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from starlette.datastructures import QueryParams

from sweepyard.domain.history import Stream
from sweepyard.domain.origin import Origin, origin_of
from sweepyard.domain.run import Run, RunPath
from sweepyard.domain.run_columns import plain_items
from sweepyard.domain.sweep import SweepPath
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.curve_section import CurvesSection, curves_section, metrics_of_run
from sweepyard.hub.dashboard.curve_views import CurveView
from sweepyard.hub.dashboard.curves import Curve, curves_of
from sweepyard.hub.dashboard.frame import Pairs
from sweepyard.hub.dashboard.run_sections.event_texts import told
from sweepyard.hub.dashboard.run_sections.section import Section
from sweepyard.jsonvalue import JsonObject, JsonValue, flattened, loads_object
from sweepyard.services.attempts import machines_of
from sweepyard.services.bundle import Services
from sweepyard.services.sweep_rows import parsed

_CURVES = 24
_SAMPLES = 500
_ROWS = 50
_COLUMNS = 12
_LONGEST_FACT = 1_000
_METADATA_BYTES = 1 << 20
_METADATA = "wandb-metadata.json"
_REQUIREMENTS = "requirements.txt"


@dataclass(frozen=True, slots=True)
class Fact:
    """A key of a config or a summary, and its value.

    Attributes:
        note: The whole value, where `text` is not.
        swept: Whether the run's sweep chose it.
    """

    key: str
    text: str
    note: str = ""
    swept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview(Section):
    """A run at a glance.

    Attributes:
        curves: Drawn by the hub, for browsers that run no scripts.
        packages: All that were installed, as the client lists them; empty where it does not.
        events: When, and what.
        columns: Of `rows`, the last rows of a sample of the history.
        hidden_columns: How many columns the history has beyond those shown.
    """

    template: ClassVar[str] = "run_overview.html"
    scripts: ClassVar[tuple[str, ...]] = ("find.js",)
    notes: str
    about: Pairs
    made_from: Pairs
    packages: tuple[str, ...]
    config: tuple[Fact, ...]
    summary: tuple[Fact, ...]
    charts: CurvesSection
    curves: tuple[Curve, ...]
    events: Pairs
    history_lines: int
    columns: tuple[str, ...]
    hidden_columns: int
    rows: tuple[tuple[str, ...], ...]


def overview(services: Services, run: Run, asked: QueryParams) -> Overview:
    """A run at a glance.

    Raises:
        RequestInvalid: The address asks for curves that cannot be.
    """
    rows = services.history.sampled(run.path, (), _SAMPLES)
    columns, hidden, cells = _history(rows)
    origin = origin_of(_machine(services, run), run.config)
    return Overview(
        notes=run.notes,
        about=_about(run, services.clock.now()),
        made_from=tuple(_made_from(run, origin)),
        packages=_packages(services, run.path),
        config=tuple(_facts(flattened(run.config).items(), _swept(services, run))),
        summary=tuple(_facts(sorted(plain_items(run.summary)))),
        charts=curves_section(
            urls.project_url(run.path.entity, run.path.project),
            urls.run_url(run.path),
            CurveView.of(asked),
            metrics_of_run(services, run.path),
            of_given_runs=True,
        ),
        curves=curves_of(rows, limit=_CURVES),
        events=tuple(
            (texts.moment_text(event.at), texts.shortened(sentence))
            for event, sentence in told(services.runs.events(run.path))
        ),
        history_lines=services.streams.tails(run.path).counts.get(Stream.HISTORY, 0),
        columns=columns,
        hidden_columns=hidden,
        rows=cells,
    )


def _about(run: Run, now: datetime) -> Pairs:
    facts = (
        ("id", run.path.run_id),
        ("created", f"{texts.moment_text(run.created_at)} UTC"),
        ("started", f"{texts.moment_text(run.started_at)} UTC" if run.started_at else ""),
        ("duration", texts.run_duration_text(run, now)),
        ("exit code", "" if run.exit_code is None else str(run.exit_code)),
        ("attempt", str(run.attempt) if run.attempt > 1 else ""),
        ("group", run.group),
        ("job type", run.job_type),
        ("tags", ", ".join(run.tags)),
        ("by", run.creator),
    )
    return tuple((name, texts.shortened(text)) for name, text in facts if text)


def _made_from(run: Run, origin: Origin) -> Iterator[tuple[str, str]]:
    commit = origin.commit or run.commit
    data = {key: texts.value_text(value) for key, value in origin.data.items()}
    splits = ", ".join(f"{data[split]} {split}" for split in ("train", "validation", "test") if split in data)
    facts = (
        ("program", " ".join(origin.command) or run.program),
        ("repository", origin.remote or run.repo),
        ("commit", f"{commit} (with changes since)" if commit and origin.dirty else commit),
        ("code version", origin.code_version),
        ("data", " · ".join(filter(None, (data.get("name", ""), splits)))),
        ("data digest", data.get("digest", "")),
        ("Python", origin.python),
        ("packages", ", ".join(f"{name} {version}" for name, version in origin.packages.items())),
        ("host", origin.host or run.host),
        ("system", origin.os),
        ("CPU", " · ".join(filter(None, (origin.cpu, f"{origin.cpu_count} cores" if origin.cpu_count else "")))),
        ("memory", texts.size_text(origin.memory_bytes) if origin.memory_bytes else ""),
        ("GPU", ", ".join(origin.gpus)),
    )
    yield from ((name, text[:_LONGEST_FACT]) for name, text in facts if text)


def _machine(services: Services, run: Run) -> JsonObject:
    """What the client says of the run's latest process: in its part of the config, or, older clients, in a file."""
    machines = list(machines_of(run.wandb_config).values())
    if machines and isinstance(machines[-1], dict):
        return machines[-1]
    text = services.files.read(run.path, _METADATA, limit_bytes=_METADATA_BYTES)
    try:
        return loads_object(text) if text else {}
    except ValueError:  # Whoever may upload files may upload this one.
        return {}


def _packages(services: Services, path: RunPath) -> tuple[str, ...]:
    text = services.files.read(path, _REQUIREMENTS, limit_bytes=_METADATA_BYTES) or b""
    return tuple(filter(None, (line.strip() for line in text.decode("utf-8", "replace").splitlines())))


def _swept(services: Services, run: Run) -> frozenset[str]:
    """The dotted keys that the run's sweep chooses."""
    path = SweepPath(run.path.entity, run.path.project, run.sweep_id or "")
    sweep = services.sweeps.find(path) if run.sweep_id else None
    if sweep is None:
        return frozenset()
    config = parsed(sweep.config_yaml)
    chosen = {parameter.name for axis in config.parameters.axes for parameter in axis.parameters}
    return frozenset(chosen | {".".join(config.repeats.path)} if config.repeats else chosen)


def _facts(items: Iterable[tuple[str, JsonValue]], swept: Collection[str] = ()) -> Iterator[Fact]:
    for key, value in items:
        yield Fact(texts.shortened(key), texts.value_text(value), texts.note_of(value), key in swept)


def _history(rows: Sequence[JsonObject]) -> tuple[tuple[str, ...], int, tuple[tuple[str, ...], ...]]:
    """Columns, the number of columns left out, and cells: the last rows, `_step` first."""
    shown = [dict(plain_items(row)) for row in rows[-_ROWS:]]
    keys = sorted({key for row in shown for key in row})
    columns = ("_step", *keys[:_COLUMNS])
    cells = tuple(
        tuple(texts.value_text(value) for value in (row.get("_step"), *(plain.get(key) for key in keys[:_COLUMNS])))
        for row, plain in zip(rows[-_ROWS:], shown, strict=True)
    )
    return columns, max(0, len(keys) - _COLUMNS), cells
