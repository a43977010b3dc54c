"""What every database promises of the streams of runs beyond storing lines: keys, numbers, the pulse of a run."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.fakes.deterministic import START

from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.history_keys import KeySummary
from sweepyard.domain.run import Run, RunPath, RunPulse, RunState
from sweepyard.jsonvalue import dumps
from sweepyard.services.ports import Database

PATH = RunPath("lab", "digits", "one")
NOBODY = replace(PATH, run_id="nobody")
RUN = Run(path=PATH, state=RunState.RUNNING, created_at=START, updated_at=START, notes="kept", summary={"a": 1})


@pytest.fixture
def stored(database: Database) -> Database:
    with database.writing() as unit:
        unit.projects.ensure("lab", "digits", START)
        unit.runs.add(RUN)
    return database


def log(database: Database, *rows: dict[str, object], offset: int = 0) -> None:
    steps = [int(row.get("_step", offset + index)) for index, row in enumerate(rows)]  # type: ignore[call-overload]
    with database.writing() as unit:
        unit.streams.write(PATH, Chunk(Stream.HISTORY, offset, tuple(map(dumps, rows))), steps)


def test_the_pulse_of_a_run(stored: Database) -> None:
    beaten = replace(RUN, state=RunState.PREEMPTING, stop_requested=True, heartbeat_at=START, sweep_id="s")
    with stored.writing() as unit:
        assert unit.runs.pulse(NOBODY) is None
        expected = RunPulse(state=RunState.RUNNING, stop_requested=False, heartbeat_at=None, sweep_id=None)
        assert unit.runs.pulse(PATH) == expected
        unit.runs.save(beaten)
    with stored.reading() as unit:
        expected = RunPulse(state=RunState.PREEMPTING, stop_requested=True, heartbeat_at=START, sweep_id="s")
        assert unit.runs.pulse(PATH) == expected


def test_a_beat_changes_nothing_but_what_it_names(stored: Database) -> None:
    later, last = START + timedelta(seconds=5), START + timedelta(seconds=9)
    with stored.writing() as unit:
        unit.runs.beat(PATH, later)
        assert unit.runs.get(PATH) == replace(RUN, heartbeat_at=later)
        stamp = unit.runs.stamps("lab", "digits")["one"]
        unit.runs.beat(PATH, last, summary={"b": math.inf})
        unit.runs.beat(NOBODY, last)
    with stored.reading() as unit:
        assert unit.runs.get(PATH) == replace(RUN, heartbeat_at=last, updated_at=last, summary={"b": math.inf})
        assert unit.runs.stamps("lab", "digits")["one"] > stamp


def test_keys_and_the_last_step(stored: Database) -> None:
    with stored.reading() as unit:
        assert unit.streams.keys(PATH) == unit.streams.keys(NOBODY) == {}
        assert unit.streams.last_step(PATH) == unit.streams.last_step(NOBODY) == -1
    log(stored, {"up": 1, "m": {"x": 2, "i": {"_type": "image-file", "path": "p"}}, "_step": 9}, {"up": 1, "_step": 4})
    with stored.reading() as unit:
        assert unit.streams.last_step(PATH) == 9
        assert unit.streams.keys(PATH) == {
            "up": KeySummary({"number": 2}, True, 1),
            "m.x": KeySummary({"number": 1}, True, 2),
            "m.i": KeySummary({"image-file": 1}, False, {"_type": "image-file", "path": "p"}),
            "_step": KeySummary({"number": 2}, False, 4),
        }


def test_numbers_come_back_as_they_were_written(stored: Database) -> None:
    log(stored, {"a": 1, "b": 0.5}, {"a": 2.5}, {"a": math.nan, "b": 3}, {"a": None, "b": 1}, {"b": 2})
    with stored.reading() as unit:
        series = unit.streams.series(PATH, ["b", "a"])
        assert series is not None
        assert series.steps.tolist() == [0, 2]
        assert [repr(row) for row in series.rows([0, 1])] == ["{'b': 0.5, 'a': 1}", "{'b': 3, 'a': nan}"]
        steps = {low: unit.streams.series(PATH, ["b"], min_step=low, max_step=4) for low in (0, 1, 3, 9)}
        assert {low: found is not None and found.steps.tolist() for low, found in steps.items()} == {
            0: [0, 2, 3],
            1: [2, 3],
            3: [3],
            9: [],
        }
        found = unit.streams.series_each(PATH, [["b"], ["b", "a"], ["a"]])
        assert [each is not None and each.steps.tolist() for each in found] == [[0, 2, 3, 4], [0, 2], [0, 1, 2]]
        for path in (PATH, NOBODY):
            assert [each is not None and len(each) for each in unit.streams.series_each(path, [["nothing"]])] == [0]
            nothing = unit.streams.series(path, ["nothing"])
            assert nothing is not None
            assert len(nothing) == 0
            assert nothing.rows([]) == []


@pytest.mark.parametrize("value", ["text", True, [1], {"_type": "image-file"}, {"deep": 1}, 2**53 + 1])
def test_there_is_no_series_of_what_is_no_exact_number(stored: Database, value: object) -> None:
    log(stored, {"a": 1}, {"a": value}, {"a": 2})
    with stored.reading() as unit:
        assert unit.streams.series(PATH, ["a"]) is None
        assert unit.streams.series(PATH, ["a"], max_step=1) is not None
        assert unit.streams.series(PATH, ["a"], min_step=2) is not None


def test_lines_behind_a_place_are_those_that_were_written_last(stored: Database) -> None:
    log(stored, *({"a": number} for number in range(6)))
    log(stored, {"a": 40}, {"a": 50}, {"a": 60}, offset=4)
    log(stored, {"a": 30}, offset=3)
    with stored.reading() as unit:
        assert [text for _, text in unit.streams.lines(PATH, Stream.HISTORY, first=4)] == [
            '{"a":40}',
            '{"a":50}',
            '{"a":60}',
        ]
        assert unit.streams.lines(PATH, Stream.HISTORY, first=3, limit=1) == [(3, '{"a":30}')]
