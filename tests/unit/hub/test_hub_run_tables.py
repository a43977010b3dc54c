"""What a table of runs shows, and how its view stands in the address."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from sweepyard.domain.access import Role
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.domain.run_columns import column_of
from sweepyard.errors import RequestInvalid
from sweepyard.hub.dashboard.cells import Cell, CellKind, run_cell, spread_cell
from sweepyard.hub.dashboard.curve_section import curves_section
from sweepyard.hub.dashboard.curve_views import CurveView
from sweepyard.hub.dashboard.downloads import csv_response, json_response, sheet_of
from sweepyard.hub.dashboard.runs_section import RunsSection, runs_section
from sweepyard.hub.dashboard.views import SIZES, RunsView
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.runs import RunChanges
from sweepyard.services.sweeps import SweepDraft

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RUN = Run(path=RunPath("lab", "p", "r1"), state=RunState.FINISHED, created_at=NOW, updated_at=NOW)
ALL = RunSelection(entity="lab", project="p")
EVIL = '<b>&"\u202e'


@pytest.fixture
def services(door: Any) -> Any:
    """Six runs of two models."""
    actor = door.services.access.authenticate(door.keys[Role.WRITE])
    for place in range(6):
        changes = RunChanges(
            config={"model": "mlp" if place % 2 else EVIL, "lr": 0.5 * (place // 2), "same": [1]},
            summary={"acc": math.nan if place == 5 else place / 8, "note": "=1+1"},
            tags=("a", "b,c") if place == 0 else (),
        )
        path = RunPath("lab", "p", f"r{place}")
        door.services.runs.upsert(path, changes, actor=actor, begins=True)
    return door.services


def section(services: Any, **view: Any) -> RunsSection:
    return runs_section(services, ALL, RunsView(sort="+id", **view), "/lab/p")


@pytest.mark.parametrize(
    ("column", "changes", "cell"),
    [
        ("state", {}, Cell("finished", CellKind.STATE)),
        ("created", {}, Cell("2026-01-02 03:04:05")),
        ("ended", {}, Cell("–")),
        ("tags", {"tags": ("a", "b")}, Cell("", CellKind.TAGS, tags=("a", "b"))),
        ("sweep", {"sweep_id": "s1"}, Cell("s1", url="/lab/p/sweeps/s1")),
        ("sweep", {}, Cell("–")),
        ("duration", {"summary": {"_runtime": 61.5}}, Cell("1 min 1 s", CellKind.NUMBER, "61.5 s")),
        ("duration", {"started_at": NOW, "ended_at": NOW + timedelta(minutes=2)}, Cell("2 min 0 s", CellKind.NUMBER)),
        ("duration", {}, Cell("–", CellKind.NUMBER)),
        ("config.lr", {"config": {"lr": 0.1234567}}, Cell("0.123457", CellKind.NUMBER, "0.1234567")),
        ("config.lr", {"config": {"lr": 3}}, Cell("3", CellKind.NUMBER)),
        ("config.on", {"config": {"on": True}}, Cell("true")),
        ("summary.acc", {"summary": {"acc": math.nan}}, Cell("NaN", CellKind.NUMBER)),
        ("summary.acc", {}, Cell("–")),
    ],
)
def test_cells(column: str, changes: Any, cell: Cell) -> None:
    assert run_cell(column_of(column), replace(RUN, **changes), NOW) == cell


def test_a_long_text_is_cut_and_told_to_who_points_at_it() -> None:
    cell = run_cell(column_of("notes"), replace(RUN, notes="x" * 4000), NOW)
    assert len(cell.text) == 200
    assert len(cell.note) == 1000
    assert run_cell(column_of("config.list"), replace(RUN, config={"list": ["y" * 300]}), NOW).note.startswith('["yy')


@pytest.mark.parametrize(
    ("column", "values", "cell"),
    [
        ("summary.acc", [0.5, 0.6, 0.7], Cell("0.6 ± 0.1", CellKind.NUMBER, "3 of 3 runs, from 0.5 to 0.7")),
        ("summary.acc", [0.5], Cell("0.5", CellKind.NUMBER, "1 of 1 runs, from 0.5 to 0.5")),
        (
            "summary.acc",
            [1.0, None, math.inf],
            Cell("1 (n = 1)", CellKind.NUMBER, "1 of 3 runs, from 1 to 1; 1 not finite"),
        ),
        ("duration", [60, 120], Cell("1 min 30 s ± 42 s", CellKind.NUMBER, "2 of 2 runs, from 60 to 120")),
        ("config.model", ["a", "a"], Cell("a")),
        ("config.model", ["a", "b", None], Cell("3 values")),
        ("created", [NOW.isoformat(), NOW.isoformat()], Cell("2026-01-02 03:04:05")),
        ("summary.acc", [None, None], Cell("–")),
    ],
)
def test_cells_of_groups(column: str, values: Any, cell: Cell) -> None:
    assert spread_cell(column_of(column), values) == cell


NAMES = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).map(str.strip).filter(bool),
    max_size=3,
    unique=True,
)


@given(
    st.builds(
        RunsView,
        search=st.text(st.characters(exclude_categories=["Cs"]), max_size=9).map(str.strip),
        filter=st.sampled_from(["", "lr > 1", 'x = "a&b"']),
        sort=st.sampled_from(["", "-summary.acc", "+state"]),
        columns=NAMES.map(tuple),
        pinned=NAMES.map(tuple),
        group=NAMES.map(lambda names: tuple(f"config.{name}" for name in names)),
        page=st.integers(1, 99),
        size=st.sampled_from(SIZES),
        selected=st.lists(st.sampled_from(["a", "b-1"]), unique=True).map(tuple),
        only_selected=st.booleans(),
        hidden=st.lists(st.sampled_from(["0a", "b1"]), unique=True).map(tuple),
        without_hidden=st.booleans(),
    )
)
def test_a_view_stands_in_its_address_whole(view: RunsView) -> None:
    _, _, query = view.url("/lab/p").partition("?")
    assert RunsView.of(QueryParams(query)) == view


def test_a_plain_view_has_a_plain_address() -> None:
    assert RunsView().url("/lab/p") == "/lab/p"
    assert RunsView.of(QueryParams("page=1&size=50&runs=&search=+&column=")) == RunsView()
    assert RunsView.of(QueryParams("sort=state&runs=a,b&runs=c,a")) == RunsView(sort="+state", selected=("a", "b", "c"))


def test_groups_by_a_bare_key_are_those_of_the_config() -> None:
    view = RunsView.of(QueryParams("group=lr&group=state&group=config.lr&group=summary.acc"))
    assert view.group == ("config.lr", "state", "summary.acc")


def test_all_that_is_wrong_with_an_address_is_told_at_once() -> None:
    pins = "&".join(f"pin=config.p{place}" for place in range(4))
    with pytest.raises(RequestInvalid) as caught:
        RunsView.of(QueryParams(f"page=0&size=x&{pins}"))
    assert [violation.rule for violation in caught.value.violations] == [
        "page is a whole number from 1 on",
        "size is a whole number from 1 on",
        "a view has at most 3 pinned columns",
    ]
    with pytest.raises(RequestInvalid, match="size is one of"):
        RunsView.of(QueryParams("size=7"))


def test_a_click_on_a_columns_head_turns_its_order() -> None:
    view = RunsView(page=3)
    turns = []
    for _ in range(3):
        view = view.turned("state")
        turns.append((view.sort, view.direction("state"), view.page))
    assert turns == [("-state", "descending", 1), ("+state", "ascending", 1), ("", "", 1)]
    assert RunsView(sort="-created").direction("state") == ""


def test_by_itself_a_table_shows_what_tells_runs_apart(services: Any) -> None:
    shown = section(services)
    assert [column.name for column in shown.columns] == [
        "state", "created", "duration", "tags", "config.lr", "config.model", "summary.acc", "summary.note",
    ]  # fmt: skip
    assert [column.label for column in shown.columns][-2:] == ["acc", "note"]
    assert [column.name for column in shown.columns if column.numeric] == ["duration", "config.lr", "summary.acc"]
    assert (shown.total, shown.pages, shown.existing, shown.problems) == (6, 1, 6, ())
    assert [row.name for row in shown.rows] == [f"r{place}" for place in range(6)]


def test_many_keys_of_one_run_hide_nothing_that_tells_the_others_apart(door: Any, services: Any) -> None:
    actor = door.services.access.authenticate(door.keys[Role.WRITE])
    several = {f"a{place:03}": place for place in range(500)}
    metrics = {f"a{place:03}": 1.0 for place in range(500)}
    path = RunPath("lab", "p", "wide")
    services.runs.upsert(path, RunChanges(config=several, summary=metrics), actor=actor, begins=True)
    shown = section(services)
    names = [column.name for column in shown.columns]
    assert names[4:7] == ["config.lr", "config.model", "config.same"]
    assert names[12:14] == ["summary.acc", "summary.note"]
    assert shown.group_names[:3] == ("state", "tags", "host")
    assert shown.group_names[3:5] == ("config.lr", "config.model")
    assert "config.a499" in shown.group_names
    curves = curves_section("/lab/p", "/lab/p", CurveView(), shown.telling.metrics, rare=shown.telling.rare)
    assert curves.charts[0] == "acc"


def test_what_the_sweeps_of_a_project_vary_and_search_for_comes_first(door: Any, services: Any) -> None:
    actor = door.services.access.authenticate(door.keys[Role.WRITE])
    file = "method: grid\nmetric: {name: z/goal}\nparameters: {z: {values: [1, 2]}}\n"
    sweep = services.sweeps.create("lab", "p", SweepDraft(config_yaml=file), actor=actor)
    for place in range(2):
        changes = RunChanges(
            sweep_id=sweep.path.sweep_id,
            config={"z": place, "resolved": {"units": [place]}},
            summary={"batch/loss": 1, "z/goal": 1},
        )
        services.runs.upsert(RunPath("lab", "p", f"s{place}"), changes, actor=actor, begins=True)
    shown = section(services)
    assert [column.name for column in shown.columns] == [
        "state", "created", "duration", "sweep", "tags", "config.z", "summary.z/goal", "config.lr", "config.model",
        "config.same", "summary.acc", "summary.note", "summary.batch/loss",
    ]  # fmt: skip
    assert section(services, group=("config.model",)).columns[1].name == "summary.z/goal"


def test_pinned_columns_come_first_and_twins_are_told_apart(services: Any) -> None:
    shown = section(services, columns=("config.acc", "summary.acc", "state"), pinned=("summary.acc",), selected=("r1",))
    assert [(column.name, column.label, column.pin) for column in shown.columns] == [
        ("summary.acc", "summary.acc", 1), ("config.acc", "config.acc", 0), ("state", "state", 0),
    ]  # fmt: skip
    assert [row.run_id for row in shown.rows if row.selected] == ["r1"]


def test_pages_lead_to_each_other(services: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = section(services, size=2, page=2)
    assert (shown.page, shown.pages) == (2, 3)
    assert shown.previous_url == "/lab/p?sort=%2Bid&size=2"
    assert shown.next_url == "/lab/p?sort=%2Bid&page=3&size=2"
    assert section(services, size=2, page=9).next_url == ""


def test_what_is_wrong_with_filter_and_columns_is_told_instead_of_runs(services: Any) -> None:
    shown = section(services, filter="acc >")
    assert (shown.rows, shown.existing) == ((), 6)
    assert "behind an operator comes a value" in shown.problems[0]
    assert len(section(services, columns=("nonsense",), group=("more",)).problems) == 2


def test_a_name_that_no_run_has_is_told_where_nothing_is_left_to_see(services: Any) -> None:
    found = section(services, filter="modle = mlp and lr > 0", search="x")
    assert found.unknown == ("no run has 'modle'. Did you mean `model`?",)
    assert found.clear_label == "Clear the filter and the search"
    assert section(services, search="zzzz").clear_label == "Clear the search"
    assert section(services, filter="modle = mlp or lr > 0").unknown == ()
    assert section(services, group=("config.modle",)).unknown == ("no run has 'config.modle'. Did you mean `model`?",)
    assert section(services, group=("config.model",)).unknown == ()


def test_a_key_that_only_leads_to_others_is_told_with_these(door: Any, services: Any) -> None:
    actor = door.services.access.authenticate(door.keys[Role.WRITE])
    changes = RunChanges(config={"optimizer": {"name": "adam", "momentum": 0}})
    services.runs.upsert(RunPath("lab", "p", "nested"), changes, actor=actor, begins=True)
    found = section(services, filter="optimizer = adam")
    assert found.unknown == ("no run has 'optimizer'. Did you mean `optimizer.name`?",)
    assert section(services, filter="id = nested", group=("config.optimizer",)).unknown == ()


def test_groups_lead_to_their_runs(services: Any) -> None:
    shown = runs_section(
        services, ALL, RunsView(group=("config.model",), sort="-summary.acc", filter="lr < 9"), "/lab/p"
    )
    assert [(group.common[0].text, group.count) for group in shown.groups] == [(EVIL, 3), ("mlp", 3)]
    assert [cell.text for cell in shown.groups[1].cells][:2] == ["–", "0.25 ± 0.18 (n = 2)"]
    for group in shown.groups:
        view = RunsView.of(QueryParams(group.url.partition("?")[2]))
        found = runs_section(services, ALL, view, "/lab/p")
        assert (found.total, found.problems) == (3, ())
    by_list = section(services, group=("config.same",))
    assert [(group.url, group.count) for group in by_list.groups] == [("", 6)]


def test_groups_are_ordered_by_what_they_share_or_by_a_mean(services: Any) -> None:
    def order(sort: str) -> list[str]:
        view = RunsView(group=("config.lr",), sort=sort)
        return [group.common[0].text for group in runs_section(services, ALL, view, "/lab/p").groups]

    assert order("") == order("+config.lr") == order("+summary.acc") == ["0", "0.5", "1"]
    assert order("-config.lr") == order("-summary.acc") == ["1", "0.5", "0"]
    assert order("-summary.none") == ["0", "0.5", "1"]


def test_groups_are_hidden_and_shown_again_in_the_address(services: Any) -> None:
    def seen(url: str) -> RunsSection:
        return runs_section(services, ALL, RunsView.of(QueryParams(url.partition("?")[2])), "/lab/p")

    shown = seen("?group=config.model")
    assert (shown.hidden, [group.hidden for group in shown.groups]) == (0, [False, False])
    evil, mlp = seen(shown.groups[1].turn_url).groups
    assert (evil.hidden, mlp.hidden) == (False, True)
    assert seen(mlp.turn_url) == shown
    both = seen(evil.turn_url)
    assert (both.hidden, both.total) == (2, 2)
    assert (seen(both.leave_url).hidden, seen(both.leave_url).groups) == (2, ())
    one = seen(seen(shown.groups[1].turn_url).leave_url)
    assert ([group.common[0].text for group in one.groups], one.hidden, one.total) == ([EVIL], 1, 1)
    assert seen(one.leave_url).groups == (evil, mlp)
    assert seen(one.show_url) == shown
    assert one.groups[0].url == shown.groups[0].url


def test_what_is_hidden_by_one_column_is_not_by_another(services: Any) -> None:
    key = section(services, group=("config.model",)).groups[0].key
    assert section(services, group=("config.model", "config.same"), hidden=(key,)).hidden == 0


def test_a_download_has_all_pages_of_the_view(services: Any) -> None:
    view = RunsView(sort="-summary.acc", size=25, columns=("tags", "config.model", "summary.acc", "config.same"))
    answer = csv_response(sheet_of(services, ALL, view), "lab-p")
    rows = list(csv.reader(io.StringIO(bytes(answer.body).decode())))
    assert rows[0] == ["id", "name", "tags", "config.model", "summary.acc", "config.same"]
    assert rows[1] == ["r4", "r4", "[]", EVIL, "0.5", "[1]"]
    assert rows[-2] == ["r0", "r0", '["a","b,c"]', EVIL, "0.0", "[1]"]
    assert rows[-1][4] == "NaN"
    assert answer.headers["content-disposition"] == 'attachment; filename="lab-p.csv"'


def test_a_download_of_groups_has_means_of_what_is_a_number(services: Any) -> None:
    view = RunsView(group=("config.model",), sort="-summary.best", columns=("summary.acc", "summary.note"))
    sheet = sheet_of(services, ALL, view)
    assert sheet.names == ("config.model", "runs", "summary.acc mean", "summary.acc deviation", "summary.acc n")
    assert sheet.rows[1] == ("mlp", 3, 0.25, pytest.approx(0.1767767), 2)
    assert b'"summary.acc n":2' in bytes(json_response(sheet, "x").body)
    hidden = tuple(group.key for group in runs_section(services, ALL, view, "/lab/p").groups[:1])
    left = sheet_of(services, ALL, replace(view, hidden=hidden, without_hidden=True))
    assert left.rows == sheet.rows[1:]
    assert sheet_of(services, ALL, replace(view, hidden=hidden)).rows == sheet.rows


def test_what_cannot_be_downloaded_is_refused(services: Any) -> None:
    with pytest.raises(RequestInvalid, match="a column is an attribute"):
        sheet_of(services, ALL, RunsView(sort="-nonsense"))
