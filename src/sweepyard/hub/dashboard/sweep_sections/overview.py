"""How far a sweep is, and what may be done with it."""

from __future__ import annotations

from dataclasses import dataclass

from sweepyard.domain.access import Actor, Role
from sweepyard.domain.names import shown_name
from sweepyard.domain.progress import SweepProgress
from sweepyard.domain.sweep import Sweep, SweepState
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.frame import Link, Pairs
from sweepyard.services.bundle import Services
from sweepyard.services.sweep_rows import parsed
from sweepyard.sweeps.config import SweepConfig


@dataclass(frozen=True, slots=True)
class Overview:
    """How far a sweep is.

    Attributes:
        over: How many runs have ended.
        expected: How many there will be; 0 where nothing bounds them.
        text: The same in words, with the time that is left.
        states: How many runs are in each state that some are in.
        best: The best run, its value beside it; None without one.
        metric: What the runs are judged by; empty without a metric.
        warnings: What the sweep file is warned about.
    """

    over: int
    expected: int
    text: str
    states: tuple[tuple[str, int], ...]
    best: Link | None
    metric: str
    facts: Pairs
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Control:
    """Something that may be done with a sweep.

    Attributes:
        to: The state that a button's form asks for; empty for a link.
        url: Where the form goes, or the link leads.
        note: What it means, for who points at it.
    """

    label: str
    url: str
    note: str
    to: str = ""


def overview(services: Services, sweep: Sweep) -> Overview:
    """How far the sweep is."""
    progress = services.sweep_overview.progress(sweep.path)
    best = services.sweeps.best(sweep.path)
    config = parsed(sweep.config_yaml)
    return Overview(
        over=progress.finished + progress.ended,
        expected=progress.expected or 0,
        text=_told(sweep, progress),
        states=tuple((state.value, count) for state, count in services.sweeps.counts(sweep.path).items()),
        best=Link(
            texts.shortened(shown_name(best.run.display_name, best.run.path.run_id)),
            urls.run_url(best.run.path),
            texts.number_text(best.value),
        )
        if best
        else None,
        metric=", ".join(f"{each.metric} ({each.goal.value})" for each in config.objectives),
        facts=_facts(sweep, config),
        warnings=sweep.warnings,
    )


def controls(sweep: Sweep, actor: Actor, *, live_runs: int) -> tuple[Control, ...]:
    """What the actor may do with the sweep now; nothing for who may only read."""
    if not actor.role.includes(Role.WRITE):
        return ()
    page = urls.sweep_url(sweep.path)
    state_url = urls.sweep_state_url(page)
    found = []
    if sweep.state.hands_out:
        found.append(Control("Pause", state_url, "No new runs until it is resumed", SweepState.PAUSED.value))
    if sweep.state is SweepState.PAUSED:
        found.append(Control("Resume", state_url, "Runs are handed out again", SweepState.RUNNING.value))
    if not sweep.state.is_over:
        found.append(Control("Stop", urls.confirm_sweep_url(page, "stop"), "No new runs; those that run go on"))
    if not sweep.state.is_over or (sweep.state is SweepState.FINISHED and live_runs):
        found.append(Control("Cancel", urls.confirm_sweep_url(page, "cancel"), "No new runs; those that run end"))
    if not sweep.state.is_over:
        found.append(Control("Edit", urls.edit_sweep_url(page), "Change the sweep file"))
    return tuple(found)


def _told(sweep: Sweep, progress: SweepProgress) -> str:
    over = progress.finished + progress.ended
    if not over and not progress.running:
        begun = "No run is over" if sweep.started_at else "No run has begun yet"
    elif progress.expected:
        begun = f"{over:,} of {progress.expected:,} runs over"
    else:
        begun = f"{over:,} runs over; nothing bounds how many there will be"
    parts = [begun, f"{progress.running:,} running" if progress.running else ""]
    if progress.elapsed_seconds:
        parts.append(f"{texts.seconds_text(progress.elapsed_seconds)} at work")
    if progress.remaining_seconds and sweep.state.hands_out:
        parts.append(f"about {texts.seconds_text(progress.remaining_seconds)} left")
    return " · ".join(filter(None, parts))


def _facts(sweep: Sweep, config: SweepConfig) -> Pairs:
    facts = (
        ("id", sweep.path.sweep_id),
        ("method", config.method.value),
        ("metric", ", ".join(f"{each.metric}, {each.goal.value}" for each in config.objectives) or "none"),
        ("seed", str(sweep.seed)),
        ("repeats", f"{config.repeats.count} runs of each point" if config.repeats else ""),
        ("time budget", texts.seconds_text(config.time_budget_seconds) if config.time_budget_seconds else ""),
        ("created", texts.moment_text(sweep.created_at)),
        ("first run", texts.moment_text(sweep.started_at) if sweep.started_at else ""),
        ("by", sweep.creator),
    )
    return tuple((name, texts.shortened(text)) for name, text in facts if text)
