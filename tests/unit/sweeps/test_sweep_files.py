"""Reading sweep files: what is understood, what is refused and how it is said, with line numbers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.domain.objective import Goal, Imputation, Objective
from sweepyard.errors import SweepFileInvalid
from sweepyard.sweeps import distributions
from sweepyard.sweeps.config import Method, examine, parse
from sweepyard.sweeps.document import as_yaml_number, readable, shown
from sweepyard.sweeps.parameters import DISTRIBUTIONS

HEAD = "method: random\nparameters:\n  x: "


def refusals(text: str, **options: Any) -> list[str]:
    with pytest.raises(SweepFileInvalid) as refused:
        parse(text, source="f.yaml", **options)
    return [str(violation) for violation in refused.value.violations]


def refusal(text: str) -> str:
    messages = refusals(text)
    assert len(messages) == 1, messages
    return messages[0]


def parameter(text: str) -> distributions.Distribution:
    return parse(HEAD + text).parameters[0].distribution


def with_key(line: str, *, method: str = "random") -> str:
    return f"method: {method}\nparameters: {{x: {{values: [1]}}}}\n{line}\n"


def test_everything_of_a_file_is_understood() -> None:
    config = parse(
        """
method: grid
name: n
description: d
project: p
entity: e
program: train.py
run_cap: 7
seed: 3
max_retries: 2
kind: sweep
apiVersion: v1
controller: {type: cloud}
metric: {name: m, goal: maximize, target: 0.5, impute: best, impute_while_running: "false"}
command: [python, "${program}", "${args}"]
parameters:
  b: {values: [1, two]}
  a: {parameters: {c: {value: null}}}
""",
        source="s.yaml",
    )
    assert config.method is Method.GRID
    assert (config.name, config.description, config.project, config.entity) == ("n", "d", "p", "e")
    assert (config.program, config.command) == ("train.py", ("python", "${program}", "${args}"))
    assert (config.run_cap, config.seed, config.max_retries) == (7, 3, 2)
    assert config.objective == Objective("m", Goal.MAXIMIZE, 0.5, Imputation.BEST)
    assert config.termination is None
    assert [(item.path, item.where) for item in config.parameters] == [(("a", "c"), "s.yaml:18"), (("b",), "s.yaml:17")]
    assert config.raw["parameters"] == {"b": {"values": [1, "two"]}, "a": {"parameters": {"c": {"value": None}}}}
    assert (config.warnings, config.not_for_hub) == ((), ())
    assert [str(item) for item in config.not_for_wandb] == [
        "s.yaml:9: wandb.ai knows no key `seed` in a sweep file",
        "s.yaml:10: wandb.ai knows no key `max_retries` in a sweep file",
    ]
    assert (config.lines["method"], config.lines["metric.goal"]) == ("s.yaml:2", "s.yaml:14")


def test_what_a_file_leaves_out() -> None:
    config = parse(with_key("metric: {name: m}"))
    assert config.objective == Objective("m", Goal.MINIMIZE, None)
    assert (config.name, config.program, config.command) == ("", "", ())
    assert (config.run_cap, config.seed, config.max_retries, config.termination) == (None, None, None, None)
    assert parse(with_key("")).objective is None


def test_json_is_yaml_too() -> None:
    assert parse('{"method": "grid", "parameters": {"x": {"value": 1}}}').method is Method.GRID


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{value: [1, {k: null}]}", distributions.Constant([1, {"k": None}])),
        ("{distribution: constant, value: x}", distributions.Constant("x")),
        ("{values: [1, 1.5, x, null, true]}", distributions.Categorical((1, 1.5, "x", None, True))),
        ("{distribution: categorical, values: [1]}", distributions.Categorical((1,))),
        ("{values: [a, b], probabilities: [0.5, 0.5]}", distributions.WeightedCategorical(("a", "b"), (0.5, 0.5))),
        (
            "{distribution: categorical_w_probabilities, values: [a], probabilities: [1]}",
            distributions.WeightedCategorical(("a",), (1.0,)),
        ),
        ("{min: 1, max: 3}", distributions.IntUniform(1, 3)),
        ("{min: 1, max: 3.0}", distributions.Uniform(1, 3.0)),
        ("{min: 1.0, max: 3}", distributions.Uniform(1.0, 3)),
        ("{distribution: uniform, min: 1, max: 3}", distributions.Uniform(1, 3)),
        ("{distribution: q_uniform, min: 1, max: 3}", distributions.QUniform(1, 3, 1.0)),
        ("{distribution: q_uniform, min: 1, max: 3, q: 2}", distributions.QUniform(1, 3, 2)),
        ("{distribution: log_uniform, min: -3, max: 0}", distributions.LogUniform(-3, 0)),
        ("{distribution: log_uniform_values, min: 1.0e-3, max: 1}", distributions.LogUniformValues(1e-3, 1)),
        ("{distribution: q_log_uniform, min: 0, max: 3, q: 1}", distributions.QLogUniform(0, 3, 1)),
        ("{distribution: q_log_uniform_values, min: 1, max: 99, q: 2}", distributions.QLogUniformValues(1, 99, 2)),
        ("{distribution: inv_log_uniform, min: 0, max: 3}", distributions.InvLogUniform(0, 3)),
        ("{distribution: inv_log_uniform_values, min: 1, max: 3}", distributions.InvLogUniformValues(1, 3)),
        ("{distribution: normal}", distributions.Normal(0.0, 1.0)),
        ("{distribution: normal, mu: 3, sigma: 0}", distributions.Normal(3, 0)),
        ("{distribution: q_normal, mu: 3, q: 0.5}", distributions.QNormal(3, 1.0, 0.5)),
        ("{distribution: log_normal, sigma: 2}", distributions.LogNormal(0.0, 2)),
        ("{distribution: q_log_normal, mu: 3}", distributions.QLogNormal(3, 1.0, 1.0)),
        ("{distribution: beta, a: 2}", distributions.Beta(2, 1.0)),
        ("{distribution: q_beta, a: 2, b: 3, q: 0.1}", distributions.QBeta(2, 3, 0.1)),
    ],
)
def test_every_distribution_is_understood(text: str, expected: distributions.Distribution) -> None:
    distribution = parameter(text)
    assert distribution == expected
    assert type(distribution) is type(expected)


def test_every_distribution_has_a_class_that_says_its_name() -> None:
    classes = {
        kind.kind
        for kind in vars(distributions).values()
        if isinstance(kind, type) and isinstance(getattr(kind, "kind", None), str)
    }
    assert classes == set(DISTRIBUTIONS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3", "f.yaml:3: `x` must be a mapping; received 3. For one fixed value write {value: ...}"),
        (
            "{}",
            "f.yaml:3: `x` must have `value`, `values`, `min` and `max`, `parameters` or a `distribution`; received {}",
        ),
        ("{value: 1, valeu: 2}", "f.yaml:3: `x` (constant) takes no key `valeu`. Did you mean `value`?"),
        ("{value: 1, zzzz: 2}", "f.yaml:3: `x` (constant) takes no key `zzzz`. Legal keys: distribution, value, when"),
        ("{distribution: constant}", "f.yaml:3: `x` (constant) must have `value`"),
        ("{distribution: categorical}", "f.yaml:3: `x` (categorical) must have `values`"),
        ("{values: []}", "f.yaml:3: `x`'s values must be a list of at least one value; received []"),
        ("{values: 3}", "f.yaml:3: `x`'s values must be a list of at least one value; received 3"),
        (
            "{distribution: categorical_w_probabilities, values: [1]}",
            "f.yaml:3: `x` (categorical_w_probabilities) must have `probabilities`",
        ),
        (
            "{values: [1, 2], probabilities: [1]}",
            "f.yaml:3: `x`'s probabilities must be a list of as many numbers as there are values, 2; received [1]",
        ),
        (
            "{values: [1, 2], probabilities: [0.5, 0.6]}",
            "f.yaml:3: `x`'s probabilities must be at least 0 and sum to 1; received [0.5, 0.6]",
        ),
        (
            "{values: [1, 2], probabilities: [1.5, -0.5]}",
            "f.yaml:3: `x`'s probabilities must be at least 0 and sum to 1; received [1.5, -0.5]",
        ),
        ("{values: [1, 2], probabilities: [a, 1]}", "f.yaml:3: `x`'s probabilities must be a number; received 'a'"),
        ("{min: 3, max: 3}", "f.yaml:3: `x`'s min must be less than its max; received min 3, max 3"),
        ("{min: 3}", "f.yaml:3: `x` (int_uniform) must have `max`"),
        ("{max: 3.0}", "f.yaml:3: `x` (uniform) must have `min`"),
        ("{min: true, max: 3}", "f.yaml:3: `x`'s min must be a number; received True"),
        ("{min: a, max: 3}", "f.yaml:3: `x`'s min must be a number; received 'a'"),
        (
            "{min: 1, max: 3, q: 2}",
            (
                "f.yaml:3: `x` must have `value`, `values`, `min` and `max`, `parameters` or a `distribution`; "
                "received min, max, q. With `q`, name one of the q_ distributions"
            ),
        ),
        ("{distribution: int_uniform, min: 1.0, max: 3}", "f.yaml:3: `x`'s min must be an integer; received 1.0"),
        ("{distribution: log_uniform_values, min: 0, max: 3}", "f.yaml:3: `x`'s min must be above 0; received 0"),
        ("{distribution: q_uniform, min: 0, max: 3, q: 0}", "f.yaml:3: `x`'s q must be above 0; received 0"),
        ("{distribution: normal, sigma: -1}", "f.yaml:3: `x`'s sigma must be at least 0; received -1"),
        ("{distribution: beta, a: 0}", "f.yaml:3: `x`'s a must be above 0 and at most 1,000,000; received 0"),
        (
            "{distribution: beta, b: 2000000}",
            "f.yaml:3: `x`'s b must be above 0 and at most 1,000,000; received 2000000",
        ),
        (
            "{distribution: normal, min: 0}",
            "f.yaml:3: `x` (normal) takes no key `min`. Legal keys: distribution, mu, sigma, when",
        ),
        (
            "{distribution: log_normal, mu: 800}",
            (
                "f.yaml:3: `x` (log_normal) must give numbers that a float can hold; "
                "received {'distribution': 'log_normal', 'mu': 800}"
            ),
        ),
        (
            "{min: -1.0e+308, max: 1.0e+308}",
            "f.yaml:3: `x` (uniform) must give numbers that a float can hold; received {'min': -1e+308, 'max': 1e+308}",
        ),
        ("{min: 1.0, max: .inf}", "f.yaml:3: a number must be finite; received inf"),
        ("{value: .nan}", "f.yaml:3: a number must be finite; received nan"),
        ("{parameters: {}}", "f.yaml:3: `x.parameters` must be a mapping with at least one parameter; received {}"),
        (
            "{parameters: {y: {value: 1}}, min: 3}",
            "f.yaml:3: `x` (nested) takes no key `min`. Legal keys: parameters, when",
        ),
        (
            "{parameters: {2y: {value: 1}}}",
            (
                "f.yaml:3: a parameter's name must start with a letter or _ and go on with letters, digits, _ . -; "
                "received 2y"
            ),
        ),
    ],
)
def test_a_wrong_parameter_is_refused(text: str, message: str) -> None:
    assert refusal(HEAD + text) == message


def test_an_unknown_distribution_names_the_nearest() -> None:
    message = refusal(HEAD + "{distribution: log_uniform_value, min: 1, max: 2}")
    assert message.endswith("received 'log_uniform_value'. Did you mean `log_uniform_values`?")


def test_a_mistyped_key_of_a_parameter_names_the_nearest() -> None:
    messages = refusals(HEAD + "{valuse: [1]}")
    assert messages[0] == "f.yaml:3: `x` takes no key `valuse`. Did you mean `value`?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("methud: 3", "f.yaml:3: a sweep file takes no key `methud`. Did you mean `method`?"),
        ("xyzzy: 3", "f.yaml:3: a sweep file takes no key `xyzzy`. Legal keys: "),
        ("run_cap: 0", "f.yaml:3: `run_cap` must be an integer from 1 to 9223372036854775807; received 0"),
        ("run_cap: true", "f.yaml:3: `run_cap` must be an integer from 1 to 9223372036854775807; received True"),
        ("seed: -1", "f.yaml:3: `seed` must be an integer from 0 to 9223372036854775807; received -1"),
        ("max_retries: 1.5", "f.yaml:3: `max_retries` must be an integer from 0 to 1000; received 1.5"),
        ("name: 3", "f.yaml:3: `name` must be text; received 3"),
        ("kind: sweeps", "f.yaml:3: `kind` must be one of sweep; received 'sweeps'. Did you mean `sweep`?"),
        ("command: python", "f.yaml:3: `command` must be a list; received 'python'"),
        ("command: [python, 3]", "f.yaml:3: each item of `command` must be text; received 3"),
        ("controller: local", "f.yaml:3: `controller` must be a mapping; received 'local'"),
        ("controller: {}", "f.yaml:3: `controller` must have `type`"),
        ("controller: {type: x}", "f.yaml:3: `controller.type` must be one of local, cloud; received 'x'"),
        ("metric: m", "f.yaml:3: `metric` must be a mapping with `name` and `goal`; received 'm'"),
        ("metric: {}", "f.yaml:3: `metric` must have `name`"),
        ("metric: {name: 3}", "f.yaml:3: `metric`'s name must be text; received 3"),
        (
            "metric: {name: m, goal: maximise}",
            "f.yaml:3: `metric`'s goal must be one of minimize, maximize; received 'maximise'. Did you mean",
        ),
        ("metric: {name: m, target: high}", "f.yaml:3: `metric`'s target must be a number; received 'high'"),
        (
            "metric: {name: m, impute: mean}",
            "f.yaml:3: `metric`'s impute must be one of latest, best, worst; received 'mean'",
        ),
        ("metric: {name: m, gaol: 1}", "f.yaml:3: `metric` takes no key `gaol`. Did you mean `goal`?"),
        (
            "metric: {name: m, impute_while_running: false}",
            "f.yaml:3: `metric`'s impute_while_running (text) must be one of latest, best, worst, false; received",
        ),
        ("metrics: [{name: a}, {name: a}]", "f.yaml:3: `metrics` must be different ones; received a, a"),
        ("early_terminate: {type: hyperband, min_iter: 1}", "f.yaml:3: `early_terminate` must go with a `metric`"),
        ("job: 3", "f.yaml:3: `job` must be text; received 3"),
    ],
)
def test_a_wrong_top_level_is_refused(text: str, message: str) -> None:
    assert refusal(with_key(text)).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{min_iter: 1}", "`early_terminate` must have `type`: hyperband, asha, median"),
        (
            "{type: hyperbnd, min_iter: 1}",
            "`early_terminate.type` must be one of hyperband, asha, median; received 'hyperbnd'. Did you mean",
        ),
        ("{type: hyperband}", "`early_terminate` must have `min_iter`, or `max_iter` and `s`"),
        ("{type: hyperband, max_iter: 9}", "`early_terminate` must have `min_iter`, or `max_iter` and `s`"),
        ("{type: hyperband, min_iter: 0}", "`min_iter` must be an integer from 1 to"),
        ("{type: hyperband, min_iter: 1, eta: 1}", "`early_terminate.eta` must be above 1; received 1"),
        ("{type: hyperband, min_iter: 1, eta: x}", "`early_terminate.eta` must be a number; received 'x'"),
        ("{type: hyperband, min_iter: 1, strict: 1}", "`early_terminate.strict` must be true or false; received 1"),
        ("{type: hyperband, min_iter: 1, etta: 3}", "`early_terminate` takes no key `etta`. Did you mean `eta`?"),
        (
            "{type: hyperband, max_iter: 2, s: 2}",
            "`early_terminate` must leave a band: s at least 1, max_iter at least eta; received max_iter 2, s 2, eta 3",
        ),
        ("{type: hyperband, max_iter: 27, s: 0}", "`early_terminate` must leave a band"),
    ],
)
def test_wrong_early_termination_is_refused(text: str, message: str) -> None:
    got = refusal(with_key(f"metric: {{name: m}}\nearly_terminate: {text}"))
    assert got.startswith(f"f.yaml:4: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scheduler: {}", "`scheduler` must have `engine` (wandb, optuna, ax)"),
        (
            "scheduler: {engine: optun}",
            "`scheduler.engine` must be one of wandb, optuna, ax; received 'optun'. Did you mean",
        ),
        ("scheduler: {engine: ax}", "`scheduler.engine: ax` must go with method custom; received random"),
        ("scheduler: {engine: wandb, optimizer: f}", "`scheduler.optimizer` must go with `source`"),
        ("scheduler: {engine: wandb, source: 3}", "`scheduler.source` must be text; received 3"),
        ("scheduler: 3", "`scheduler` must be a mapping; received 3"),
    ],
)
def test_a_wrong_scheduler_is_refused(text: str, message: str) -> None:
    assert refusal(with_key(text)).startswith(f"f.yaml:3: {message}")


def test_what_a_client_dumped_is_read_with_its_letters() -> None:
    dumped = 'method: grid\nname: "\\u0645\\xE9"\nparameters:\n  x:\n    values:\n    - 1\n'
    assert readable(dumped) == dumped.replace('"\\u0645\\xE9"', "\u0645\u00e9")
    written = f"# mine\n{dumped}"
    assert readable(written) == written


def test_a_scheduler_ends_no_runs_early() -> None:
    text = "metric: {name: m}\nearly_terminate: {type: hyperband, min_iter: 1}\nscheduler: {engine: wandb}"
    assert refusal(with_key(text)) == "f.yaml:5: `scheduler` and `early_terminate` must not stand together"


def test_a_scheduler_may_bring_its_own_search_space() -> None:
    config = parse("method: custom\nscheduler: {engine: optuna, source: s.py, search_space: f}\n")
    assert len(config.parameters) == 0
    assert config.has_scheduler
    assert (config.not_for_hub, config.not_for_wandb) == ((), ())


@pytest.mark.parametrize(
    "text", ["seed: 3", "repeats: 2", "time_budget: 1h", "zip: [[x, y]]"], ids=lambda text: text.partition(":")[0]
)
def test_a_scheduler_leaves_the_search_of_the_hub_nothing_to_do(text: str) -> None:
    key = text.partition(":")[0]
    reading = examine(with_key(f"{text}\nscheduler: {{engine: wandb}}"), source="f.yaml")
    rule = f"`{key}` must not stand with `scheduler`, which proposes the runs in place of the hub"
    assert rule in [violation.rule for violation in reading.violations]


def test_a_scheduler_takes_the_place_of_a_local_controller() -> None:
    text = "controller: {type: local}\nscheduler: {engine: wandb}"
    assert refusal(with_key(text)) == "f.yaml:3: `scheduler` and `controller: {type: local}` must not stand together"


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("metrics: [{name: a}]", ["`metrics` must be a list of two or more; received [{'name': 'a'}]"]),
        ("metrics: [{name: a}, 3]", ["`metrics` must be a mapping with `name` and `goal`; received 3"]),
        (
            "metrics: [{name: a}, {name: b}]\nmetric: {name: m}",
            ["`metric` and `metrics` must not stand together"],
        ),
    ],
)
def test_wrong_lists_of_metrics_are_refused(text: str, messages: list[str]) -> None:
    assert refusals(with_key(text, method="custom")) == [f"f.yaml:3: {message}" for message in messages]


def test_a_grid_takes_only_what_it_can_enumerate() -> None:
    text = (
        "method: grid\nparameters:\n  a: {min: 0.0, max: 1.0}\n  b: {values: [1, 2], probabilities: [0.5, 0.5]}\n"
        "  c: {distribution: q_uniform, min: 0.0, max: 1.0, q: 0.1}\n  d: {min: 0, max: 1000000}\n"
        "  e: {distribution: q_uniform, min: 0.0, max: 1.0, q: 1.0e-7}\n"
    )
    rule = "must be categorical, constant, int_uniform or q_uniform under method grid"
    assert refusals(text) == [
        f"f.yaml:3: `a` {rule}; received uniform. List the `values`, or use method random",
        f"f.yaml:4: `b` {rule}; received categorical_w_probabilities. List the `values`, or use method random",
        "f.yaml:6: `d` may have at most 1,000,000 values under method grid; received 1,000,001 values",
        "f.yaml:7: `e` may have at most 1,000,000 values under method grid; received 10,000,000 values",
    ]


def test_an_unknown_method_names_the_nearest() -> None:
    message = refusal(with_key("", method="gird"))
    assert (
        message
        == "f.yaml:1: `method` must be one of grid, random, bayes, custom; received 'gird'. Did you mean `grid`?"
    )


def test_bayes_needs_a_metric() -> None:
    assert refusal(with_key("", method="bayes")) == "f.yaml:1: method bayes must have a `metric`"


def test_all_violations_are_said_at_once_in_the_files_order() -> None:
    messages = refusals(
        "methud: x\nrun_cap: -2\nparameters:\n  a: {values: []}\n  b: {min: 2, max: 1}\nmetric: {goal: up}\n"
    )
    assert [message.split(":")[1] for message in messages] == ["1", "1", "2", "4", "5", "6", "6"]
    assert "`method` must be one of grid, random, bayes, custom; received 'x'" in messages[1]


def test_what_is_right_in_a_wrong_file_is_there_for_a_check() -> None:
    reading = examine("method: random\nparameters:\n  a: {values: []}\n  b: {values: [1]}\nrun_cap: x\n")
    assert len(reading.violations) == 2
    assert reading.config is not None
    assert [item.name for item in reading.config.parameters] == ["b"]


@pytest.mark.parametrize("text", ["3", "[1, 2]", "text"])
def test_a_file_must_hold_a_mapping(text: str) -> None:
    assert refusal(text).startswith("f.yaml:1: a sweep file must hold a mapping; received")


def test_a_file_needs_parameters() -> None:
    assert refusal("method: grid") == "f.yaml:1: a sweep file must have `parameters`"
    assert "`parameters` must be a mapping with at least one parameter" in refusal("method: grid\nparameters: [1]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml: a sweep file must hold a mapping; received an empty file"),
        (
            "a: [1",
            "f.yaml:1: a sweep file must be well-formed YAML (expected ',' or ']', but got '<stream end>'); received",
        ),
        (
            "a: 1\n b: 2",
            "f.yaml:2: a sweep file must be well-formed YAML (mapping values are not allowed here); received 'b: 2'",
        ),
        ("a: \x00", "f.yaml: a sweep file must be well-formed YAML (special characters are not allowed)"),
        ("a: 1\na: 2", "f.yaml:2: a key must stand once in its mapping; received 'a'"),
        ("? [1]\n: 2", "f.yaml:1: a key must be text; received [1]. Put it in quotes"),
        ("1: 2", "f.yaml:1: a key must be text; received 1. Put it in quotes"),
        (
            "a: 2020-01-01",
            "f.yaml:1: a value must be text, a number, true, false, null, a list or a mapping; received 2020",
        ),
        ("a: 2020-99-99", "f.yaml:1: a value must be readable (month must be in 1..12); received '2020-99-99'"),
        (
            "a: !!python/name:os.system x",
            "f.yaml:1: a value must be readable (could not determine a constructor for the tag",
        ),
        (
            "<<: 3\nb: 1",
            "f.yaml:1: a sweep file must be well-formed YAML (expected a mapping or list of mappings",
        ),
        (
            "a: &x [*x]",
            "f.yaml:1: a sweep file must hold at most 100,000 values, nested at most 100 deep; received more",
        ),
        ("[" * 150 + "]" * 150, "f.yaml:1: a sweep file must hold at most 100,000 values, nested at most 100 deep"),
        ("[\n" * 2_000 + "]" * 2_000, "f.yaml: a sweep file must hold at most 100,000 values, nested at most 100 deep"),
    ],
)
def test_what_is_not_a_document_is_refused(text: str, message: str) -> None:
    assert refusals(text)[0].startswith(message)


def test_a_date_can_be_meant_as_text() -> None:
    assert refusal("a: 2020-01-01").endswith(
        'received 2020-01-01 (date). To mean the text, put it in quotes: "2020-01-01"'
    )


@pytest.mark.parametrize("text", ["08", "1e999", "e5", "1e", "v1.5", "."])
def test_text_that_is_no_number_stays_text(text: str) -> None:
    assert parameter(f"{{value: {text}}}") == distributions.Constant(text)


def test_signed_fractions_without_a_leading_digit_are_text_to_yaml() -> None:
    assert refusal(HEAD + "{value: -.5}").endswith("received '-.5'. Write -0.5")


def test_aliases_that_multiply_without_end_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "at most 100,000 values" in refusal("\n".join(lines))


def test_anchors_and_merge_keys_work() -> None:
    config = parse("method: random\nparameters:\n  a: &lr {min: 0.0, max: 1.0}\n  b: {<<: *lr, max: 2.0}\n  c: *lr\n")
    assert [item.distribution for item in config.parameters] == [
        distributions.Uniform(0.0, 1.0),
        distributions.Uniform(0.0, 2.0),
        distributions.Uniform(0.0, 1.0),
    ]


TEXT_NUMBERS = "{x: {values: [1e-5, {k: [3E6]}]}, y: {min: 1e-5, max: 1.0}, z: {value: -2.5e3}}"


def test_numbers_that_yaml_reads_as_text_are_refused() -> None:
    assert refusals(f"method: random\nparameters: {TEXT_NUMBERS}") == [
        "f.yaml:2: `x`'s values must not be a number that YAML reads as text; received '1e-5'. Write 1.0e-5",
        "f.yaml:2: `x`'s values must not be a number that YAML reads as text; received '3E6'. Write 3.0e+6",
        "f.yaml:2: `y`'s min must not be a number that YAML reads as text; received '1e-5'. Write 1.0e-5",
        "f.yaml:2: `z`'s value must not be a number that YAML reads as text; received '-2.5e3'. Write -2.5e+3",
    ]


def test_the_hub_takes_them_as_the_numbers_that_were_meant_and_warns() -> None:
    config = parse(f"method: random\nparameters: {TEXT_NUMBERS}", text_numbers="warn")
    assert [item.distribution for item in config.parameters] == [
        distributions.Categorical((1e-5, {"k": [3e6]})),
        distributions.Uniform(1e-5, 1.0),
        distributions.Constant(-2500.0),
    ]
    assert len(config.warnings) == 4
    assert str(config.warnings[0]).endswith("received '1e-5'. Write 1.0e-5; it is taken as the number 1e-05")


def test_quoted_numbers_are_meant_as_text() -> None:
    assert parameter("{values: ['1e-5', \"2e3\"]}") == distributions.Categorical(("1e-5", "2e3"))


@given(st.from_regex(r"[-+]?([0-9]{1,3}(\.[0-9]{0,3})?|\.[0-9]{1,3})([eE][-+]?[0-9]{1,2})?", fullmatch=True))
def test_the_suggested_writing_is_the_same_number_to_yaml(text: str) -> None:
    assert yaml.safe_load(as_yaml_number(text)) == float(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_as_meant(number: float) -> None:
    value = parse(f"{HEAD}{{value: {number!r}}}", text_numbers="warn").parameters[0].distribution.sample(0.5)
    assert isinstance(value, int | float)
    assert math.isclose(value, number, rel_tol=0)


@pytest.mark.parametrize("kind", ["log_uniform", "q_log_uniform", "inv_log_uniform"])
def test_bounds_that_are_exponents_are_warned_of(kind: str) -> None:
    config = parse(f"{HEAD}{{distribution: {kind}, min: 0, max: 3}}")
    assert [item.rule for item in config.warnings] == [
        f"`x`'s bounds are natural-log exponents under {kind}, which W&B calls deprecated"
    ]
    assert config.warnings[0].hint.startswith(f"Use {kind}_values")


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("{distribution: q_log_uniform_values, min: 1.0e-5, max: 0.1}", True),
        ("{distribution: q_log_uniform_values, min: 1.0e-5, max: 0.1, q: 1.0e-5}", False),
        ("{distribution: q_log_normal, mu: -9}", True),
        ("{distribution: q_beta}", True),
        ("{distribution: q_beta, q: 0.1}", False),
        ("{distribution: q_normal}", False),
        ("{distribution: q_uniform, min: 0.0, max: 0.1}", False),
    ],
)
def test_a_quantum_that_swallows_its_values_is_warned_of(text: str, warned: bool) -> None:
    warnings = parse(HEAD + text).warnings
    assert [item.rule for item in warnings] == (
        ["`x`'s q should be smaller than its values: half of them become 0"] if warned else []
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            with_key("", method="custom"),
            "the hub does not search by `method: custom`, which leaves that to a scheduler of W&B's",
        ),
        (with_key("controller: {type: local}"), "this version of the hub does not serve local controllers"),
        (with_key("job: j"), "the hub does not serve W&B Launch (`job`)"),
        (with_key("image_uri: i"), "the hub does not serve W&B Launch (`image_uri`)"),
    ],
)
def test_what_this_version_of_the_hub_lacks(text: str, sentence: str) -> None:
    assert [item.rule for item in parse(text).not_for_hub] == [sentence]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (with_key("repeats: 3"), "wandb.ai knows no key `repeats` in a sweep file"),
        (with_key("time_budget: 8h"), "wandb.ai knows no key `time_budget` in a sweep file"),
        (with_key("max_host_failures: 3"), "wandb.ai knows no key `max_host_failures` in a sweep file"),
        (
            HEAD + "{values: [1]}\n  y: {values: [2]}\nzip: [[x, y]]\n",
            "wandb.ai knows no key `zip` in a sweep file",
        ),
        (with_key("metrics: [{name: a}, {name: b}]"), "wandb.ai takes `metrics` with `method: custom` only"),
        (with_key("seed: 3"), "wandb.ai knows no key `seed` in a sweep file"),
        (
            with_key("metric: {name: m}\nearly_terminate: {type: asha}"),
            "wandb.ai knows only `early_terminate.type: hyperband`",
        ),
        (
            with_key("metric: {name: m}\nearly_terminate: {type: median, min_iter: 2, interval: 1, min_runs: 5}"),
            "wandb.ai knows only `early_terminate.type: hyperband`",
        ),
        (HEAD + "{values: [1], when: {y: 2}}\n  y: {value: 2}\n", "wandb.ai knows no key `when` in a parameter"),
        (
            HEAD + "{distribution: categorical, values: [1], probabilities: [1]}",
            "wandb.ai takes probabilities only without a distribution or as categorical_w_probabilities (`x`)",
        ),
    ],
)
def test_what_wandb_refuses(text: str, sentence: str) -> None:
    assert [item.rule for item in parse(text).not_for_wandb] == [sentence]


def test_a_long_value_is_shown_in_part() -> None:
    assert shown("x" * 200) == "'" + "x" * 76 + "..."
