"""What the runs teach about each parameter, as a table with bars."""

from __future__ import annotations

from dataclasses import dataclass

from sweepyard.domain.importance import Correlation
from sweepyard.hub.dashboard import texts
from sweepyard.services.sweep_analysis import Influence, SweepAnalysis

MOST = 40
FEW_RUNS = 20
"""With fewer, the page says that the numbers are guesses."""


@dataclass(frozen=True, slots=True)
class InfluenceRow:
    """A parameter.

    Attributes:
        importance: In words; a dash where untold.
        share: The same in hundredths, for the bar.
        correlation: In words, with its interval.
        left: Where the correlation's bar begins, in hundredths, of which 50 are no correlation.
        width: How wide it is.
        is_negative: Whether results fall where the parameter rises.
    """

    name: str
    column: str
    runs: int
    importance: str
    share: float
    correlation: str
    interval: str
    left: float
    width: float
    is_negative: bool


@dataclass(frozen=True, slots=True)
class Influences:
    """What the runs teach about the parameters.

    Attributes:
        problem: Why nothing can be told; empty where something can.
        basis: On which runs the numbers stand, in words.
        is_guess: Whether there are so few that chance may have made them.
        more: How many less important parameters there are.
    """

    problem: str
    basis: str
    is_guess: bool
    rows: tuple[InfluenceRow, ...]
    more: int


def influences(analysis: SweepAnalysis) -> Influences:
    """The table of a sweep's parameters, the most important first."""
    told = len(analysis.results)
    rows = tuple(_row(each) for each in analysis.influences[:MOST])
    return Influences(
        problem=_problem(analysis),
        basis=_basis(analysis),
        is_guess=told < FEW_RUNS,
        rows=rows,
        more=len(analysis.influences) - len(rows),
    )


def _problem(analysis: SweepAnalysis) -> str:
    if analysis.objective is None:
        return "The sweep file names no metric, so there is no result to explain."
    if not analysis.influences:
        return "The sweep varies no parameter."
    if not analysis.results:
        metric = analysis.objective.metric
        missing = "no run yet" if not analysis.runs else f"none of its {analysis.runs:,} runs"
        finite = f" ({analysis.not_finite:,} have NaN or infinity)" if analysis.not_finite else ""
        return f"A result is what a run's summary has of {metric}; {missing} has a finite one{finite}."
    return ""


def _basis(analysis: SweepAnalysis) -> str:
    left_out = (
        f"{analysis.without:,} without a value" if analysis.without else "",
        f"{analysis.not_finite:,} with NaN or infinity" if analysis.not_finite else "",
    )
    told = ", ".join(filter(None, left_out))
    return f"{len(analysis.results):,} of {analysis.runs:,} runs" + (f" ({told} left out)" if told else "")


def _row(influence: Influence) -> InfluenceRow:
    correlation, importance = influence.correlation, influence.importance
    value = correlation.value if correlation else 0.0
    return InfluenceRow(
        name=texts.shortened(influence.parameter.name),
        column=influence.parameter.column,
        runs=influence.runs,
        importance=texts.ABSENT if importance is None else f"{importance:.2f}",
        share=round(100 * (importance or 0.0), 1),
        correlation=_signed(value) if correlation else texts.ABSENT,
        interval=_interval(correlation),
        left=round(50 + 50 * min(value, 0.0), 1),
        width=round(50 * abs(value), 1),
        is_negative=value < 0,
    )


def _interval(correlation: Correlation | None) -> str:
    if correlation is None or correlation.low is None or correlation.high is None:
        return ""
    return f"{_signed(correlation.low)} to {_signed(correlation.high)}"


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
