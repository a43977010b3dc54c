"""Chunks as no client should send them: nothing breaks, and nothing that was acknowledged is lost."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from itertools import count
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st
from tests.fuzz.rules import check, fuzz

from sweepyard.domain.history import Stream
from sweepyard.domain.run import RunPath
from sweepyard.jsonvalue import dumps

NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.floats(), st.sampled_from([0, 1, -1, 2**53, 2**63, 1e308]))
TEXTS = st.one_of(st.text(max_size=20), st.sampled_from(["", "\x00", "🙂", "مرحبا", "\ud800", "NaN", "x" * 5000]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)
# Beyond what Python writes: whole numbers of more digits than it reads, and nesting that overflows its stack.
BEYOND = st.one_of(
    st.builds(lambda step, digits: f'{{"_step":{step},"n":{"9" * digits}}}', NUMBERS, st.integers(4298, 4303)),
    st.builds(
        lambda depth: '{"n":' + "[" * depth + "]" * depth + "}", st.sampled_from([126, 127, 128, 500, 950, 3000])
    ),
)
ROWS = st.one_of(
    BEYOND,
    st.builds(
        lambda step, row: json.dumps({**row, "_step": step}), NUMBERS, st.dictionaries(TEXTS, VALUES, max_size=3)
    ),
    st.builds(lambda step, loss: json.dumps({"_step": step, "loss": loss}), st.integers(0, 30), st.floats()),
    st.builds(json.dumps, VALUES),
    TEXTS,
)
GOOD_ROWS = st.builds(
    lambda step, loss: json.dumps({"_step": step, "loss": loss}), st.integers(0, 30), st.one_of(st.floats(), NUMBERS)
)
OFFSETS = st.one_of(st.integers(0, 12), st.integers(0, 12), st.integers(-3, 2**60), NUMBERS, VALUES)
STREAMS = [stream.value for stream in Stream]
CHUNKS = st.one_of(
    st.fixed_dictionaries({"offset": st.integers(0, 12), "content": st.lists(GOOD_ROWS, max_size=6)}),
    st.fixed_dictionaries({"offset": st.integers(0, 12), "content": st.lists(GOOD_ROWS, max_size=6)}),
    st.fixed_dictionaries({"offset": OFFSETS, "content": st.lists(ROWS, max_size=4)}),
    VALUES,
)
BODIES = st.one_of(
    st.fixed_dictionaries({"files": st.dictionaries(st.sampled_from(STREAMS), CHUNKS, min_size=1, max_size=3)}),
    st.fixed_dictionaries(
        {"files": st.dictionaries(st.sampled_from([*STREAMS, "wandb-summary.json", "x", "../x"]), CHUNKS, max_size=3)},
        optional={"complete": VALUES, "exitcode": VALUES, "preempting": VALUES, "uploaded": VALUES, "dropped": VALUES},
    ),
    st.fixed_dictionaries({"complete": st.booleans(), "exitcode": st.one_of(st.integers(-1, 300), NUMBERS)}),
    VALUES,
)
RAW = st.one_of(
    st.tuples(st.binary(max_size=50), st.sampled_from(["", "gzip", "br", "identity", "gzip, gzip"])),
    st.builds(lambda body, cut: (gzip.compress(json.dumps(body).encode())[:-cut], "gzip"), BODIES, st.integers(1, 30)),
)
UPSERT = """mutation ($name: String) {
  upsertBucket(input: {name: $name, modelName: "digits", host: "h"}) { inserted } }"""
_RUNS = count()


@fuzz(150)
@given(requests=st.lists(st.one_of(BODIES, BODIES, RAW), min_size=1, max_size=6))
def test_what_was_acknowledged_is_there_and_what_was_refused_is_not(world: Any, requests: list[Any]) -> None:
    path = RunPath("lab", "digits", f"fuzz-{next(_RUNS)}")
    made = world.graphql(
        f'mutation {{ upsertBucket(input: {{name: "{path.run_id}", modelName: "digits", host: "h"}}) {{ inserted }} }}'
    )
    assert made.json()["data"] == {"upsertBucket": {"inserted": True}}
    stored: dict[tuple[str, int], str] = {}
    for request in requests:
        body, headers = _sent(request)
        answer = world.ask(
            "POST",
            f"/files/lab/digits/{path.run_id}/file_stream",
            content=body,
            headers=headers,
            auth=("api", world.keys["writer"]),
        )
        check(answer)
        event(f"{answer.status_code}")
        if answer.status_code == 200:
            stored.update(_lines(request))
        assert _kept(world, path) == stored
    _read_all(world, path)


def _read_all(world: Any, path: RunPath) -> None:
    """Whatever was acknowledged is read by everyone who reads it."""
    rows = world.services.history.rows(path)
    assert len([json.loads(line) for line in world.services.history.lines(path)]) == len(rows)
    assert all(dumps(row.values).encode() for row in rows)
    assert world.services.history.keys(path).last_step == max((row.step for row in rows), default=-1)
    for line in world.services.history.events(path):
        json.loads(line)


def _sent(request: Any) -> tuple[bytes, Mapping[str, str]]:
    if isinstance(request, tuple):
        body, encoding = request
        return body, {"Content-Encoding": encoding} if encoding else {}
    packed = gzip.compress(json.dumps(request).encode())
    return packed, {"Content-Encoding": "gzip"}


def _lines(request: Any) -> dict[tuple[str, int], str]:
    """The lines that a request brings, by stream and number."""
    if isinstance(request, tuple) or not isinstance(request, dict):
        return {}
    found = {}
    for name, chunk in (request.get("files") or {}).items():
        if name in STREAMS:
            lines = [line.replace("\ud800", "\ufffd") for line in chunk["content"]]
            found.update({(name, number): line for number, line in enumerate(lines, chunk["offset"])})
    return found


def _kept(world: Any, path: RunPath) -> dict[tuple[str, int], str]:
    with world.database.reading() as unit:
        return {(stream.value, number): text for stream in Stream for number, text in unit.streams.lines(path, stream)}
