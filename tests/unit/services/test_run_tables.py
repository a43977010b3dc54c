"""Tables of runs: which runs, in which order, on which page, in which groups."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from sweepyard.domain.query import parse_query
from sweepyard.domain.run_columns import column_of, column_order
from sweepyard.errors import NotFound, RequestInvalid
from sweepyard.services.newest_runs import NEWEST, Telling
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.run_tables import RunKeys, RunQuery, RunsPage

ALL = RunSelection(entity="lab", project="digits")
EVERY = RunQuery(selection=ALL)
ACC, LR, MODEL = column_of("summary.acc"), column_of("config.lr"), column_of("config.model")
GRID = "method: grid\nprogram: train.py\nparameters: {x: {values: [1, 2]}}\n"


@pytest.fixture
def tables(hub: Any) -> Any:
    """Six runs of two models, three learning rates, and one without anything."""
    for place in range(6):
        hub.clock.advance(1)
        config = {"model": "mlp" if place % 2 else "convnet", "lr": 0.1 * (place // 2), "same": 1}
        hub.begin(f"r{place}", config=config, tags=("even",) if place % 2 == 0 else (), display_name=f"Fox {place}")
        hub.end(f"r{place}", acc=math.nan if place == 5 else place / 10, _runtime=place, image={"_type": "image-file"})
    hub.clock.advance(1)
    hub.begin("bare", group="G1")
    return hub.services.tables


def ids(page: RunsPage) -> list[str]:
    return [run.path.run_id for run in page.runs]


def test_pages_are_numbered_and_the_last_stands_for_later_ones(tables: Any) -> None:
    first = tables.page(EVERY, number=1, size=3)
    assert (ids(first), first.number, first.pages, first.total) == (["bare", "r5", "r4"], 1, 3, 7)
    assert ids(tables.page(EVERY, number=3, size=3)) == ["r0"]
    late = tables.page(EVERY, number=9, size=3)
    assert (ids(late), late.number) == (["r0"], 3)
    nothing = tables.page(replace(EVERY, wanted=parse_query("acc > 7")), number=4, size=3)
    assert nothing == RunsPage((), 1, 1, 0)


def test_a_page_has_a_number_and_a_size(tables: Any) -> None:
    with pytest.raises(RequestInvalid) as caught:
        tables.page(EVERY, number=0, size=-1)
    assert [violation.rule for violation in caught.value.violations] == ["page is 1 or more", "size is 1 or more"]


def test_filter_order_search_and_choice_work_together(tables: Any) -> None:
    by_acc = replace(EVERY, order=column_order("-summary.acc"))
    assert ids(tables.page(by_acc, number=1, size=9)) == ["r4", "r3", "r2", "r1", "r0", "bare", "r5"]
    assert ids(tables.page(replace(by_acc, wanted=parse_query("acc > 0.1")), number=1, size=9)) == ["r4", "r3", "r2"]
    for search, found in (
        ("fOX 3", ["r3"]),
        ("even", ["r4", "r2", "r0"]),
        ("g1", ["bare"]),
        ("R5", ["r5"]),
        ("zz", []),
    ):
        assert ids(tables.page(replace(by_acc, search=search), number=1, size=9)) == found, search
    assert ids(tables.page(replace(by_acc, only=frozenset({"r1", "r4", "none"})), number=1, size=9)) == ["r4", "r1"]
    both = replace(by_acc, only=frozenset({"r1", "r4"}), search="even")
    assert ids(tables.page(both, number=1, size=9)) == ["r4"]


def test_columns_of_all_runs(tables: Any) -> None:
    found = tables.columns(replace(EVERY, order=column_order("+summary.acc"), search="fox"), [ACC, LR])
    assert found.run_ids == ("r0", "r1", "r2", "r3", "r4", "r5")
    assert found.values[ACC][:5] == (0.0, 0.1, 0.2, 0.3, 0.4)
    assert math.isnan(found.values[ACC][5])
    assert tables.columns(EVERY, [MODEL]).values[MODEL][0] is None
    assert set(tables.columns(EVERY, [MODEL]).values) == {MODEL}


def test_groups_name_their_runs_by_place(tables: Any) -> None:
    found = tables.groups(replace(EVERY, wanted=parse_query("acc exists")), [MODEL], [ACC])
    acc = found.columns.values[ACC]
    assert [(group.values, [acc[place] for place in group.places][-1]) for group in found.groups] == [
        (("convnet",), 0.0),
        (("mlp",), 0.1),
    ]
    assert len(tables.groups(EVERY, [MODEL, LR], []).groups) == 7
    with pytest.raises(RequestInvalid, match="one column or more"):
        tables.groups(EVERY, [], [])


def test_keys_are_those_of_all_runs_and_follow_changes(tables: Any, hub: Any) -> None:
    assert tables.keys(ALL) == RunKeys(("lr", "model", "same"), ("acc",))
    hub.begin("new", config={"deep": {"er": 1}})
    assert tables.keys(ALL).config == ("deep.er", "lr", "model", "same")
    assert tables.keys(RunSelection(entity="lab", project="none")) == RunKeys((), ())


def test_what_tells_runs_apart(tables: Any, hub: Any) -> None:
    keys = ("lr", "model", "same")
    assert tables.telling(ALL) == Telling(("group", "tags"), keys, ("acc",), ("acc",), keys=keys)
    hub.services.runs.delete(hub.path("bare"))
    assert tables.telling(ALL) == Telling(("tags",), ("lr", "model"), ("acc",), ("acc",), keys=keys)


def test_keys_that_many_runs_have_with_values_that_differ_come_first(hub: Any) -> None:
    for place in range(4):
        config = {"a_list": [place], "deep": {"er": place}, "one": 1, "plain": place}
        hub.begin(f"r{place}", config=config)
        hub.end(f"r{place}", acc=1)
    hub.begin("odd", config={"a": 1, "b": {"c": 2}})
    hub.end("odd", aa=1, acc=1)
    telling = hub.services.tables.telling(ALL)
    assert telling.config == ("plain", "deep.er", "a_list", "one", "a", "b.c")
    assert telling.keys == telling.config
    assert telling.rare == {"aa"}


def test_only_the_newest_are_asked_what_tells_them_apart(hub: Any) -> None:
    hub.begin("oldest", config={"old": 1})
    for place in range(NEWEST):
        hub.clock.advance(1)
        hub.begin(f"r{place}", config={"lr": place})
    assert hub.services.tables.telling(ALL).config == ("lr",)
    assert hub.services.tables.keys(ALL).config == ("lr", "old")


def test_a_table_may_be_of_a_sweeps_runs(hub: Any) -> None:
    sweep = hub.sweep(GRID)
    hub.begin("one", sweep_id=sweep.path.sweep_id)
    hub.begin("two")
    query = RunQuery(selection=replace(ALL, sweep_id=sweep.path.sweep_id))
    assert ids(hub.services.tables.page(query, number=1, size=9)) == ["one"]


def test_of_a_sweeps_runs_it_is_told_first_what_the_sweep_varies_and_searches_for(hub: Any) -> None:
    sweep = hub.sweep(f"{GRID}metric: {{name: acc, goal: maximize}}\n")
    for value in (1, 2):
        run_id = f"r{value}"
        hub.begin(run_id, sweep_id=sweep.path.sweep_id, config={"a": value, "deep": {"er": value}, "x": value})
        hub.end(run_id, a_metric=1, acc=value)
    telling = hub.services.tables.telling(replace(ALL, sweep_id=sweep.path.sweep_id))
    keys = ("a", "x", "deep.er")
    assert telling == Telling(
        (),
        keys,
        ("a_metric", "acc"),
        ("a_metric", "acc"),
        first=("config.x", "summary.acc"),
        keys=keys,
        sweeps=(sweep.path.sweep_id,),
    )
    assert hub.services.tables.telling(ALL) == replace(telling, attributes=("sweep",))
    with pytest.raises(NotFound):
        hub.services.tables.telling(replace(ALL, sweep_id="none"))


def test_a_stamp_changes_with_its_run(tables: Any, hub: Any) -> None:
    runs = tables.columns(RunQuery(selection=ALL), ()).run_ids
    before = tables.stamps(ALL, [*runs, "none"])
    assert list(before) == list(runs)
    hub.end(runs[0], acc=1)
    assert tables.columns(RunQuery(selection=ALL), ()).run_ids == runs
    after = tables.stamps(ALL, runs)
    assert after[runs[0]] > before[runs[0]]
    assert [after[run] for run in runs[1:]] == [before[run] for run in runs[1:]]
