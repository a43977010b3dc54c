"""Tables of runs: which columns tell them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sweepyard.domain.run import Run
from sweepyard.domain.sweep import SweepPath
from sweepyard.hub.dashboard import texts, urls
from sweepyard.jsonvalue import JsonObject, JsonValue, dumps_canonical, flatten

MOST_COLUMNS = 12


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in a table; `config` and `summary` have a cell for each of the table's columns."""

    url: str
    name: str
    run_id: str
    state: str
    created: str
    duration: str
    sweep_id: str
    sweep_url: str
    config: tuple[str, ...]
    summary: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunTable:
    """Runs side by side.

    Attributes:
        config_columns: The config keys whose values differ between the runs shown, at most `MOST_COLUMNS`.
        summary_columns: The summary's plain keys, at most `MOST_COLUMNS`.
        hidden_columns: How many more columns there would be.
    """

    config_columns: tuple[str, ...]
    summary_columns: tuple[str, ...]
    hidden_columns: int
    rows: tuple[RunRow, ...]


def run_table(runs: Sequence[Run]) -> RunTable:
    """The table of these runs, in their order."""
    configs = [dict(flatten(run.config)) for run in runs]
    summaries = [_plain(run.summary) for run in runs]
    config_columns = _differing(configs)
    summary_columns = sorted({key for summary in summaries for key in summary})
    shown_config, shown_summary = config_columns[:MOST_COLUMNS], summary_columns[:MOST_COLUMNS]
    hidden = len(config_columns) + len(summary_columns) - len(shown_config) - len(shown_summary)
    rows = tuple(
        _row(run, [config.get(key) for key in shown_config], [summary.get(key) for key in shown_summary])
        for run, config, summary in zip(runs, configs, summaries, strict=True)
    )
    return RunTable(tuple(shown_config), tuple(shown_summary), hidden, rows)


def _row(run: Run, config: Sequence[JsonValue], summary: Sequence[JsonValue]) -> RunRow:
    path = run.path
    return RunRow(
        url=urls.run_url(path),
        name=texts.shortened(run.display_name or path.run_id),
        run_id=path.run_id,
        state=run.state.value,
        created=texts.moment_text(run.created_at),
        duration=texts.duration_text(run.started_at, run.ended_at or run.heartbeat_at),
        sweep_id=run.sweep_id or "",
        sweep_url=urls.sweep_url(SweepPath(path.entity, path.project, run.sweep_id)) if run.sweep_id else "",
        config=tuple(texts.value_text(value) for value in config),
        summary=tuple(texts.value_text(value) for value in summary),
    )


def _differing(configs: Sequence[dict[str, JsonValue]]) -> list[str]:
    keys = sorted({key for config in configs for key in config})
    return [key for key in keys if len({dumps_canonical(config.get(key)) for config in configs}) > 1]


def _plain(summary: JsonObject) -> dict[str, JsonValue]:
    """The summary's leaves that fit a cell: no media, nothing of the client's own."""
    without_media = {
        key: value
        for key, value in summary.items()
        if not key.startswith("_") and not (isinstance(value, dict) and "_type" in value)
    }
    return {key: value for key, value in flatten(without_media) if not isinstance(value, list | dict)}
