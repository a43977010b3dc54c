"""The fast reader reads what the patient one reads, and refuses what it refuses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.domain.rows import decode_line, decode_object, readable, step_of, whole_steps_of
from sweepyard.jsonvalue import MAX_DEPTH, MAX_DIGITS, TooMuchJson, dumps, loads_object

SEEDS = [
    '{"a":"x\\u00e9\\n","b":[1,2.5,-3e-4,{"c":null,"d":true}],"_step":3}',
    '{"k":false,"n":0.5,"_step":1.0,"t":""}',
    '{"q":"\\\\\\"","r":[[],{}],"_step":7}',
    '{"a":NaN,"b":-Infinity,"c":1e400,"d":18446744073709551616}',
    '{"a":"\\ud800","_step":null}',
    '{"_step":true}',
    '{"_step":"1"}',
    "[1]",
    "",
]
SIGNS = st.sampled_from(list('{}[]:,"\\0123456789.eE+-nulltruefalseNaI \t\n\rux/bf\x00\x1f\xe9\u2028'))


def patient(text: str) -> str:
    try:
        return repr(loads_object(text))
    except ValueError:
        return "refused"


def fast(text: str) -> str:
    try:
        return repr(decode_object(text))
    except ValueError:
        return "refused"


@given(seed=st.sampled_from(SEEDS), edits=st.lists(st.tuples(st.integers(0, 80), SIGNS, st.booleans()), max_size=4))
def test_both_readers_agree_on_whatever_comes(seed: str, edits: list[tuple[int, str, bool]]) -> None:
    text = seed
    for place, sign, overwrites in edits:
        text = text[:place] + sign + text[place + overwrites :]
    assert fast(text) == patient(text)
    if patient(text) == "refused":
        with pytest.raises(ValueError, match=r".*"):
            step_of(text, 1)
    else:
        assert repr(step_of(text, 5)) == repr(json.loads(text).get("_step", 5))
        assert decode_line(text) is not None
        assert readable(text) == text


def test_bytes_too() -> None:
    assert decode_object('{"é":1}'.encode()) == {"é": 1}
    with pytest.raises(ValueError, match="nested at most 128 deep"):
        decode_object("[" * 100_000)
    with pytest.raises(ValueError, match="nested at most 128 deep"):
        step_of('{"a":' + "[" * 100_000, 0)


def nested(depth: int) -> str:
    return '{"_step":0,"a":' + "[" * (depth - 1) + "1" + "]" * (depth - 1) + "}"


@pytest.mark.parametrize(
    "line",
    [
        '{"_step":0,"a":' + "9" * (MAX_DIGITS + 1) + "}",
        '{"_step":0,"pad":"' + "x" * 999 + '","a":{"b":[-' + "7" * (3 * MAX_DIGITS) + "]}}",
        nested(MAX_DEPTH + 1),
        nested(3_000),
    ],
)
def test_what_is_too_much_is_refused_on_the_way_in_and_read_where_it_is_stored(line: str) -> None:
    assert whole_steps_of(['{"_step":1}', line]) is None
    with pytest.raises(TooMuchJson, match=r"at most (4,300 digits|128 deep)"):
        step_of(line, 0)
    row = decode_line(line)
    assert row["_step"] == 0
    assert readable(line) == dumps(row) != line
    assert decode_object(readable(line)) is not None


def test_what_is_just_not_too_much_is_taken_at_once() -> None:
    lines = [
        '{"_step":4,"a":-' + "9" * MAX_DIGITS + "}",
        '{"_step":5,"t":"' + "9[" * MAX_DIGITS + '"}',
        nested(MAX_DEPTH),
    ]
    assert [step_of(line, 9) for line in lines] == [4, 5, 0]
    assert [readable(line) for line in lines] == lines
    assert decode_line(lines[0])["a"] == -(10**MAX_DIGITS - 1)
    assert whole_steps_of(['{"_step":4,"t":"' + "x" * 9_000 + '"}']) == [4]


def test_too_much_is_cut_down_and_the_rest_stays() -> None:
    row = decode_line('{"a":' + "9" * 5_000 + ',"b":-' + "9" * 5_000 + ',"c":"[","d":1.5}')
    assert row == {"a": float("inf"), "b": float("-inf"), "c": "[", "d": 1.5}
    value = decode_line('{"x":1,"a":' + "[" * 200 + '"]\\""' + "]" * 200 + ',"y":[2]}')
    assert (value["x"], value["y"]) == (1, [2])
    inner = value["a"]
    for _ in range(MAX_DEPTH - 1):
        assert isinstance(inner, list)
        [inner] = inner
    assert inner == "[" * 73 + '"]\\""' + "]" * 73
