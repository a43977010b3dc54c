"""The fast reader reads what the patient one reads, and refuses what it refuses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepyard.domain.rows import decode_object, step_of
from sweepyard.jsonvalue import loads_object

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


def test_bytes_too() -> None:
    assert decode_object('{"é":1}'.encode()) == {"é": 1}
    with pytest.raises(ValueError, match="nested too deeply"):
        decode_object("[" * 100_000)
    with pytest.raises(ValueError, match="nested too deeply"):
        step_of('{"a":' + "[" * 100_000, 0)
