"""Which columns the charts of a sweep's page show, as it stands in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from starlette.datastructures import QueryParams

from sweepyard.domain.run_columns import CONFIG_PREFIX, SUMMARY_PREFIX
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.hub.dashboard import texts
from sweepyard.hub.dashboard.runs_section import Choice
from sweepyard.hub.dashboard.views import check_columns
from sweepyard.services.newest_runs import Telling
from sweepyard.services.sweep_analysis import SweepAnalysis

MOST_AXES = 16
AXES_BY_ITSELF = 8
_MOST_CHOICES = 200
NO_COLOUR = "none"
NAMES = ("axis", "x", "y", "colour")
"""The parameters of the address that belong to the charts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartView:
    """Columns, by their names in tables.

    Attributes:
        axes: Parameters with an axis of their own among the parallel ones, and a slice.
        colour: What colours the points of the scatter; empty for nothing.
    """

    axes: tuple[str, ...]
    x: str
    y: str
    colour: str

    @classmethod
    def of(cls, parameters: QueryParams, analysis: SweepAnalysis) -> Self:
        """The view that an address asks for; what it does not say is what matters most.

        Raises:
            RequestInvalid: A column is none, or there are too many axes.
        """
        important = [each.parameter.column for each in analysis.influences]
        metric = f"{SUMMARY_PREFIX}{analysis.objective.metric}" if analysis.objective else ""
        x = parameters.get("x") or next(iter(important), "created")
        y = parameters.get("y") or metric or "duration"
        colour = parameters.get("colour") or next((name for name in important if name != x), NO_COLOUR)
        axes = tuple(dict.fromkeys(filter(None, parameters.getlist("axis"))))
        if len(axes) > MOST_AXES:
            rule = f"parallel coordinates have at most {MOST_AXES} axes"
            raise RequestInvalid([Violation(rule, f"{len(axes):,}", where="axis")])
        view = cls(
            axes=axes or tuple(important[:AXES_BY_ITSELF]), x=x, y=y, colour="" if colour == NO_COLOUR else colour
        )
        check_columns([*view.axes, *view.scattered])
        return view

    @property
    def scattered(self) -> tuple[str, ...]:
        """The columns of the scatter."""
        return tuple(filter(None, (self.x, self.y, self.colour)))


def axis_choices(view: ChartView, analysis: SweepAnalysis) -> tuple[Choice, ...]:
    """The parameters that may have an axis, the most important first."""
    names = [each.parameter.column for each in analysis.influences]
    return tuple(_choice(name, name in view.axes) for name in dict.fromkeys([*view.axes, *names[:_MOST_CHOICES]]))


def column_choices(chosen: str, analysis: SweepAnalysis, telling: Telling) -> tuple[Choice, ...]:
    """The columns that a scatter may show: what is chosen, parameters, the objective, and what else there is."""
    names = [
        *filter(None, [chosen]),
        *(each.parameter.column for each in analysis.influences),
        *([f"{SUMMARY_PREFIX}{analysis.objective.metric}"] if analysis.objective else []),
        *("duration", "created", "attempt"),
        *(f"{SUMMARY_PREFIX}{key}" for key in telling.summary),
        *(f"{CONFIG_PREFIX}{key}" for key in telling.config),
        *("state", "host", "group"),
    ]
    listed = sorted(list(dict.fromkeys(names))[:_MOST_CHOICES], key=lambda name: ("." not in name, name))
    return tuple(_choice(name, name == chosen) for name in listed)


def _choice(name: str, chosen: bool) -> Choice:
    return Choice(name, texts.shortened(name), chosen)
