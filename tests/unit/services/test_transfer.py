from __future__ import annotations

import json
import math
from datetime import datetime

import pytest
from tests.fakes.memory_tables import MemoryTables

from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.run import RunPath
from sweepyard.errors import NotFound
from sweepyard.services import transfer
from sweepyard.services.flattening import Flattening
from sweepyard.services.runs import RunChanges
from sweepyard.services.streams import StreamUpdate
from sweepyard.services.transfer import Exporter, ExportReport, ExportScope

GRID = "method: grid\nprogram: t.py\nmetric: {name: loss}\nparameters: {lr: {values: [0.1, 0.2]}}"
TABLES = ["runs", "history", "system", "events", "sweeps", "leases"]


@pytest.fixture
def export(hub):
    def run(sink: MemoryTables | None = None, **scope: str) -> tuple[MemoryTables, ExportReport]:
        sink = sink or MemoryTables()
        report = Exporter(hub.database).export(ExportScope(**scope), sink)
        return sink, report

    return run


def test_an_empty_hub_gives_empty_tables(export) -> None:
    sink, report = export()
    assert list(sink.tables) == TABLES
    assert report.rows == dict.fromkeys(TABLES, 0)


def test_runs_have_their_fields_and_a_column_a_key(hub, export) -> None:
    hub.begin("one", config={"lr": 0.1, "model": {"width": 8}}, tags=("a", "ü"), display_name="first")
    hub.clock.advance(1)
    hub.begin("two", config={"lr": 1, "model": {"width": None}})
    hub.end("two", loss=0.25, media={"_type": "image-file", "path": "x"})
    sink, report = export()
    one, two = sink["runs"].dicts
    assert report.rows["runs"] == 2
    assert (one["run_id"], one["name"], one["state"], one["tags"]) == ("one", "first", "running", '["a","ü"]')
    assert isinstance(one["created_at"], datetime)
    assert one["created_at"] < two["created_at"]
    assert (one["config.lr"], two["config.lr"]) == (0.1, 1.0)
    assert (one["config.model.width"], two["config.model.width"]) == (8, None)
    assert (one["summary.loss"], two["summary.loss"]) == (None, 0.25)
    assert json.loads(two["summary.media"]) == {"_type": "image-file", "path": "x"}
    assert json.loads(one["config"]) == {"lr": 0.1, "model": {"width": 8}}
    assert (two["exit_code"], two["state"]) == (0, "finished")
    types = sink["runs"].types
    assert {name: types[name] for name in ("config.lr", "config.model.width", "summary.media", "tags")} == {
        "config.lr": "number",
        "config.model.width": "integer",
        "summary.media": "json",
        "tags": "json",
    }


@pytest.mark.parametrize(
    ("values", "cell_type", "cells"),
    [
        ([1, None, -3], "integer", [1, None, -3]),
        ([1, 2.5], "number", [1.0, 2.5]),
        ([2**53, 0.5], "number", [float(2**53), 0.5]),
        ([2**53 + 1, 0.5], "json", ["9007199254740993", "0.5"]),
        ([2**62, -(2**62)], "integer", [2**62, -(2**62)]),
        ([2**63, 1], "json", [str(2**63), "1"]),
        ([math.inf, -math.inf], "number", [math.inf, -math.inf]),
        ([True, False], "flag", [True, False]),
        ([True, 1], "json", ["true", "1"]),
        (["a", ""], "text", ["a", ""]),
        (["a", 1], "json", ['"a"', "1"]),
        (["a", "\ud800"], "json", ['"a"', '"\\ud800"']),
        ([None, None], "text", [None, None]),
        ([[1, "é"], {}], "json", ['[1,"é"]', "{}"]),
        ([{"_type": "x"}, None], "json", ['{"_type":"x"}', None]),
    ],
)
def test_a_column_has_the_narrowest_type_that_holds_all_exactly(values, cell_type, cells) -> None:
    flattening = Flattening("config.")
    for value in values:
        flattening.learn({"key": value})
    [column] = flattening.columns
    assert (column.name, column.cell_type.value) == ("config.key", cell_type)
    found = [flattening.cells({"key": value})[0] for value in values]
    assert found == cells
    assert [type(cell) for cell in found] == [type(cell) for cell in cells]


def test_names_that_are_ambiguous_become_no_columns(hub, export) -> None:
    hub.begin("one", config={"a.b": 1, "a": {"b": 2, "c": 3}})
    sink, report = export()
    assert report.left_out == ["config.a.b"]
    [run] = sink["runs"].dicts
    assert "config.a.b" not in run
    assert run["config.a.c"] == 3
    assert json.loads(run["config"]) == {"a.b": 1, "a": {"b": 2, "c": 3}}
    flattening = Flattening("")
    flattening.learn({"\ud800": 1})
    assert (flattening.columns, flattening.left_out) == ([], ["\\ud800"])


def test_history_has_a_row_a_value(hub, export) -> None:
    hub.begin("one")
    rows = [
        {"_step": 0, "loss": 0.1 + 0.2, "n": 3, "ok": True},
        {"_step": 5, "loss": math.nan, "nested": {"a": -math.inf}, "text": "x", "nothing": None},
        {"_step": 6, "big": 2**53 + 1, "list": [1], "odd": "\ud800", "picture": {"_type": "image-file"}},
    ]
    hub.services.streams.receive(
        hub.path("one"),
        StreamUpdate(chunks=(Chunk(Stream.HISTORY, 0, tuple(json.dumps(row) for row in rows)),)),
    )
    sink, report = export()
    found = {
        (row["line"], row["key"]): (row["step"], row["kind"], row["value"], row["text"])
        for row in sink["history"].dicts
    }
    assert len(found) == report.rows["history"] == report.values == 14
    assert found[0, "loss"] == (0, "number", 0.1 + 0.2, None)
    assert found[0, "n"] == (0, "integer", 3.0, None)
    assert found[0, "ok"] == (0, "flag", 1.0, None)
    assert math.isnan(found[1, "loss"][2])
    assert found[1, "nested.a"] == (5, "number", -math.inf, None)
    assert found[1, "text"] == (5, "text", None, "x")
    assert found[1, "nothing"] == (5, "null", None, None)
    assert found[2, "big"] == (6, "integer", None, str(2**53 + 1))
    assert found[2, "list"] == (6, "json", None, "[1]")
    assert found[2, "odd"] == (6, "text", None, "\ufffd")
    assert found[2, "picture"] == (6, "json", None, '{"_type":"image-file"}')


def test_one_line_that_is_too_much_keeps_nothing_else_from_being_exported(hub, export) -> None:
    hub.begin("one", config={"lr": 1})
    hub.log("one", {"loss": 1})
    lines = ('{"loss":' + "9" * 5_000 + "}", '{"loss":2,"deep":' + "[" * 940 + "]" * 940 + "}")
    with hub.database.writing() as unit:  # as an older hub took them
        for stream in (Stream.HISTORY, Stream.EVENTS):
            unit.streams.write(hub.path("one"), Chunk(stream, 1, lines), [1, 2])
    for sink in (MemoryTables(), MemoryTables(nests=True)):
        found, report = export(sink)
        assert report.rows["history"] == (3 if sink.nests else 4)
        if not sink.nests:
            values = [(row["line"], row["value"]) for row in found["history"].dicts if row["key"] == "loss"]
            assert values == [(0, 1.0), (1, math.inf), (2, 2.0)]


def test_a_sink_that_nests_gets_whole_rows(hub, export) -> None:
    hub.begin("one", config={"lr": 0.1})
    hub.log("one", {"_step": 0, "loss": 1}, {"_step": 3, "loss": {"a": math.nan}})
    sink, report = export(MemoryTables(nests=True))
    assert [name for name in sink["runs"].types if name.startswith(("config", "summary"))] == ["config", "summary"]
    first, second = sink["history"].dicts
    assert (second["line"], second["step"], second["row"]) == (1, 3, '{"_step":3,"loss":{"a":NaN}}')
    assert json.loads(first["row"]) == {"_step": 0, "loss": 1}
    assert (report.rows["history"], report.values) == (2, 4)


def test_long_histories_come_in_pieces(hub, export, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_LINES_A_PAGE", 3)
    monkeypatch.setattr(transfer, "_CELLS_A_PIECE", 36)
    monkeypatch.setattr(transfer, "_RUNS_A_PAGE", 2)
    for number in range(5):
        hub.begin(f"r{number}")
        hub.log(f"r{number}", *({"_step": step, "loss": step} for step in range(number * 2)))
        hub.clock.advance(1)
    sink, report = export()
    assert max(sink["history"].pieces) == 4
    assert report.rows["history"] == report.values == sum(number * 2 * 2 for number in range(5))
    assert [row["run_id"] for row in sink["runs"].dicts] == [f"r{number}" for number in range(5)]
    losses = [row["value"] for row in sink["history"].dicts if row["run_id"] == "r4" and row["key"] == "loss"]
    assert losses == list(range(8))


def test_system_metrics_and_events(hub, export) -> None:
    hub.begin("one")
    lines = ('{"_timestamp": 1.5, "system.cpu": 20}',)
    hub.services.streams.receive(hub.path("one"), StreamUpdate(chunks=(Chunk(Stream.EVENTS, 0, lines),)))
    hub.end("one", 1)
    sink, report = export()
    assert {row["key"]: row["value"] for row in sink["system"].dicts} == {"_timestamp": 1.5, "system.cpu": 20.0}
    assert {row["step"] for row in sink["system"].dicts} == {0}
    kinds = [row["kind"] for row in sink["events"].dicts]
    assert kinds[-1] == "failed"
    assert report.values == 0
    assert len(kinds) == report.rows["events"] == len(hub.services.runs.events(hub.path("one")))


def test_sweeps_leases_and_scopes(hub, export, actor) -> None:
    first, second = hub.sweep(GRID), hub.sweep(GRID)
    agent = hub.agent(first)
    [command] = hub.beat(agent)
    hub.begin("alone")
    elsewhere = RunPath("zoo", "other", "far")
    hub.services.runs.upsert(elsewhere, RunChanges(host="h"), actor=actor, begins=True)
    sink, _ = export()
    assert {row["sweep_id"] for row in sink["sweeps"].dicts} == {first.path.sweep_id, second.path.sweep_id}
    [lease] = sink["leases"].dicts
    assert (lease["run_id"], lease["position"], lease["acknowledged"]) == (command.run_id, 0, False)
    assert json.loads(lease["parameters"]) == {"lr": 0.1}
    assert {row["run_id"] for row in sink["runs"].dicts} == {command.run_id, "alone", "far"}
    of_sweep, _ = export(sweep_id=first.path.sweep_id)
    assert [row["run_id"] for row in of_sweep["runs"].dicts] == [command.run_id]
    assert [row["config_yaml"] for row in of_sweep["sweeps"].dicts] == [GRID]
    of_project, _ = export(project="other")
    assert [row["run_id"] for row in of_project["runs"].dicts] == ["far"]
    of_entity, _ = export(entity="lab")
    assert {row["entity"] for row in of_entity["runs"].dicts} == {"lab"}


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ({"project": "none"}, "no such project none"),
        ({"sweep_id": "none"}, "no such sweep none"),
        ({"entity": "none", "project": "digits"}, "no such project digits, entity none"),
    ],
)
def test_what_is_not_there_is_said(hub, export, scope, said) -> None:
    hub.begin("one")
    with pytest.raises(NotFound, match=said):
        export(**scope)


def test_progress_counts_runs(hub) -> None:
    for name in ("a", "b"):
        hub.begin(name)
    seen = []
    Exporter(hub.database).export(ExportScope(), MemoryTables(), progress=lambda *step: seen.append(step))
    assert ("runs", 2, 2) in seen
    assert ("history", 2, 2) in seen
