from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.deterministic import START

from sweepyard.domain.fields import field_of
from sweepyard.domain.query import parse_query
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.domain.run_columns import column_of, column_order, condition_on, plain_items
from sweepyard.errors import RequestInvalid

RUN = Run(
    path=RunPath("lab", "digits", "one"), state=RunState.FINISHED, created_at=START, updated_at=START, tags=("a",)
)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("created", "created_at"),
        ("name", "display_name"),
        ("id", "name"),
        ("config.model.units", "config.model.units"),
        ("summary.best/epoch", "summary_metrics.best/epoch"),
        ("duration", "duration"),
    ],
)
def test_columns_have_the_names_of_filters(name: str, field: str) -> None:
    assert column_of(name) == field_of(field)


@pytest.mark.parametrize(
    ("name", "hint"), [("lr", "Attributes: "), ("config.", "Attributes"), ("stat", "Did you mean state")]
)
def test_what_is_no_column_is_refused(name: str, hint: str) -> None:
    with pytest.raises(RequestInvalid, match=hint):
        column_of(name)


def test_an_order_by_a_column() -> None:
    assert [(term.field.name, term.descending) for term in column_order("-summary.acc").terms] == [
        ("summary_metrics.acc", True)
    ]
    assert not column_order("+state").terms[0].descending
    assert not column_order("state").terms[0].descending
    assert column_order("").by_creation is False


def test_cells_show_neither_media_nor_the_clients_own() -> None:
    summary: dict[str, Any] = {
        "_runtime": 1,
        "acc": {"train": 1, "val": {"top1": 2}},
        "image": {"_type": "image-file"},
        "list": [1],
    }
    assert list(plain_items(summary)) == [("acc.train", 1), ("acc.val.top1", 2), ("list", [1])]


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=30))
KEYS = st.text(min_size=1, max_size=12).filter(lambda key: key == key.strip() and "." not in key)


@given(KEYS, VALUES, VALUES)
def test_a_condition_tells_who_has_a_value_from_who_has_not(key: str, value: Any, other: Any) -> None:
    condition = condition_on(f"config.{key}", value)
    assert condition is not None
    wanted = parse_query(condition)
    assert wanted.matches(replace(RUN, config={key: value}))
    is_same = type(other) is type(value) and other == value
    numbers = {type(value), type(other)} <= {int, float} and other == value
    assert wanted.matches(replace(RUN, config={key: other})) == (is_same or numbers)


def test_conditions_on_attributes() -> None:
    assert condition_on("state", "finished") == 'state = "finished"'
    assert condition_on("ended", None) == "ended not exists"
    for name, value in (("state", "finished"), ("sweep", None), ("ended", None), ("duration", 2.5)):
        parse_query(str(condition_on(name, value)))


@pytest.mark.parametrize("value", [math.nan, [1], {"a": 1}, "x" * 2000])
def test_what_no_filter_can_say(value: Any) -> None:
    assert condition_on("config.x", value) is None
    assert condition_on("created", START.isoformat()) is None
