from __future__ import annotations

import itertools
import math
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.deterministic import START

from sweepyard.domain.fields import columns_of
from sweepyard.domain.ordering import parse_order, rank_of
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.errors import RequestInvalid
from sweepyard.jsonvalue import dumps, loads


def sort(text: str | None, runs: list[Run]) -> list[str]:
    order = parse_order(text)
    return order.sort([run.path.run_id for run in runs], columns_of(runs, order.fields))


def test_newest_first_is_the_default(make_run) -> None:
    runs = [make_run(name, created_at=START + timedelta(seconds=age)) for name, age in (("a", 1), ("b", 3), ("c", 2))]
    assert sort(None, runs) == ["b", "c", "a"]
    assert sort("+created_at", runs) == ["a", "c", "b"]
    assert sort("created_at", runs) == ["a", "c", "b"]


def test_missing_and_nan_come_last_both_ways(make_run) -> None:
    values = {"a": 2, "b": math.nan, "c": None, "d": 1.5, "e": "text", "f": [1], "g": True}
    runs = [make_run(name, summary={} if value is None else {"x": value}) for name, value in values.items()]
    assert sort("+summary_metrics.x", runs) == ["g", "d", "a", "e", "f", "b", "c"]
    assert sort("-summary_metrics.x", runs) == ["f", "e", "a", "d", "g", "b", "c"]


def test_several_fields(make_run) -> None:
    runs = [make_run(f"{x}{y}", config={"x": x, "y": y}) for x, y in itertools.product((1, 2), (1, 2))]
    assert sort("-config.x,+config.y", runs) == ["21", "22", "11", "12"]
    assert sort("+config.x, -config.y", runs) == ["12", "11", "22", "21"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, False),
        ("+created_at", True),
        ("-createdAt", False),
        ("+updated_at", None),
        ("+created_at,+name", None),
    ],
)
def test_orders_by_creation_are_known(text: str | None, expected: bool | None) -> None:
    assert parse_order(text).by_creation is expected


@pytest.mark.parametrize("text", ["+", "+name,", ",", "-nothing"])
def test_malformed_orders_are_refused(text: str) -> None:
    with pytest.raises(RequestInvalid):
        parse_order(text)


def test_ranks() -> None:
    assert rank_of(None) is None
    assert rank_of(math.nan) is None
    assert rank_of(3) == (0, 3)
    assert rank_of("a") == (1, "a")
    assert rank_of({"a": 1.0}) == (2, '{"a":1}')


@pytest.mark.parametrize("key", [[], [1], ["x", "y"], [[1], "y"], [[0, "x"], "y"], [[1, 2], "y"], [["x", 2], "y"]])
def test_keys_of_another_order_are_refused(make_run, key) -> None:
    order, runs = parse_order("+config.x"), [make_run(config={"x": 5})]
    with pytest.raises(ValueError, match="the key"):
        order.behind(["one"], columns_of(runs, order.fields), key)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([math.nan, math.inf, -math.inf, 0.5]),
    st.sampled_from(["", "a", "b"]),
    st.just([1]),
)


@given(
    st.lists(st.tuples(VALUES, VALUES), max_size=8), st.sampled_from(["+config.x", "-config.x,+config.y", "-config.y"])
)
@settings(max_examples=100, deadline=None)
def test_what_is_behind_a_run_is_what_the_sort_puts_there(pairs, text: str) -> None:
    runs = [
        Run(
            path=RunPath("e", "p", f"r{number}"),
            state=RunState.RUNNING,
            created_at=START,
            updated_at=START,
            config={"x": x, "y": y},
        )
        for number, (x, y) in enumerate(pairs)
    ]
    order = parse_order(text)
    columns = columns_of(runs, order.fields)
    ordered = order.sort([run.path.run_id for run in runs], columns)
    by_id = {run.path.run_id: run for run in runs}
    for place, run_id in enumerate(ordered):
        key = loads(dumps(order.key_of(by_id[run_id])))
        assert isinstance(key, list)
        assert order.behind(ordered, columns, key) == place + 1
        rest = [other for other in ordered if other != run_id]
        assert order.behind(rest, columns, key) == place, "a run that has gone leaves its place"
