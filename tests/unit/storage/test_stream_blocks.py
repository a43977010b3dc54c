"""Chunks and blocks against the plain truth: whatever is written, sealed and cut, reads are those of the fake."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.deterministic import START
from tests.fakes.memory_database import MemoryDatabase

from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.services.history import HistoryService
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.storage import blocks
from sweepyard.storage.columns import pack_column, unpack_column
from sweepyard.storage.packing import pack_lines, pack_numbers, unpack_lines, unpack_numbers
from sweepyard.storage.unit_of_work import SqlDatabase, open_database

PATH = RunPath("lab", "digits", "one")
STREAMS = (Stream.HISTORY, Stream.CONSOLE)

VALUES = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**53, 2**53 + 1, -(2**70), 10**400]),
    st.floats(allow_nan=False),
    st.sampled_from([math.nan, math.inf, None, True, "text", [1], {"_type": "image-file"}, {}, "\ud800"]),
)
KEYS = st.sampled_from(["a", "b", "c.d", "c", "_step", "\ud800", "nul\0"])
ROWS = st.dictionaries(KEYS, VALUES | st.dictionaries(st.sampled_from(["d", "e"]), VALUES, max_size=2), max_size=4)
HISTORY = st.lists(st.one_of(ROWS, st.fixed_dictionaries({"a": st.floats(0, 1), "b": st.integers(0, 9)})), max_size=9)
CONSOLE = st.lists(st.text(st.characters(blacklist_categories=("Cs",)), max_size=5), max_size=9)
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("history"), st.integers(0, 40), HISTORY, st.booleans()),
        st.tuples(st.just("console"), st.integers(0, 40), CONSOLE),
        st.tuples(st.just("seal")),
        st.tuples(st.just("truncate")),
    ),
    max_size=12,
)


def begun(database: Database) -> Database:
    """The database with the run in it."""
    with database.writing() as unit:
        unit.projects.ensure("lab", "digits", START)
        unit.runs.add(Run(path=PATH, state=RunState.RUNNING, created_at=START, updated_at=START))
    return database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqlDatabase]:
    opened = open_database(tmp_path)
    begun(opened)
    yield opened
    opened.close()


def seal(database: SqlDatabase) -> None:
    """What the sealer does, now, to every stream that has a tail."""
    with database.reading() as unit:
        tails = [(grown.key, unit.streams.sealed(grown.key)) for grown in unit.streams.unsealed()]
    with database.writing() as unit:
        for key, sealed in tails:
            assert sealed is not None
            assert unit.streams.seal(key, sealed)
    with database.reading() as unit:
        assert unit.streams.unsealed() == []


def shown(unit: UnitOfWork, bounds: tuple[int, int]) -> list[object]:
    """Everything that can be read."""
    low, high = bounds
    streams = unit.streams
    seen: list[object] = [streams.line_counts(PATH), streams.keys(PATH), streams.last_step(PATH)]
    for stream in STREAMS:
        seen += [
            streams.lines(PATH, stream),
            streams.lines(PATH, stream, first=low, limit=5),
            streams.rows(PATH, stream),
            streams.rows(PATH, stream, min_step=low, max_step=high),
            streams.rows(PATH, stream, min_step=high, limit=3),
            streams.last_line(PATH, stream),
        ]
    for keys in (["a"], ["_step", "a", "b"], ["c.d"], ["c"], ["c.d.e"], ["nothing", "a"]):
        for limits in ({}, {"min_step": low, "max_step": high}):
            series = streams.series(PATH, keys, **limits)
            seen.append(series is not None and (series.steps.tolist(), series.rows(range(len(series)))))
    return [repr(part) for part in seen]


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(operations=OPERATIONS, bounds=st.tuples(st.integers(0, 30), st.integers(0, 60)), most=st.integers(2, 7))
def test_reads_are_those_of_the_plain_truth(
    database: SqlDatabase,
    monkeypatch: pytest.MonkeyPatch,
    operations: list[tuple[object, ...]],
    bounds: tuple[int, int],
    most: int,
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_LINES", most)
    plain = MemoryDatabase()
    with database.writing() as unit:
        unit.runs.delete(PATH)
    both = begun(database), begun(plain)
    for operation in operations:
        match operation:
            case ("seal",):
                seal(database)
                continue
            case ("truncate",):
                for one in both:
                    with one.writing() as unit:
                        unit.streams.truncate(PATH)
                continue
            case ("history", int(offset), list(rows), bool(even)):
                lines = tuple(json.dumps(row) for row in rows)
                steps = [offset + index if even else (index * 7) % 11 for index in range(len(rows))]
                chunk = Chunk(Stream.HISTORY, offset, lines)
            case (_, int(offset), list(texts)):
                chunk, steps = Chunk(Stream.CONSOLE, offset, tuple(texts)), [0] * len(texts)
        for one in both:
            with one.writing() as unit:
                unit.streams.write(PATH, chunk, steps)
        _compare(*both, bounds)
    seal(database)
    _compare(*both, bounds)


def _compare(real: Database, plain: Database, bounds: tuple[int, int]) -> None:
    with real.reading() as one, plain.reading() as other:
        for found, expected in zip(shown(one, bounds), shown(other, bounds), strict=True):
            assert found == expected


def write(database: SqlDatabase, offset: int, count: int, *, pad: str = "") -> None:
    lines = tuple(json.dumps({"a": number, "pad": pad}) for number in range(offset, offset + count))
    with database.writing() as unit:
        unit.streams.write(PATH, Chunk(Stream.HISTORY, offset, lines), range(offset, offset + count))


def block_sizes(database: SqlDatabase) -> list[int]:
    with database._engines.reader.connect() as connection:
        rows = connection.exec_driver_sql("SELECT line_count FROM run_blocks ORDER BY first_line")
        return [count for (count,) in rows]


def test_blocks_have_a_thousand_lines_and_small_ones_grow(database: SqlDatabase) -> None:
    write(database, 0, 2300)
    seal(database)
    assert block_sizes(database) == [1000, 1000, 300]
    write(database, 2300, 100)
    seal(database)
    assert block_sizes(database) == [1000, 1000, 400]
    write(database, 2400, 200)
    seal(database)
    write(database, 2600, 100)
    seal(database)
    assert block_sizes(database) == [1000, 1000, 600, 100]


def test_blocks_of_long_lines_have_fewer(database: SqlDatabase) -> None:
    write(database, 0, 8, pad="x" * 300_000)
    seal(database)
    assert block_sizes(database) == [3, 3, 2]


def test_a_tail_that_was_taken_away_is_not_sealed(database: SqlDatabase) -> None:
    write(database, 0, 5)
    with database.reading() as unit:
        key = unit.streams.unsealed()[0].key
        sealed = unit.streams.sealed(key)
        assert sealed is not None
    with database.writing() as unit:
        unit.streams.truncate(PATH)
    write(database, 0, 5, pad="new")
    with database.writing() as unit:
        assert not unit.streams.seal(key, sealed)
    with database.reading() as unit:
        assert all("new" in text for _, text in unit.streams.lines(PATH, Stream.HISTORY))


def test_a_block_that_was_replaced_meanwhile_is_not_sealed_over(database: SqlDatabase) -> None:
    write(database, 0, 5)
    seal(database)
    write(database, 5, 5)
    with database.reading() as unit:
        key = unit.streams.unsealed()[0].key
        sealed = unit.streams.sealed(key)
        assert sealed is not None
    with database._engines.writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM run_blocks")
    with database.writing() as unit:
        assert not unit.streams.seal(key, sealed)


def test_what_comes_while_a_tail_is_packed_stands_over_it(database: SqlDatabase) -> None:
    write(database, 0, 5)
    with database.reading() as unit:
        key = unit.streams.unsealed()[0].key
        sealed = unit.streams.sealed(key)
        assert sealed is not None
    write(database, 3, 4, pad="late")
    with database.writing() as unit:
        assert unit.streams.seal(key, sealed)
    with database.reading() as unit:
        lines = unit.streams.lines(PATH, Stream.HISTORY)
    assert [number for number, _ in lines] == list(range(7))
    assert ["late" in text for _, text in lines] == [False] * 3 + [True] * 4


def test_nothing_to_seal(database: SqlDatabase) -> None:
    write(database, 0, 5)
    with database.reading() as unit:
        key = unit.streams.unsealed()[0].key
    seal(database)
    with database.reading() as unit:
        assert unit.streams.sealed(key) is None


@pytest.mark.parametrize("lines", [[""], ["", ""], ["a", "b\n"], ["\n"], ["[1]", "x"], ["\r\u2028\0", "é"]])
def test_lines_survive_packing(lines: list[str]) -> None:
    assert unpack_lines(pack_lines(lines)) == lines


@pytest.mark.parametrize("numbers", [[5], [5, 5], [7, 3], [0, 2, 4], [0, 2, 5], [2**53, 0, -1], [0, 0, 0]])
def test_numbers_survive_packing(numbers: list[int]) -> None:
    assert unpack_numbers(pack_numbers(numbers), len(numbers)).tolist() == numbers


def test_evenly_spaced_numbers_take_no_room() -> None:
    assert len(pack_numbers(range(0, 5000, 5))) == 16


@pytest.mark.parametrize(
    ("rows", "values"),
    [
        ([0, 1, 2], [1, 2, 3]),
        ([0, 1, 2], [1.5, math.inf, -0.0]),
        ([0, 2], [1, 2.5]),
        ([0, 1, 2], [None, 1, None]),
    ],
)
def test_columns_survive_packing(rows: list[int], values: list[float | None]) -> None:
    packed = pack_column(rows, values, 3)
    assert packed is not None
    column = unpack_column(packed, 3)
    present = [True] * 3 if column.present is None else column.present.tolist()
    found = {
        row: int(value) if whole else value
        for row, value, whole, there in zip(
            range(3), column.values.tolist(), column.whole.tolist(), present, strict=True
        )
        if there
    }
    assert repr(found) == repr({row: value for row, value in zip(rows, values, strict=True) if value is not None})


@pytest.mark.parametrize("values", [[True], ["1"], [None], [2**53 + 1], [10**400], [[1]], [1, "x"]])
def test_what_is_no_exact_number_makes_no_column(values: list[object]) -> None:
    assert pack_column(range(len(values)), values, 3) is None  # type: ignore[arg-type]


def test_a_key_that_a_row_has_twice_makes_no_column() -> None:
    assert pack_column([0, 0, 2], [1, 2, 3], 3) is None


def test_lines_that_an_older_hub_took_can_be_read_and_packed(database: SqlDatabase) -> None:
    lines = ('{"a":1}', '{"a":' + "9" * 5_000 + "}", '{"a":3,"b":' + "[" * 940 + "]" * 940 + "}")
    with database.writing() as unit:
        unit.streams.write(PATH, Chunk(Stream.HISTORY, 0, lines), [0, 1, 2])
        unit.streams.write(PATH, Chunk(Stream.EVENTS, 0, lines), [0, 1, 2])
    history = HistoryService(database)
    for _ in range(2):
        rows = [row.values for row in history.rows(PATH)]
        assert [row["a"] for row in rows] == [1, math.inf, 3]
        assert [json.loads(line)["a"] for line in history.lines(PATH)] == [1, math.inf, 3]
        assert [json.loads(line)["a"] for line in history.events(PATH)] == [1, math.inf, 3]
        assert [row["a"] for row in history.sampled(PATH, ["a"], 9)] == [1, math.inf, 3]
        assert set(history.keys(PATH).keys) == {"a", "b"}
        with database.reading() as unit:
            assert [text for _, text in unit.streams.lines(PATH, Stream.HISTORY)] == list(lines)
        seal(database)
