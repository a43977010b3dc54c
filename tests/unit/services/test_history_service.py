from __future__ import annotations

import pytest

from sweepyard.domain.history import Chunk, Stream
from sweepyard.errors import NotFound, RequestInvalid
from sweepyard.services.history import ConsoleLine, KeySummary, parse_console_line, spread
from sweepyard.services.streams import StreamUpdate


@pytest.fixture
def logged(hub):
    hub.begin()
    rows = [{"loss": 10 - step, "_step": step * 2, "media": {"x": {"y": step}}} for step in range(10)]
    hub.log("one", *rows)
    return hub


def test_exact_rows(logged) -> None:
    path = logged.path("one")
    assert [row.values["loss"] for row in logged.services.history.rows(path)] == list(range(10, 0, -1))
    assert [row.step for row in logged.services.history.rows(path, min_step=4, max_step=8)] == [4, 6]
    assert [row.line for row in logged.services.history.rows(path, min_step=3, limit=2)] == [2, 3]


def test_samples_of_several_runs_come_together(logged) -> None:
    logged.begin("two")
    logged.log("two", {"loss": 3, "_step": 0})
    one, two, none = (logged.path(name) for name in ("one", "two", "none"))
    found = logged.services.history.sampled_of([one, two, none], ["loss"], 2)
    assert found == {one: ({"loss": 10}, {"loss": 1}), two: ({"loss": 3},), none: ()}


def test_sampled_rows_hold_the_keys_asked_for(logged) -> None:
    logged.log("one", {"other": 1, "_step": 100}, {"loss": None, "_step": 101}, offset=10)
    sampled = logged.services.history.sampled
    path = logged.path("one")
    assert sampled(path, ["loss", "_step"], 3) == (
        {"loss": 10, "_step": 0},
        {"loss": 6, "_step": 8},
        {"loss": 1, "_step": 18},
    )
    assert sampled(path, ["media.x.y"], 100, min_step=16, max_step=18) == ({"media.x.y": 8},)
    assert sampled(path, ["nothing"], 5) == ()
    assert len(sampled(path, [], 100)) == 12
    assert sampled(path, [], 1)[0]["loss"] == 10


def test_sampled_lines_are_verbatim(logged) -> None:
    lines = logged.services.history.sampled_lines(logged.path("one"), 2)
    assert [line[:9] for line in lines] == ['{"loss":1', '{"loss":1']
    assert lines[0] != lines[1]


def test_spread() -> None:
    assert spread([], 3) == []
    assert spread([1, 2], 2) == [1, 2]
    assert spread(range(100), 1) == [0]
    assert spread(range(100), 4) == [0, 33, 66, 99]
    with pytest.raises(RequestInvalid, match="1 or more"):
        spread([1], 0)


def test_keys(hub) -> None:
    hub.begin()
    assert hub.services.history.keys(hub.path("one")).last_step == -1
    image = {"_type": "image-file", "path": "a.png"}
    hub.log("one", {"up": 1, "down": 2, "a": {"b": 1}, "m": image, "text": "x", "_step": 5})
    hub.log("one", {"up": 1.5, "down": 1, "a": {"b": 2}, "m": image, "text": 3, "_step": 9}, offset=1)
    hub.log("one", {"flag": True, "list": [1], "nothing": None, "empty": {}, "_step": 7}, offset=2)
    keys = hub.services.history.keys(hub.path("one"))
    assert keys.last_step == 9
    assert keys.keys["up"] == KeySummary({"number": 2}, True, 1.5)
    assert keys.keys["down"] == KeySummary({"number": 2}, False, 1)
    assert keys.keys["a.b"] == KeySummary({"number": 2}, True, 2)
    assert keys.keys["m"] == KeySummary({"image-file": 2}, False, image)
    assert keys.keys["text"] == KeySummary({"string": 1, "number": 1}, False, 3)
    kinds = {key: next(iter(keys.keys[key].type_counts)) for key in ("flag", "list", "nothing", "empty")}
    assert kinds == {"flag": "bool", "list": "list", "nothing": "null", "empty": "map"}


def test_events(hub) -> None:
    hub.begin()
    lines = tuple(f'{{"system.cpu":{number}}}' for number in range(5))
    hub.services.streams.receive(hub.path("one"), StreamUpdate(chunks=(Chunk(Stream.EVENTS, 0, lines),)))
    assert hub.services.history.events(hub.path("one")) == lines
    assert hub.services.history.events(hub.path("one"), 2) == (lines[0], lines[4])


def test_console_pages(hub) -> None:
    hub.begin()
    lines = tuple(f"line {number}" for number in range(5))
    hub.services.streams.receive(hub.path("one"), StreamUpdate(chunks=(Chunk(Stream.CONSOLE, 0, lines),)))
    console = hub.services.history.console
    path = hub.path("one")
    first = console(path, first=2)
    assert [line.text for line in first.items] == ["line 0", "line 1"]
    assert (first.has_next, first.total) == (True, 5)
    rest = console(path, first=9, after=first.end_cursor)
    assert [line.number for line in rest.items] == [2, 3, 4]
    assert not rest.has_next
    assert [line.number for line in console(path, last=2).items] == [3, 4]
    assert [line.number for line in console(path, last=99).items] == [0, 1, 2, 3, 4]
    with pytest.raises(RequestInvalid, match="cursor"):
        console(path, after="IngiCg==")


def test_console_lines_with_a_text(hub) -> None:
    hub.begin()
    path = hub.path("one")
    lines = ("2026-01-01T08:00:00.1 Loss 1", "ERROR 2026-01-01T08:00:00.1 boom", '{"content":"l\\u006fss 2"}', "loss 3")
    hub.services.streams.receive(path, StreamUpdate(chunks=(Chunk(Stream.CONSOLE, 0, lines),)))
    found = hub.services.history.console_with(path, "LOSS", last=2)
    assert [(line.number, line.text) for line in found.lines] == [(2, "loss 2"), (3, "loss 3")]
    assert (found.found, found.total) == (3, 4)
    assert hub.services.history.console_with(path, "2026", last=2).found == 0  # a time is no part of what was printed
    with pytest.raises(NotFound):
        hub.services.history.console_with(hub.path("two"), "x", last=1)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", ConsoleLine(3, "plain")),
        ("2026-11-21T08:00:00.123456 hello", ConsoleLine(3, "hello", "2026-11-21T08:00:00.123456")),
        ("ERROR 2026-11-21T08:00:00.1 no\nno", ConsoleLine(3, "no\nno", "2026-11-21T08:00:00.1", "error")),
        ('{"ts":"t","level":"error","label":"w","content":"c"}', ConsoleLine(3, "c", "t", "error", "w")),
        ('{"ts":1,"content":"c"}', ConsoleLine(3, "c")),
        ('{"no":"content"}', ConsoleLine(3, '{"no":"content"}')),
        ("{not json", ConsoleLine(3, "{not json")),
    ],
)
def test_console_lines_in_all_the_clients_forms(text: str, line: ConsoleLine) -> None:
    assert parse_console_line(3, text) == line
