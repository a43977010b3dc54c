from __future__ import annotations

import math
from datetime import timedelta

import pytest
from tests.fakes.deterministic import START

from sweepyard.domain.fields import columns_of
from sweepyard.domain.filters import parse_filter
from sweepyard.domain.run import RunState
from sweepyard.errors import RequestInvalid


@pytest.fixture
def run(make_run):
    return make_run(
        "abc",
        state=RunState.FINISHED,
        display_name="Lively Run",
        config={"lr": 0.1, "model": {"units": [1, 2], "name": "mlp"}, "flat.key": 3, "flag": True, "none": None},
        summary={"loss": 0.25, "epoch/val_accuracy": 0.9, "bad": math.nan, "acc": {"max": 0.95}},
        tags=("first", "second"),
        group="g",
        sweep_id="s1",
        creator="ann",
        job_type="train",
    )


@pytest.mark.parametrize(
    "passing",
    [
        None,
        {},
        [],
        {"name": "abc"},
        {"display_name": "Lively Run", "displayName": {"$ne": "x"}},
        {"state": "finished"},
        {"state": {"$in": ["finished", "failed"]}},
        {"sweep": "s1"},
        {"group": "g", "jobType": "train", "job_type": "train", "username": "ann"},
        {"tags": "first"},
        {"tags": {"$in": ["second", "third"]}},
        {"tags": {"$all": ["first", "second"]}},
        {"tags": ["first", "second"]},
        {"tags": {"$nin": ["third"]}},
        {"tags": {"$regex": "^sec"}},
        {"config.lr": 0.1},
        {"config.lr.value": {"$gt": 0.05, "$lte": 0.1}},
        {"config.model.name": "mlp"},
        {"config.model": {"name": "mlp", "units": [1.0, 2.0]}},
        {"config.model.units": 2},
        {"config.model.units": {"$gte": 2}},
        {"config.flat.key": 3},
        {"config.flat.key": {"$lt": 3.5}},
        {"config.flag": True},
        {"config.none": None},
        {"config.missing": None},
        {"config.missing": {"$ne": 1}},
        {"config.missing": {"$exists": False}},
        {"config.lr": {"$exists": True}},
        {"summary_metrics.epoch/val_accuracy": {"$gte": 0.9}},
        {"summary_metrics.acc.max": {"$gt": 0.9}},
        {"summaryMetrics.loss": 0.25, "summary.loss": 0.25},
        {"created_at": {"$gte": "2026-11-21T08:00:00", "$lt": "2026-11-21T09:00:01+01:00"}},
        {"createdAt": {"$eq": START.isoformat()}},
        {"heartbeat_at": None},
        {"display_name": {"$regex": "lively", "$options": "i"}},
        {"display_name": {"$not": {"$regex": "Dull"}}},
        {"$or": [{"state": "failed"}, {"$and": [{"state": "finished"}, {"group": "g"}]}]},
        {"$nor": [{"state": "failed"}, {"group": "h"}]},
        {"$not": {"state": "failed"}},
        {"$and": []},
    ],
)
def test_passes(run, passing) -> None:
    assert parse_filter(passing).matches(run)


@pytest.mark.parametrize(
    "failing",
    [
        {"name": "ABC"},
        {"state": {"$nin": ["finished"]}},
        {"state": {"$in": []}},
        {"tags": "third"},
        {"tags": {"$ne": "first"}},
        {"tags": {"$all": ["first", "third"]}},
        {"config.lr": "0.1"},
        {"config.lr": {"$gt": "0"}},
        {"config.flag": 1},
        {"config.flag": {"$gt": 0}},
        {"config.flag": {"$lt": True}},
        {"config.flat.key": True},
        {"config.model": {"name": "mlp"}},
        {"config.model": {"$gt": {}}},
        {"config.lr.value.deeper": 0.1},
        {"config.none": {"$exists": True}},
        {"summary_metrics.bad": {"$gt": 0}},
        {"summary_metrics.bad": {"$lte": math.inf}},
        {"summary_metrics.bad": math.nan},
        {"summary_metrics.acc": {"$regex": "."}},
        {"created_at": {"$gt": "2026-11-22"}},
        {"heartbeat_at": {"$lt": "2030-01-01"}},
        {"display_name": {"$regex": "lively"}},
        {"$or": []},
        {"$nor": [{"state": "finished"}]},
        {"$not": {"state": "finished"}},
        {"state": "finished", "group": "h"},
    ],
)
def test_fails(run, failing) -> None:
    assert not parse_filter(failing).matches(run)


def deep(key: str, levels: int) -> dict[str, object]:
    value: dict[str, object] = {"state": "finished"}
    for _ in range(levels):
        value = {key: [value]} if key != "$not" else {key: value}
    return value


def deep_condition(levels: int) -> dict[str, object]:
    value: object = {"$eq": "x"}
    for _ in range(levels):
        value = {"$not": value}
    return {"name": value}


@pytest.mark.parametrize(
    ("malformed", "rule"),
    [
        ("text", "a filter is a JSON object"),
        ([1], "a filter is a JSON object"),
        ({"$and": {}}, r"\$and takes a list"),
        ({"$or": [1]}, "a filter is a JSON object"),
        ({"$where": "1"}, "a filter knows"),
        ({"stat": "x"}, "Did you mean state"),
        ({"qqqqq": 1}, "Known: "),
        ({"config.": 1}, "names a field"),
        ({"state": {"$like": "x"}}, "a condition knows"),
        ({"state": {"$in": "x"}}, r"\$in takes a list"),
        ({"state": {"$exists": 1}}, "true or false"),
        ({"state": {"$regex": 1}}, r"\$regex takes a text"),
        ({"state": {"$regex": "("}}, "regular expression"),
        ({"state": {"$regex": "a" * 257}}, "at most 256"),
        ({"state": {"$regex": "(?=a)"}}, "invalid perl operator"),
        ({"state": {"$regex": "a", "$options": "x"}}, r"\$options knows i"),
        ({"created_at": "yesterday"}, "a time is written as"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "a time is written as"),
        ({"created_at": {"$gt": 5}}, "a time is written as"),
        (deep("$and", 40), "nests at most 32"),
        (deep("$not", 40), "nests at most 32"),
        (deep_condition(40), "nests at most 32"),
    ],
)
def test_what_does_not_follow_the_grammar_is_refused(malformed, rule: str) -> None:
    with pytest.raises(RequestInvalid, match=rule):
        parse_filter(malformed)


def test_only_a_filter_that_demands_nothing_passes_everything() -> None:
    assert parse_filter(None).everything
    assert parse_filter({}).everything
    assert parse_filter({"$and": []}).everything
    assert not parse_filter({"$or": []}).everything
    assert not parse_filter({"name": "x"}).everything


def test_a_filter_names_its_fields_and_keeps_the_order_of_the_runs(make_run) -> None:
    wanted = parse_filter({"$or": [{"displayName": "b"}, {"config.x": {"$gt": 1}}], "state": "running"})
    assert sorted(field.name for field in wanted.fields) == ["config.x", "display_name", "state"]
    assert {field.source for field in wanted.fields} == {"config", "display_name", "state"}
    runs = [make_run("z", config={"x": 2}), make_run("a", display_name="b"), make_run("m", config={"x": 1})]
    assert wanted.keep(["z", "m", "a"], columns_of(runs, wanted.fields)) == ["z", "a"]


def test_times_without_a_zone_are_in_utc(make_run) -> None:
    late = make_run(heartbeat_at=START + timedelta(hours=1))
    assert parse_filter({"heartbeatAt": {"$gt": "2026-11-21T09:00:00"}}).matches(late)
    assert not parse_filter({"heartbeat_at": {"$gt": "2026-11-21T09:00:00-01:00"}}).matches(late)


def test_a_pattern_that_would_hang_a_backtracking_engine_is_answered(make_run) -> None:
    wanted = parse_filter({"notes": {"$regex": "^(a+)+$"}})
    assert not wanted.matches(make_run(notes="a" * 5_000 + "b"))
    assert wanted.matches(make_run(notes="a" * 5_000))
