"""Early termination: where each run stands, and what it would have needed."""

from __future__ import annotations

from dataclasses import dataclass

from sweepyard.domain.names import shown_name
from sweepyard.domain.objective import Objective
from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import Sweep
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.frame import Link
from sweepyard.jsonvalue import JsonObject
from sweepyard.services.bundle import Services
from sweepyard.services.sweep_rows import parsed
from sweepyard.sweeps.termination import Standing, worse

MOST = 50


@dataclass(frozen=True, slots=True)
class StandingRow:
    """A run at the last iteration where the rule looked at it.

    Attributes:
        needed: The threshold; a dash where there was nothing to compare with.
        of: From how many runs the threshold was taken.
        is_behind: Whether the run's value is worse.
    """

    run: Link
    state: str
    band: int
    value: str
    needed: str
    of: int
    is_behind: bool


@dataclass(frozen=True, slots=True)
class EarlyTermination:
    """A sweep's early termination.

    Attributes:
        rule: As the sweep file has it.
        looked_at: How many runs came to an iteration where the rule looks.
        behind: How many of them are worse than their threshold.
        rows: Those that came furthest first.
    """

    rule: str
    looked_at: int
    behind: int
    rows: tuple[StandingRow, ...]


def early_termination(services: Services, sweep: Sweep) -> EarlyTermination | None:
    """How the sweep's early termination stands; None for a sweep without one."""
    config = parsed(sweep.config_yaml)
    if config.termination is None or config.objective is None:
        return None
    objective = config.objective
    reached = [(each.band, each) for each in services.sweeps.standings(sweep.path) if each.band is not None]
    shown = [each for _, each in sorted(reached, key=lambda pair: (-pair[0], pair[1].run_id))[:MOST]]
    runs = services.sweep_overview.runs(sweep.path, [each.run_id for each in shown])
    rows = []
    for each in shown:
        run = runs.get(each.run_id)
        path = RunPath(sweep.path.entity, sweep.path.project, each.run_id)
        name = texts.shortened(shown_name(run.display_name if run else None, each.run_id))
        rows.append(
            StandingRow(
                run=Link(name, urls.run_url(path)),
                state=run.state.value if run else "",
                band=each.band or 0,
                value=_number(each.value),
                needed=_number(each.threshold),
                of=each.runs,
                is_behind=_is_behind(objective, each),
            )
        )
    behind = sum(_is_behind(objective, each) for _, each in reached)
    return EarlyTermination(_rule(config.raw), len(reached), behind, tuple(rows))


def _is_behind(objective: Objective, standing: Standing) -> bool:
    value, threshold = standing.value, standing.threshold
    return value is not None and threshold is not None and worse(objective, value, threshold)


def _number(value: float | None) -> str:
    return texts.ABSENT if value is None else texts.number_text(value)


def _rule(raw: JsonObject) -> str:
    written = raw.get("early_terminate")
    keys = written if isinstance(written, dict) else {}
    return ", ".join(f"{key} {texts.value_text(value)}" for key, value in keys.items())
