"""Lists of runs: what the store's columns and the index over them give is what reading every run would give."""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.deterministic import START, ManualClock
from tests.fakes.memory_database import MemoryDatabase

from sweepyard.domain.fields import field_of
from sweepyard.domain.filters import parse_filter
from sweepyard.domain.ordering import parse_order, rank_of
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.services.ports import Database
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.run_index import RunIndex
from sweepyard.services.runs import RunService

PATH = RunPath("lab", "digits", "one")
RUN = Run(path=PATH, state=RunState.RUNNING, created_at=START, updated_at=START)
ALL = RunSelection(entity="lab", project="digits")

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from([0.5, math.nan, math.inf, "a", "b", "ü"])
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.fixed_dictionaries({"y": SCALARS}))
MAPPINGS = st.dictionaries(st.sampled_from(["x", "x.y", "z"]), VALUES, max_size=3)
FIELDS = st.sampled_from(
    ["config.x", "config.x.y", "config.z.value", "summary_metrics.x", "state", "tags", "sweep", "created_at"]
)
OPERANDS = {"created_at": st.sampled_from([START.isoformat(), (START + timedelta(seconds=1)).isoformat()])}
CONDITIONS = st.sampled_from(["$eq", "$ne", "$gt", "$lte", "$in", "$nin"])
ORDERS = st.lists(st.tuples(st.sampled_from("+-"), FIELDS).map("".join), min_size=1, max_size=2).map(",".join)


@st.composite
def leaves(draw: Any) -> dict[str, Any]:
    field, operator = draw(FIELDS), draw(CONDITIONS)
    operands = OPERANDS.get(field, st.one_of(SCALARS, st.sampled_from(["running", "finished", "s1"])))
    operand = draw(st.lists(operands, max_size=2)) if operator in {"$in", "$nin"} else draw(operands)
    return {field: {operator: operand}}


FILTERS = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).flatmap(
            lambda parts: st.sampled_from([{key: parts} for key in ("$and", "$or", "$nor")])
        ),
        inner.map(lambda part: {"$not": part}),
    ),
    max_leaves=4,
)
RUNS = st.lists(
    st.builds(
        dict,
        config=MAPPINGS,
        summary=MAPPINGS,
        tags=st.lists(st.sampled_from(["a", "b"]), max_size=2).map(tuple),
        state=st.sampled_from([RunState.RUNNING, RunState.FINISHED]),
        sweep_id=st.sampled_from([None, "s1"]),
        created_at=st.sampled_from([START, START + timedelta(seconds=1)]),
    ),
    max_size=6,
)


def slowly_sorted(runs: list[Run], order: str) -> list[str]:
    """Runs compared two at a time."""

    def compare(left: Run, right: Run) -> int:
        for term in parse_order(order).terms:
            mine, other = rank_of(term.field.read(left)), rank_of(term.field.read(right))
            if mine != other:
                if mine is None or other is None:
                    return 1 if mine is None else -1
                return 1 if (mine > other) is not term.descending else -1
        return -1 if left.path.run_id < right.path.run_id else 1

    return [run.path.run_id for run in sorted(runs, key=functools.cmp_to_key(compare))]


@pytest.fixture
def stored(database: Database) -> Database:
    with database.writing() as unit:
        unit.projects.ensure("lab", "digits", START)
        unit.runs.add(RUN)
    return database


@given(RUNS, FILTERS, ORDERS, st.sampled_from([{}, {"sweep_id": "s1"}, {"states": frozenset({RunState.RUNNING})}]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_list_is_what_reading_every_run_would_give(
    stored: Database, drawn: list[dict[str, Any]], filters: dict[str, Any], order: str, narrowed: dict[str, Any]
) -> None:
    runs = [replace(RUN, path=replace(PATH, run_id=f"r{number}"), **values) for number, values in enumerate(drawn)]
    selection = replace(ALL, **narrowed)
    with stored.writing() as unit:
        for run in unit.runs.select(ALL):
            unit.runs.delete(run.path)
        for run in runs:
            unit.runs.add(run)
    with stored.reading() as unit:
        selected = [run for run in unit.runs.select(selection) if parse_filter(filters).matches(run)]
    expected = slowly_sorted(selected, order)
    service = RunService(stored, ManualClock(), RunIndex())
    assert service.count(selection, filters=filters) == len(expected)
    found: list[str] = []
    after, more = None, True
    while more:
        page = service.list(selection, filters=filters, order=order, first=2, after=after)
        assert page.total == len(expected)
        found += [run.path.run_id for run in page.items]
        after, more = page.end_cursor, page.has_next
    assert found == expected


def test_every_change_gives_a_run_another_stamp(stored: Database) -> None:
    seen: set[int] = set()
    for change in range(4):
        with stored.writing() as unit:
            if change == 2:
                unit.runs.delete(PATH)
                assert unit.runs.stamps("lab", "digits") == {}
                unit.runs.add(RUN)
            elif change:
                unit.runs.save(replace(RUN, notes=str(change)))
        with stored.reading() as unit:
            stamps = unit.runs.stamps("lab", "digits")
            assert stamps == {"one": unit.runs.stamp(PATH)}
            assert unit.runs.stamp(replace(PATH, run_id="two")) is None
        seen.update(stamps.values())
    assert len(seen) == 4
    with stored.reading() as unit:
        assert unit.runs.stamps("lab", "digits") == stamps
        assert unit.runs.stamps("lab", "other") == {}


def test_columns_are_of_all_runs_or_of_those_asked_for(stored: Database) -> None:
    names = [
        "name", "display_name", "state", "sweep", "agent", "tags", "username", "group", "job_type", "host", "commit",
        "notes", "attempt", "created_at", "updated_at", "heartbeat_at", "started_at", "ended_at", "config.a.b",
        "summary_metrics.loss",
    ]  # fmt: skip
    other = replace(
        RUN, path=replace(PATH, run_id="two"), display_name="d", sweep_id="s", agent_id="a", tags=("t",), creator="c",
        group="g", job_type="j", host="h", commit="x", notes="n", attempt=2, heartbeat_at=START, started_at=START,
        ended_at=START, config={"a": {"b": [1]}}, summary={"loss": math.inf}, state=RunState.FAILED,
    )  # fmt: skip
    fields = [field_of(name) for name in names]
    with stored.writing() as unit:
        unit.runs.add(other)
    with stored.reading() as unit:
        columns = unit.runs.columns("lab", "digits", fields)
        assert columns == {field: {"one": field.read(RUN), "two": field.read(other)} for field in fields}
        assert unit.runs.columns("lab", "digits", fields[:1], ["two", "none"]) == {fields[0]: {"two": "two"}}
        assert unit.runs.columns("lab", "other", fields[:1]) == {fields[0]: {}}
        assert unit.runs.of_ids("lab", "digits", ["two", "none", "one"]) == [other, RUN]


class Counting(RunIndex):
    """Notes how many values it holds."""

    def held(self) -> int:
        return sum(map(len, self._columns.values()))


def test_the_index_follows_changes_and_forgets_what_was_used_longest_ago() -> None:
    database = MemoryDatabase()
    index = Counting(max_values=25)
    service = RunService(database, ManualClock(), index)
    with database.writing() as unit:
        unit.projects.ensure("lab", "digits", START)
        for number in range(10):
            unit.runs.add(replace(RUN, path=replace(PATH, run_id=f"r{number}"), config={"x": number, "y": -number}))

    def best(order: str) -> list[str]:
        return [run.path.run_id for run in service.list(ALL, order=order, first=2).items]

    assert best("-config.x") == ["r9", "r8"]
    assert best("-config.y") == ["r0", "r1"]
    assert best("+config.z") == ["r0", "r1"]
    assert index.held() == 20
    with database.writing() as unit:
        unit.runs.save(replace(RUN, path=replace(PATH, run_id="r3"), config={"x": 99}))
        unit.runs.delete(replace(PATH, run_id="r0"))
        unit.runs.add(replace(RUN, path=replace(PATH, run_id="r10"), config={"y": 99}))
    assert best("-config.x") == ["r3", "r9"]
    assert best("-config.y") == ["r10", "r1"]
    assert service.count(ALL, filters={"config.z": None}) == 10
    assert index.held() <= 25
