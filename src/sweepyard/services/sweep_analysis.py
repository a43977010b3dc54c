"""What the runs of a sweep teach about its parameters, and how the best result came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

import numpy as np

from sweepyard.domain.comparison import is_number
from sweepyard.domain.fields import RunField, field_of
from sweepyard.domain.filters import parse_filter
from sweepyard.domain.importance import Correlation, bins, rank_correlation, share_explained
from sweepyard.domain.names import shown_name
from sweepyard.domain.objective import Objective
from sweepyard.domain.ordering import parse_order
from sweepyard.domain.run_columns import CONFIG_PREFIX, SUMMARY_PREFIX, column_of
from sweepyard.domain.sweep import SweepPath
from sweepyard.jsonvalue import JsonValue, dumps_canonical, finite_number
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.run_index import RunIndex
from sweepyard.services.sweep_rows import existing_sweep, parsed, runs_of
from sweepyard.sweeps.config import SweepConfig
from sweepyard.sweeps.distributions import Categorical, Constant, WeightedCategorical
from sweepyard.sweeps.space import Parameter

_TIMES = tuple(field_of(name) for name in ("ended_at", "heartbeat_at", "created_at"))
_NAME = field_of("display_name")
_OLDEST_FIRST = parse_order("+created_at")


@dataclass(frozen=True, slots=True)
class SweptParameter:
    """A parameter that varies.

    Attributes:
        name: As the sweep file has it, dotted where nested.
        column: The column of tables that shows it.
        is_choice: Whether it is one of a list of values.
        is_logarithmic: Whether its distribution is even on a logarithmic scale.
    """

    name: str
    column: str
    is_choice: bool
    is_logarithmic: bool


@dataclass(frozen=True, slots=True)
class Influence:
    """What a parameter has to do with the results.

    Attributes:
        runs: From how many runs the numbers come: those with a result that have the parameter.
        importance: The share of the spread of the results' ranks that it explains alone; None where untold.
        correlation: None for values that have no order, and where it cannot be told.
    """

    parameter: SweptParameter
    runs: int
    importance: float | None
    correlation: Correlation | None


@dataclass(frozen=True, slots=True)
class Result:
    """The objective of a run.

    Attributes:
        at: When the run ended, or was last heard of.
        is_best: Whether it is better than all results before.
    """

    run_id: str
    name: str
    at: datetime
    value: float
    is_best: bool


@dataclass(frozen=True, slots=True)
class SweepAnalysis:
    """What a sweep's runs teach; a run's result is what its summary has of the objective.

    Attributes:
        objective: None where the sweep file names no metric: nothing can be told then.
        runs: How many runs there are.
        without: How many of them have no result.
        not_finite: How many have one that is NaN or infinite.
        results: The finite ones, by time.
        influences: The most important parameter first, those of which nothing can be told last.
    """

    objective: Objective | None
    runs: int
    without: int
    not_finite: int
    results: tuple[Result, ...]
    influences: tuple[Influence, ...]


class SweepAnalysisService:
    """Analyses sweeps."""

    def __init__(self, database: Database, index: RunIndex) -> None:
        self._database = database
        self._index = index

    def parameters(self, path: SweepPath) -> tuple[SweptParameter, ...]:
        """The parameters that the sweep varies, by name.

        Raises:
            NotFound: There is no such sweep.
        """
        with self._database.reading() as unit:
            return _swept(parsed(existing_sweep(unit, path).config_yaml))

    def objective(self, path: SweepPath) -> Objective | None:
        """What the sweep's runs are judged by; None where its file names no metric.

        Raises:
            NotFound: There is no such sweep.
        """
        with self._database.reading() as unit:
            return parsed(existing_sweep(unit, path).config_yaml).objective

    def results(self, path: SweepPath) -> tuple[Result, ...]:
        """The results of the sweep's runs, by time.

        Raises:
            NotFound: There is no such sweep.
        """
        with self._database.reading() as unit:
            objective = parsed(existing_sweep(unit, path).config_yaml).objective
            if objective is None:
                return ()
            metric = _field_of(objective)
            run_ids, columns = self._read(unit, path, (metric,))
        return _results(objective, run_ids, columns, [finite_number(value) for value in columns[metric]])

    def analysis(self, path: SweepPath) -> SweepAnalysis:
        """What the sweep's runs teach.

        Raises:
            NotFound: There is no such sweep.
        """
        with self._database.reading() as unit:
            config = parsed(existing_sweep(unit, path).config_yaml)
            objective = config.objective
            varied = {parameter: column_of(parameter.column) for parameter in _swept(config)}
            metric = _field_of(objective) if objective else None
            run_ids, columns = self._read(unit, path, (*varied.values(), *filter(None, [metric])))
        told = columns[metric] if metric else [None] * len(run_ids)
        numbers = [finite_number(value) for value in told]
        influences = [_influence(each, columns[field], numbers) for each, field in varied.items()]
        return SweepAnalysis(
            objective=objective,
            runs=len(run_ids),
            without=sum(not is_number(value) for value in told),
            not_finite=sum(is_number(value) and number is None for value, number in zip(told, numbers, strict=True)),
            results=_results(objective, run_ids, columns, numbers) if objective else (),
            influences=tuple(sorted(influences, key=_least_important_last)),
        )

    def _read(
        self, unit: UnitOfWork, path: SweepPath, fields: Sequence[RunField]
    ) -> tuple[list[str], dict[RunField, list[JsonValue]]]:
        """The ids of the sweep's runs, and in these fields, and in those that each result has, their values."""
        wanted = {_NAME, *_TIMES, *fields}
        return self._index.columns(unit, runs_of(path), parse_filter(None), _OLDEST_FIRST, wanted)


def _field_of(objective: Objective) -> RunField:
    return column_of(f"{SUMMARY_PREFIX}{objective.metric}")


def _swept(config: SweepConfig) -> tuple[SweptParameter, ...]:
    return tuple(_described(each) for each in config.parameters if not isinstance(each.distribution, Constant))


def _described(parameter: Parameter) -> SweptParameter:
    return SweptParameter(
        parameter.name,
        f"{CONFIG_PREFIX}{parameter.name}",
        isinstance(parameter.distribution, Categorical | WeightedCategorical),
        "log" in parameter.distribution.kind,
    )


def _influence(parameter: SweptParameter, values: Sequence[JsonValue], results: Sequence[float | None]) -> Influence:
    known = [(value, result) for value, result in zip(values, results, strict=True) if result is not None]
    known = [(value, result) for value, result in known if value is not None]
    outcome = np.array([result for _, result in known])
    numbers = [finite_number(value) for value, _ in known]
    ordered = np.array([number for number in numbers if number is not None])
    if len(ordered) == len(known) > 0:
        importance, correlation = share_explained(bins(ordered), outcome), rank_correlation(ordered, outcome)
    else:
        groups: dict[str, int] = {}
        numbered = [groups.setdefault(dumps_canonical(value), len(groups)) for value, _ in known]
        importance, correlation = share_explained(numbered, outcome), None
    return Influence(parameter, len(known), importance, correlation)


def _results(
    objective: Objective,
    run_ids: Sequence[str],
    columns: Mapping[RunField, Sequence[JsonValue]],
    numbers: Sequence[float | None],
) -> tuple[Result, ...]:
    moments = zip(*(columns[field] for field in _TIMES), strict=True)
    ends = [str(next(filter(None, told))) for told in moments]
    results: list[Result] = []
    best: float | None = None
    for at, run_id, name, number in sorted(
        zip(ends, run_ids, columns[_NAME], numbers, strict=True), key=itemgetter(0, 1)
    ):
        if number is not None:
            is_best = best is None or objective.better(number, best)
            best = number if is_best else best
            results.append(
                Result(run_id, shown_name(str(name or ""), run_id), datetime.fromisoformat(at), number, is_best)
            )
    return tuple(results)


def _least_important_last(influence: Influence) -> tuple[bool, float, str]:
    return influence.importance is None, -(influence.importance or 0.0), influence.parameter.name
