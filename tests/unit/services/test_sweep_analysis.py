"""What the runs of a sweep teach."""

from __future__ import annotations

import math

import pytest

from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import NotFound
from sweepyard.services.sweep_analysis import SweptParameter

SWEEP = """
method: random
metric: {name: val.acc, goal: maximize}
parameters:
  lr: {distribution: log_uniform_values, min: 0.001, max: 0.1}
  model: {values: [mlp, convnet]}
  optimizer: {parameters: {momentum: {min: 0.0, max: 1.0}}}
  epochs: {value: 3}
"""
MINIMIZED = "method: random\nmetric: {name: loss}\nparameters: {x: {min: 0.0, max: 1.0}}\n"


def run(hub, sweep, run_id: str, config: dict[str, object], **summary: object) -> None:
    hub.begin(run_id, sweep_id=sweep.path.sweep_id, config=config, display_name=f"the {run_id}")
    hub.clock.advance(10)
    hub.end(run_id, **summary)


def test_the_parameters_that_vary(hub) -> None:
    sweep = hub.sweep(SWEEP)
    assert hub.services.sweep_analysis.parameters(sweep.path) == (
        SweptParameter("lr", "config.lr", is_choice=False, is_logarithmic=True),
        SweptParameter("model", "config.model", is_choice=True, is_logarithmic=False),
        SweptParameter("optimizer.momentum", "config.optimizer.momentum", is_choice=False, is_logarithmic=False),
    )
    objective = hub.services.sweep_analysis.objective(sweep.path)
    assert objective is not None
    assert objective.metric == "val.acc"


def test_results_are_in_order_and_say_which_was_the_best_so_far(hub) -> None:
    sweep = hub.sweep(MINIMIZED)
    for number, loss in enumerate([0.5, 0.7, 0.3, 0.3, math.nan, None, math.inf, "0.1", 10**400]):
        run(hub, sweep, f"r{number}", {"x": number / 10}, **({} if loss is None else {"loss": loss}))
    analysis = hub.services.sweep_analysis.analysis(sweep.path)
    assert [(each.run_id, each.value, each.is_best) for each in analysis.results] == [
        ("r0", 0.5, True),
        ("r1", 0.7, False),
        ("r2", 0.3, True),
        ("r3", 0.3, False),
    ]
    assert analysis.results[0].name == "the r0"
    assert hub.services.sweep_analysis.results(sweep.path) == analysis.results
    assert (analysis.results[1].at - analysis.results[0].at).total_seconds() == 10
    assert (analysis.runs, analysis.without, analysis.not_finite) == (9, 2, 3)


def test_what_matters_comes_first(hub) -> None:
    sweep = hub.sweep(SWEEP)
    for number in range(24):
        config = {
            "lr": 0.001 * 1.2**number,
            "model": "mlp" if number % 2 else "convnet",
            "optimizer": {"momentum": (number * 7 % 24) / 24},
        }
        run(hub, sweep, f"r{number}", config, val={"acc": number % 2 + number / 1000})
    first, *others = hub.services.sweep_analysis.analysis(sweep.path).influences
    assert first.parameter.name == "model"
    assert first.importance == pytest.approx(0.74, abs=0.01)
    assert (first.correlation, first.runs) == (None, 24)
    lr = next(each for each in others if each.parameter.name == "lr")
    assert lr.correlation is not None
    assert lr.correlation.value == pytest.approx(0.56, abs=0.01)


def test_runs_without_a_parameter_say_nothing_of_it(hub) -> None:
    sweep = hub.sweep(MINIMIZED)
    for number in range(8):
        run(hub, sweep, f"r{number}", {"x": number} if number < 5 else {}, loss=number)
    [influence] = hub.services.sweep_analysis.analysis(sweep.path).influences
    assert influence.runs == 5
    assert influence.correlation is not None
    assert influence.correlation.value == 1.0


@pytest.mark.parametrize("text", ["method: random\nparameters: {x: {min: 0.0, max: 1.0}}\n", MINIMIZED])
def test_a_sweep_without_runs_or_without_a_metric(hub, text: str) -> None:
    sweep = hub.sweep(text)
    if "metric" not in text:
        run(hub, sweep, "r", {"x": 1}, loss=1)
    analysis = hub.services.sweep_analysis.analysis(sweep.path)
    assert analysis.results == hub.services.sweep_analysis.results(sweep.path) == ()
    [influence] = analysis.influences
    assert (influence.runs, influence.importance, influence.correlation) == (0, None, None)


def test_a_sweep_that_is_not_there(hub) -> None:
    hub.begin()
    path = SweepPath("lab", "digits", "gone")
    service = hub.services.sweep_analysis
    for ask in (service.parameters, service.objective, service.results, service.analysis):
        with pytest.raises(NotFound):
            ask(path)
