"""The picture of a sweep in a terminal of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from sweepyard.agents.sweeping import progress_now
from sweepyard.cli.leaderboard import points_table, swept_keys, swept_value
from sweepyard.cli.output import duration, number, printable
from sweepyard.cli.progress import bar, describe
from sweepyard.domain.run import RunState
from sweepyard.tracking.records import AgentRecord, RunRecord, SweepRecord, SweepSight

_SPARKS = "▁▂▃▄▅▆▇█"
_SPARK_WIDTH = 12
_GAP = 2
_MOST_AGENTS = 8
_MOST_POINTS = 8
_LEAST_RUNS = 4
"""Where there is room for no more, runs come before the points that are repeated, and these before agents."""
_LATE_SECONDS = 60.0
_STYLES = {
    "running": "cyan",
    "finished": "green",
    "failed": "red",
    "crashed": "red",
    "killed": "yellow",
    "stopped early": "magenta",
    "preempted": "yellow",
    "preempting": "yellow",
    "paused": "yellow",
    "canceled": "yellow",
}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a table; where there is no room for all, those of the greatest `rank` go first."""

    head: str
    cells: Sequence[Text]
    rank: int = 0

    @property
    def width(self) -> int:
        return max(len(self.head), *(cell.cell_len for cell in self.cells))


def in_order(sweep: SweepRecord) -> list[RunRecord]:
    """The runs as they are shown: those at work, the newest first, then by value, then the rest, the newest first."""
    newest = sorted(sweep.runs, key=lambda run: run.created_at, reverse=True)
    live = [run for run in newest if RunState(run.state).is_live]
    # Of each run its first place counts.
    return list({run.path: run for run in [*live, *sweep.ranked(), *newest]}.values())


def state_of(run: RunRecord, sight: SweepSight) -> str:
    """A run's state, for people."""
    return "stopped early" if run.path.run_id in sight.stopped_early else run.state


def summary(sight: SweepSight, now: datetime) -> str:
    """How far a sweep is, on one line."""
    return describe(progress_now(sight.sweep, now), stopped_early=len(sight.stopped_early))


def spark(values: Sequence[float]) -> str:
    """A curve as a few characters, from its least value to its greatest."""
    count = min(_SPARK_WIDTH, len(values))
    chosen = [values[round(place * (len(values) - 1) / max(1, count - 1))] for place in range(count)]
    low, high = min(chosen, default=0.0) / 2, max(chosen, default=0.0) / 2  # Halves, whose difference is finite.
    if low == high:
        return _SPARKS[3] * count
    return "".join(_SPARKS[round((value / 2 - low) / (high - low) * (len(_SPARKS) - 1))] for value in chosen)


def picture(
    sight: SweepSight, now: datetime, console: Console, *, height: int | None = None, note: str = ""
) -> RenderableType:
    """Everything about a sweep that fits.

    Args:
        console: Where it will be shown, as wide as it is.
        height: In lines; None for as many as it takes.
        note: What to say at the bottom.
    """
    head: list[RenderableType] = [*_head(sight, now), Text("")]
    foot: list[RenderableType] = [Text(f"\n{note}", style="dim")] if note else []
    points: list[RenderableType] = _points(sight.sweep, console.width) if sight.sweep.repeats else []
    agents: list[RenderableType] = [Text(""), _agents(sight.agents, now, console.width)] if sight.agents else []
    room = None
    if height is not None:
        free = height - len(console.render_lines(Group(*head, *foot))) - 2  # The table's head, and what is left out.
        least = min(_LEAST_RUNS, len(sight.sweep.runs))
        room = free - len(console.render_lines(Group(*points, *agents)))
        if room < least:
            agents, room = [], free - len(console.render_lines(Group(*points)))
        if room < least:
            points, room = [], max(1, free)
    return Group(*head, *_runs(sight, console.width, room), *points, *agents, *foot)


def _head(sight: SweepSight, now: datetime) -> list[Text]:
    sweep = sight.sweep
    state = sweep.state.lower()
    title = Text("  ").join([_text(sweep.name, "bold"), _state_text(state), _text(str(sweep.path), "dim")])
    progress = progress_now(sweep, now)
    lines = [title, _text(f"{bar(progress)} {summary(sight, now)}".strip())]
    best = sweep.best
    if best is not None and sweep.objective is not None:
        values = ", ".join(f"{key} {number(swept_value(best, key))}" for key in swept_keys(sweep))
        value = f"{sweep.objective.metric} {number(best.objective_value(sweep.objective))}"
        parts = [_text(f"best: {best.path.run_id}", "bold"), _text(value), _text(values, "dim")]
        lines.append(Text("  ").join(parts))
    return lines


def _runs(sight: SweepSight, width: int, room: int | None) -> list[RenderableType]:
    sweep = sight.sweep
    if not sweep.runs:
        return [_text("no runs yet", "dim")]
    runs = in_order(sweep)[:room]
    best = sweep.best
    columns = [
        _Column("state", [_state_text(state_of(run, sight)) for run in runs]),
        _Column("run", [_text(run.path.run_id, "bold" if run is best else "") for run in runs]),
    ]
    keys = swept_keys(sweep)
    for place, key in enumerate(keys):
        cells = [_text(number(swept_value(run, key))) for run in runs]
        columns.append(_Column(_short(key, keys), cells, rank=10 + place))
    objective = sweep.objective
    if objective is not None:
        columns.append(_Column(objective.metric, [_text(number(run.objective_value(objective))) for run in runs]))
        curves = [_text(spark(sight.curves.get(run.path.run_id, ())), "cyan") for run in runs]
        columns.append(_Column("curve", curves, rank=2))
    took = ["-" if run.duration_seconds is None else duration(run.duration_seconds) for run in runs]
    columns.append(_Column("took", [_text(text) for text in took], rank=3))
    left = len(sweep.runs) - len(runs)
    return [_table(columns, width), *([_text(f"... and {left} more", "dim")] if left else [])]


def _points(sweep: SweepRecord, width: int) -> list[RenderableType]:
    """The best of the points that are repeated, with what their runs come to."""
    heads, rows = points_table(sweep)
    shown = rows[:_MOST_POINTS]
    keys, last = heads[:-3], len(heads) - 3
    columns = [
        _Column(_short(head, keys), [_text(row[place]) for row in shown], rank=10 + place)
        for place, head in enumerate(keys)
    ]
    columns += [_Column(heads[place], [_text(row[place]) for row in shown]) for place in range(last, len(heads))]
    left = len(rows) - len(shown)
    told = [_text(f"... and {left} more points", "dim")] if left else []
    return [Text(""), _table(columns, width), *told] if shown else []


def _agents(agents: Sequence[AgentRecord], now: datetime, width: int) -> Table:
    """Those at work first, the newest first; at most a few."""
    newest = agents[::-1]
    here, gone = [agent for agent in newest if agent.is_here], [agent for agent in newest if not agent.is_here]
    listed = [*here, *gone][:_MOST_AGENTS]
    columns = [
        _Column("agent", [_text(agent.agent_id) for agent in listed]),
        _Column("host", [_text(agent.host or "-") for agent in listed], rank=2),
        _Column("", [_whereabouts(agent) for agent in listed]),
        _Column("run", [_text(agent.run_id or "-") for agent in listed]),
        _Column("heartbeat", [_heartbeat(agent, now) for agent in listed], rank=1),
        _Column("runs", [_text(str(agent.total_runs)) for agent in listed], rank=3),
    ]
    if any(agent.failures for agent in listed):
        columns.append(_Column("failures", [_text(str(agent.failures or 0)) for agent in listed], rank=4))
    return _table(columns, width)


def _whereabouts(agent: AgentRecord) -> Text:
    if agent.put_aside:
        return _text("put aside", "red")
    return _text("here", "green") if agent.is_here else _text("gone", "dim")


def _heartbeat(agent: AgentRecord, now: datetime) -> Text:
    if agent.heartbeat_at is None:
        return _text("-")
    ago = max(0.0, (now - agent.heartbeat_at).total_seconds())
    return _text(f"{duration(ago)} ago", "red" if agent.is_here and ago > _LATE_SECONDS else "")


def _state_text(state: str) -> Text:
    return _text(state, _STYLES.get(state, "dim"))


def _text(text: str, style: str = "") -> Text:
    return Text(printable(text), style)


def _short(key: str, keys: Sequence[str]) -> str:
    """The last part of a dotted key, where that names no other."""
    last = key.rpartition(".")[2]
    return last if sum(other.rpartition(".")[2] == last for other in keys) == 1 else key


def _table(columns: Sequence[_Column], width: int) -> Table:
    """A table of the columns that there is room for."""
    kept = list(columns)
    while sum(column.width + _GAP for column in kept) - _GAP > width and any(column.rank for column in kept):
        kept.remove(max(kept, key=lambda column: column.rank))
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    for column in kept:
        table.add_column(_text(column.head), no_wrap=True, overflow="ellipsis")
    for row in zip(*(column.cells for column in kept), strict=True):
        table.add_row(*row)
    return table
