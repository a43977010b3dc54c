"""What may change in a sweep that has runs."""

from __future__ import annotations

import pytest

from sweepyard.sweeps.config import parse
from sweepyard.sweeps.editing import refusals

FILE = """
method: random
name: first
run_cap: 10
metric: {name: m, goal: maximize, target: 0.9}
parameters:
  a: {values: [1, 2.0, x]}
  b: {min: 0.1, max: 0.5}
  c: {min: 1, max: 9}
  d: {distribution: normal, mu: 0, sigma: 1}
  e: {values: [p, q], probabilities: [0.5, 0.5]}
  f: {value: 3}
  g: {distribution: q_uniform, min: 0, max: 10, q: 2}
  h: {values: [1], when: {a: x}}
"""


def refused(*changes: tuple[str, str]) -> list[str]:
    text = FILE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return refusals(parse(FILE), parse(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: first", "name: second\ndescription: more"),
        ("run_cap: 10", "run_cap: 11"),
        ("run_cap: 10", "max_retries: 2\ntime_budget: 8h\nmax_host_failures: 3"),
        ("target: 0.9", "target: 0.99"),
        ("[1, 2.0, x]", "[y, x, 2, 1, 0]"),
        ("min: 0.1, max: 0.5", "min: 0.01, max: 0.9"),
        ("min: 1, max: 9", "min: 1, max: 12"),
        ("min: 0, max: 10, q: 2", "min: -4, max: 10, q: 2"),
    ],
)
def test_a_sweep_may_grow(old: str, new: str) -> None:
    assert refused((old, new)) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("method: random", "method: grid", "`method` must stay as it is (\"random\"; received \"grid\")"),
        ("name: first", "seed: 4", "`seed` must stay as it is (nothing; received 4)"),
        ("name: first", "program: other.py", "`program` must stay as it is (nothing; received \"other.py\")"),
        ("name: first", "repeats: 3", "`repeats` must stay as it is (nothing; received 3)"),
        ("run_cap: 10", "run_cap: 9", "`run_cap` must not become smaller than 10; received 9"),
        ("goal: maximize", "goal: minimize", "the metric and its goal must stay as they are"),
        ("name: m,", "name: n,", "the metric and its goal must stay as they are"),
        ("[1, 2.0, x]", "[1, x]", "`a` must keep its values; 2.0 would go"),
        ("{min: 0.1, max: 0.5}", "{min: 0.2, max: 0.9}",
         "`b` may only become wider; min: 0.1, max: 0.5 became min: 0.2, max: 0.9"),
        ("{min: 1, max: 9}", "{min: 1.0, max: 9}", "`c` must stay int_uniform; received uniform"),
        ("sigma: 1", "sigma: 2", "`d` may only become wider; mu: 0, sigma: 1 became mu: 0, sigma: 2"),
        ("{value: 3}", "{value: 4}", "`f` may only become wider; value: 3 became value: 4"),
        ("q: 2}", "q: 1}",
         "`g` may only become wider; min: 0, max: 10, q: 2 became min: 0, max: 10, q: 1"),
        (", when: {a: x}", "", "`h`'s `when` must stay as it is"),
        ("  f: {value: 3}\n", "", "parameter `f` must not go"),
        ("  f: {value: 3}\n", "  f: {value: 3}\n  z: {value: 3}\n",
         "parameter `z` must not come in: the runs that there are have no value of it"),
    ],
)  # fmt: skip
def test_what_runs_rely_on_stays(old: str, new: str, message: str) -> None:
    if "grid" in new:
        before = parse("method: random\nparameters: {a: {values: [1]}}\n")
        assert refusals(before, parse("method: grid\nparameters: {a: {values: [1]}}\n")) == [message]
    else:
        assert refused((old, new)) == [message]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert len(refused(("run_cap: 10", "run_cap: 1"), ("[1, 2.0, x]", "[x]"), ("sigma: 1", "sigma: 3"))) == 3


def test_a_cap_must_not_come_in_and_a_seed_may_be_left_out() -> None:
    text = "method: random\nparameters: {a: {value: 1}}\n"
    assert refusals(parse(text), parse(text + "run_cap: 3\n")) == [
        "`run_cap` must not be added to a sweep without one; received 3"
    ]
    assert refusals(parse(text + "seed: 3\n"), parse(text)) == []
