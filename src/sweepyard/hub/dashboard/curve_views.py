"""How somebody looks at curves, as it stands in a page's address; and what a chart asks its numbers by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from starlette.datastructures import QueryParams

from sweepyard.domain.curves import Axis, Edges
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.services.curves import CurvesWanted

RUN_COUNTS = (10, 25, 50, 100, 200)
DEFAULT_RUNS = 100
MOST_CHARTS = 50
MOST_SMOOTHING = 99
_MOST_KNOWN = RUN_COUNTS[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveView:
    """How somebody looks at curves.

    Attributes:
        charts: The metrics drawn; none for those that the hub finds telling.
        runs: At most so many runs are drawn.
        logarithmic: Which axes are: x, y.
        smoothing: In hundredths, 0 for none.
        large: Whether charts take the whole width.
    """

    charts: tuple[str, ...] = ()
    axis: Axis = Axis.STEP
    runs: int = DEFAULT_RUNS
    logarithmic: frozenset[str] = frozenset()
    smoothing: int = 0
    large: bool = False

    @classmethod
    def of(cls, parameters: QueryParams) -> Self:
        """The view that an address asks for.

        Raises:
            RequestInvalid: It asks for what there is not; all faults are named.
        """
        violations: list[Violation] = []
        charts = tuple(dict.fromkeys(filter(None, parameters.getlist("chart"))))
        if len(charts) > MOST_CHARTS:
            violations.append(Violation(f"a page has at most {MOST_CHARTS} charts", str(len(charts))))
        runs = _one_of(parameters, "chart-runs", tuple(map(str, RUN_COUNTS)), str(DEFAULT_RUNS), violations)
        smoothing = parameters.get("chart-smooth", "") or "0"
        if not (smoothing.isascii() and smoothing.isdigit() and len(smoothing) <= 2):
            violations.append(Violation(f"chart-smooth is 0 to {MOST_SMOOTHING}", repr(smoothing[:40])))
        axis = _one_of(parameters, "chart-x", tuple(each.value for each in Axis), Axis.STEP.value, violations)
        if violations:
            raise RequestInvalid(violations)
        return cls(
            charts=charts,
            axis=Axis(axis),
            runs=int(runs),
            logarithmic=frozenset({"x", "y"} & set(parameters.getlist("chart-log"))),
            smoothing=int(smoothing),
            large=parameters.get("chart-size") == "large",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvesAsked:
    """What a chart asks for.

    Attributes:
        runs: At most so many runs.
        known: Stamps of runs whose curves the chart has already.
    """

    wanted: CurvesWanted
    runs: int
    known: frozenset[int] = frozenset()

    @classmethod
    def of(cls, parameters: QueryParams) -> Self:
        """What an address asks for.

        Raises:
            RequestInvalid: It asks for what there is not; all faults are named.
        """
        view = CurveView.of(parameters)
        violations: list[Violation] = []
        metrics = tuple(dict.fromkeys(filter(None, parameters.getlist("metric"))))
        if not 1 <= len(metrics) <= MOST_CHARTS:
            violations.append(Violation(f"curves are asked for by 1 to {MOST_CHARTS} metrics", str(len(metrics))))
        points = parameters.get("points", "") or "500"
        if not (points.isascii() and points.isdigit() and len(points) <= 9):
            violations.append(Violation("points is a whole number", repr(points[:40])))
        edges: Edges = (_edge(parameters, "from", violations), _edge(parameters, "to", violations))
        stamps = list(filter(None, parameters.get("have", "").split(",")))
        if len(stamps) > _MOST_KNOWN or not all(stamp.isascii() and stamp.isdigit() for stamp in stamps):
            violations.append(
                Violation(f"have lists at most {_MOST_KNOWN} stamps of runs", repr(",".join(stamps)[:80]))
            )
        if violations:
            raise RequestInvalid(violations)
        wanted = CurvesWanted(metrics=metrics, axis=view.axis, edges=edges, points=int(points))
        wanted.check()
        return cls(wanted=wanted, runs=view.runs, known=frozenset(int(stamp) for stamp in stamps if len(stamp) < 20))


def _one_of(
    parameters: QueryParams, name: str, values: tuple[str, ...], usual: str, violations: list[Violation]
) -> str:
    value = parameters.get(name, "") or usual
    if value not in values:
        violations.append(Violation(f"{name} is one of {', '.join(values)}", repr(value[:40])))
    return value


def _edge(parameters: QueryParams, name: str, violations: list[Violation]) -> float | None:
    text = parameters.get(name, "")
    try:
        return float(text) if text else None
    except ValueError:
        violations.append(Violation(f"{name} is a number", repr(text[:40])))
        return None
