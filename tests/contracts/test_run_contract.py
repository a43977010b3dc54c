from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.fakes.deterministic import START

from sweepyard.domain.artifact import BlobRef, RunFile
from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.run import Run, RunEvent, RunPath, RunState
from sweepyard.errors import Conflict, NotFound
from sweepyard.services.ports import Database
from sweepyard.services.ports.runs import RunSelection

PATH = RunPath("lab", "digits", "one")
RUN = Run(path=PATH, state=RunState.RUNNING, created_at=START, updated_at=START)
ALL = RunSelection(entity="lab", project="digits")
HISTORY, CONSOLE = Stream.HISTORY, Stream.CONSOLE


@pytest.fixture
def stored(database: Database) -> Database:
    with database.writing() as unit:
        unit.projects.ensure("lab", "digits", START)
        unit.runs.add(RUN)
    return database


def numbered(number: int, **changes: object) -> Run:
    path = replace(PATH, run_id=f"run{number}")
    return replace(RUN, path=path, created_at=START + timedelta(seconds=number), **changes)


def test_every_field_of_a_run_survives(stored: Database) -> None:
    full = replace(
        RUN,
        state=RunState.PREEMPTING,
        updated_at=START + timedelta(microseconds=1),
        display_name="Übung 1 \U0001f600",
        config={"model": {"units": [1, 2.5, None, True]}, "nan": math.inf, "nul": "a\0b"},
        wandb_config={"t": {"1": [1]}},
        summary={"loss": -math.inf, "epoch/val_accuracy": 0.5},
        tags=("b", "a"),
        group="g",
        job_type="train",
        notes="n",
        commit="c",
        host="h",
        program="p",
        repo="r",
        sweep_id="s",
        agent_id="a",
        attempt=3,
        stop_requested=True,
        stop_requested_at=START,
        resume_noted_at=START,
        heartbeat_at=START,
        started_at=START,
        ended_at=START,
        exit_code=255,
        creator="ann",
    )
    with stored.writing() as unit:
        unit.runs.save(full)
        assert unit.runs.get(PATH) == full
    with stored.reading() as unit:
        assert unit.runs.get(PATH) == full


def test_what_is_handed_over_may_change_afterwards(stored: Database) -> None:
    config = {"a": {"b": 1}}
    with stored.writing() as unit:
        unit.runs.save(replace(RUN, config=config))
        config["a"]["b"] = 2
    with stored.reading() as unit:
        first = unit.runs.get(PATH)
        assert first is not None
        assert first.config == {"a": {"b": 1}}
        first.config["a"] = None
        again = unit.runs.get(PATH)
        assert again is not None
        assert again.config == {"a": {"b": 1}}


def test_a_path_is_taken_once_and_needs_its_project(stored: Database) -> None:
    with stored.writing() as unit:
        with pytest.raises(Conflict):
            unit.runs.add(replace(RUN, notes="another"))
        with pytest.raises(Conflict):
            unit.runs.add(replace(RUN, path=RunPath("lab", "nowhere", "one")))
        unit.projects.ensure("lab", "other", START)
        unit.runs.add(replace(RUN, path=RunPath("lab", "other", "one")))
        assert unit.runs.get(PATH) == RUN
        assert unit.runs.count(ALL) == 1


def test_selections(stored: Database) -> None:
    with stored.writing() as unit:
        unit.runs.add(numbered(1, sweep_id="s", agent_id="a", state=RunState.FINISHED))
        unit.runs.add(numbered(2, sweep_id="s", agent_id="b"))
        unit.runs.add(numbered(3, sweep_id="t", agent_id="a"))

    def ids(**what: object) -> list[str]:
        return [run.path.run_id for run in unit.runs.select(replace(ALL, **what))]

    with stored.reading() as unit:
        assert ids() == ["one", "run1", "run2", "run3"]
        assert ids(sweep_id="s") == ["run1", "run2"]
        assert ids(agent_id="a") == ["run1", "run3"]
        assert ids(states=frozenset({RunState.RUNNING})) == ["one", "run2", "run3"]
        assert ids(sweep_id="s", states=frozenset({RunState.FINISHED})) == ["run1"]
        assert ids(states=frozenset()) == []
        assert unit.runs.count(replace(ALL, sweep_id="s")) == 2
        assert unit.runs.count_by_state(ALL) == {RunState.RUNNING: 3, RunState.FINISHED: 1}
        assert unit.runs.states(replace(ALL, sweep_id="s")) == {"run1": RunState.FINISHED, "run2": RunState.RUNNING}


@pytest.mark.parametrize("newest_first", [True, False])
def test_pages_meet_without_gap_or_double(stored: Database, newest_first: bool) -> None:
    with stored.writing() as unit:
        for number in range(1, 8):
            unit.runs.add(replace(numbered(number), created_at=START + timedelta(seconds=number // 3)))
    with stored.reading() as unit:
        seen: list[Run] = []
        after = None
        while page := unit.runs.page(ALL, newest_first=newest_first, after=after, limit=2):
            assert len(page) <= 2
            seen += page
            after = (page[-1].created_at, page[-1].path.run_id)
    assert len({run.path for run in seen}) == len(seen) == 8
    moments = [run.created_at for run in seen]
    assert moments == sorted(moments, reverse=newest_first)
    assert [run.path.run_id for run in seen if run.created_at == START] == ["one", "run1", "run2"]


def test_silent_runs_are_those_that_somebody_should_work_on(stored: Database) -> None:
    old, late = START, START + timedelta(seconds=60)
    with stored.writing() as unit:
        unit.runs.add(numbered(1, heartbeat_at=late))
        unit.runs.add(numbered(2, heartbeat_at=old, state=RunState.PREEMPTING))
        unit.runs.add(numbered(3, heartbeat_at=old, state=RunState.FINISHED))
        unit.runs.add(numbered(4, heartbeat_at=old, state=RunState.PENDING))
        unit.runs.add(numbered(5, heartbeat_at=old, state=RunState.PENDING, agent_id="a"))
    with stored.reading() as unit:
        silent = unit.runs.live_and_silent_since(START + timedelta(seconds=30))
    assert sorted(run.path.run_id for run in silent) == ["one", "run2", "run5"]


def test_events_keep_their_order(stored: Database) -> None:
    events = [RunEvent(START, "started", "a"), RunEvent(START, "finished"), RunEvent(START, "crashed")]
    with stored.writing() as unit:
        for event in events:
            unit.runs.add_event(PATH, event)
        with pytest.raises(NotFound):
            unit.runs.add_event(replace(PATH, run_id="nobody"), events[0])
    with stored.reading() as unit:
        assert unit.runs.events(PATH) == events
        assert unit.runs.events(replace(PATH, run_id="nobody")) == []


def test_deleting_a_run_takes_all_that_is_its_own(stored: Database) -> None:
    with stored.writing() as unit:
        unit.runs.add(numbered(1))
        for path in (PATH, numbered(1).path):
            unit.streams.write(path, Chunk(HISTORY, 0, ("{}",)), [0])
            unit.files.put(path, RunFile("a", START))
            unit.runs.add_event(path, RunEvent(START, "started"))
        unit.runs.delete(PATH)
        unit.runs.delete(PATH)
    with stored.writing() as unit:
        assert unit.runs.get(PATH) is None
        unit.runs.add(RUN)
        assert unit.streams.lines(PATH, HISTORY) == []
        assert unit.files.of_run(PATH) == []
        assert unit.runs.events(PATH) == []
        assert unit.streams.lines(numbered(1).path, HISTORY) == [(0, "{}")]
        assert len(unit.files.of_run(numbered(1).path)) == 1


def test_chunks_overwrite_and_repeating_them_changes_nothing(stored: Database) -> None:
    with stored.writing() as unit:
        for _ in range(2):
            unit.streams.write(PATH, Chunk(HISTORY, 0, ("a", "b", "c")), [0, 1, 2])
        unit.streams.write(PATH, Chunk(HISTORY, 1, ("B",)), [10])
        unit.streams.write(PATH, Chunk(CONSOLE, 5, ("tail \0 \U0001f600",)), [0])
    with stored.reading() as unit:
        assert unit.streams.rows(PATH, HISTORY) == [(0, 0, "a"), (1, 10, "B"), (2, 2, "c")]
        assert unit.streams.lines(PATH, CONSOLE) == [(5, "tail \0 \U0001f600")]
        assert unit.streams.line_counts(PATH) == {HISTORY: 3, CONSOLE: 6, Stream.EVENTS: 0}
        assert unit.streams.last_line(PATH, HISTORY) == "c"
        assert unit.streams.last_line(PATH, Stream.EVENTS) is None


def test_lines_are_read_in_part(stored: Database) -> None:
    with stored.writing() as unit:
        unit.streams.write(PATH, Chunk(HISTORY, 0, tuple("abcdef")), [0, 2, 4, 6, 8, 2**40])
    with stored.reading() as unit:
        assert unit.streams.lines(PATH, HISTORY, first=4) == [(4, "e"), (5, "f")]
        assert unit.streams.lines(PATH, HISTORY, first=1, limit=2) == [(1, "b"), (2, "c")]
        rows = unit.streams.rows(PATH, HISTORY, min_step=2, max_step=6)
        assert rows == [(1, 2, "b"), (2, 4, "c")]
        assert unit.streams.rows(PATH, HISTORY, min_step=7, limit=1) == [(4, 8, "e")]
        assert unit.streams.rows(PATH, HISTORY, min_step=9) == [(5, 2**40, "f")]
        assert unit.streams.rows(PATH, HISTORY, limit=0) == []


def test_truncating_empties_every_stream_of_one_run(stored: Database) -> None:
    other = numbered(1)
    with stored.writing() as unit:
        unit.runs.add(other)
        for path in (PATH, other.path):
            unit.streams.write(path, Chunk(HISTORY, 0, ("a",)), [0])
            unit.streams.write(path, Chunk(CONSOLE, 0, ("a",)), [0])
        unit.streams.truncate(PATH)
        assert set(unit.streams.line_counts(PATH).values()) == {0}
        assert unit.streams.line_counts(other.path)[CONSOLE] == 1


def test_a_chunk_of_an_unknown_run_is_refused(database: Database) -> None:
    with pytest.raises(NotFound), database.writing() as unit:
        unit.streams.write(PATH, Chunk(HISTORY, 0, ("a",)), [0])
    with database.reading() as unit:
        assert set(unit.streams.line_counts(PATH).values()) == {0}


def test_files(stored: Database) -> None:
    blob = BlobRef("ab" * 32, "cd" * 16, 2**33)
    with stored.writing() as unit:
        unit.files.put(PATH, RunFile("media/b.png", START))
        unit.files.put(PATH, RunFile("a.txt", START))
        unit.files.put(PATH, RunFile("media/b.png", START + timedelta(seconds=1), blob))
        with pytest.raises(NotFound):
            unit.files.put(replace(PATH, run_id="nobody"), RunFile("a", START))
    with stored.writing() as unit:
        stored_file = RunFile("media/b.png", START + timedelta(seconds=1), blob)
        assert unit.files.get(PATH, "media/b.png") == stored_file
        assert unit.files.get(PATH, "b.png") is None
        assert unit.files.of_run(PATH) == [RunFile("a.txt", START), stored_file]
        unit.files.delete(PATH, "a.txt")
        unit.files.delete(PATH, "a.txt")
        assert unit.files.of_run(PATH) == [stored_file]
