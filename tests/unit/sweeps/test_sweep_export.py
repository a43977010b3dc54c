"""What a sweep becomes for wandb.ai, and what is lost on the way."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from sweepyard.sweeps.config import parse
from sweepyard.sweeps.engine import expected_runs
from sweepyard.sweeps.export import Exported, for_wandb

HEAD = "method: grid\nmetric: {name: m}\n"


def export(text: str) -> Exported:
    config = parse(text)
    exported = for_wandb(config)
    again = parse(yaml.safe_dump(exported.document, sort_keys=False))
    assert (again.not_for_wandb, again.warnings) == ((), config.warnings)
    assert for_wandb(again) == Exported(exported.document, (), ())
    return exported


def test_a_file_of_wandbs_own_stays_as_it_is() -> None:
    text = (
        HEAD
        + "run_cap: 3\nparameters: {b: {values: [1]}, a: {value: 2}}\nearly_terminate: {type: hyperband, min_iter: 3}\n"
    )
    exported = export(text)
    assert exported == Exported(yaml.safe_load(text), (), ())
    assert list(exported.document) == list(yaml.safe_load(text))


def test_what_wandb_lacks_is_stripped_and_named() -> None:
    exported = export(
        HEAD + "seed: 3\nmax_retries: 2\nmax_host_failures: 4\ntime_budget: 8h\nparameters: {a: {value: 1}}\n"
    )
    assert exported.document == {"method": "grid", "metric": {"name": "m"}, "parameters": {"a": {"value": 1}}}
    assert [loss.partition(":")[0] for loss in exported.losses] == [
        "`seed`", "`max_retries`", "`max_host_failures`", "`time_budget`"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("repeats: 2\nparameters: {a: {values: [1, 2]}}\n", {"a": {"values": [1, 2]}, "seed": {"values": [0, 1]}}),
        (
            "repeats: {n: 2, key: s}\nparameters: {a: {value: 1}, s: {value: 5}}\n",
            {"a": {"value": 1}, "s": {"values": [5, 6]}},
        ),
        (
            "repeats: {n: 2, key: n.s}\nparameters: {n: {parameters: {s: {value: 5}, t: {value: 1}}}}\n",
            {"n": {"parameters": {"s": {"values": [5, 6]}, "t": {"value": 1}}}},
        ),
    ],
)
def test_repeats_of_a_grid_are_expanded(text: str, parameters: dict[str, Any]) -> None:
    exported = export(HEAD + text)
    assert exported.document["parameters"] == parameters
    assert exported.losses == ()
    assert len(exported.changes) == 1
    assert expected_runs(parse(yaml.safe_dump(exported.document))) == expected_runs(parse(HEAD + text))


def test_repeats_of_other_methods_are_lost() -> None:
    text = "method: random\nrepeats: 2\nparameters: {a: {min: 0.0, max: 1.0}}\n"
    assert export(text).losses == ("`repeats`: W&B runs each point once",)


def test_coupled_parameters_come_apart() -> None:
    text = "zip: [[b, a]]\nparameters: {a: {values: [1, 2]}, b: {values: [3, 4]}, c: {values: [5, 6]}}\n"
    assert export(HEAD + text).losses == (
        "`zip`: W&B does not couple parameters (a with b) and tries every combination",
        "the grid has 8 runs there in place of 4",
    )
    assert export(HEAD.replace("grid", "bayes") + text).losses == (
        "`zip`: W&B does not couple parameters (a with b) and tries every combination",
    )


def test_the_runs_of_a_grid_are_counted_without_all_that_wandb_lacks() -> None:
    text = "zip: [[a, b]]\nrepeats: 2\nparameters: {a: {values: [1, 2]}, b: {values: [3, 4]}, "
    text += "opt: {values: [adam, sgd]}, mom: {values: [0.1, 0.2], when: {opt: sgd}}}\n"
    exported = export(HEAD + text)
    assert exported.losses[-1] == "the grid has 32 runs there in place of 12"
    assert expected_runs(parse(HEAD + text)) == 12
    assert expected_runs(parse(yaml.safe_dump(exported.document))) == 32


def test_conditions_are_stripped_wherever_they_stand() -> None:
    text = "parameters:\n  o: {values: [a, b]}\n  x: {value: 1, when: {o: a}}\n"
    text += "  g: {when: {o: b}, parameters: {y: {value: 2, when: {x: 1}}}}\n"
    exported = export(HEAD + text)
    assert exported.document["parameters"] == {
        "o": {"values": ["a", "b"]}, "x": {"value": 1}, "g": {"parameters": {"y": {"value": 2}}}
    }  # fmt: skip
    assert [loss.partition(" ")[0] for loss in exported.losses] == ["`x`'s", "`g`'s", "`g.y`'s"]


def test_of_several_metrics_the_first_stays() -> None:
    text = "method: random\nmetrics: [{name: a, goal: maximize}, {name: b}, {name: c}]\nparameters: {x: {value: 1}}\n"
    exported = export(text)
    assert list(exported.document) == ["method", "metric", "parameters"]
    assert exported.document["metric"] == {"name": "a", "goal": "maximize"}
    assert exported.losses == ("`metrics`: W&B looks at the first one only, and not at b, c",)
    custom = "method: custom\nmetrics: [{name: a}, {name: b}]\nparameters: {x: {value: 1}}\n"
    assert export(custom).losses == ()


def test_rules_of_early_termination() -> None:
    text = HEAD + "parameters: {x: {value: 1}}\nearly_terminate: "
    asha = export(text + "{type: asha, min_iter: 2, eta: 4}\n")
    assert asha.document["early_terminate"] == {"type": "hyperband", "min_iter": 2, "eta": 4.0, "strict": True}
    assert len(asha.losses) == 1
    median = export(text + "{type: median}\n")
    assert "early_terminate" not in median.document
    assert len(median.losses) == 1


def test_a_distribution_that_wandb_refuses_beside_probabilities_goes() -> None:
    text = "method: random\nparameters: {x: {distribution: categorical, values: [1, 2], probabilities: [0.5, 0.5]}}\n"
    exported = export(text)
    assert exported.document["parameters"] == {"x": {"values": [1, 2], "probabilities": [0.5, 0.5]}}
    assert (exported.losses, len(exported.changes)) == ((), 1)
