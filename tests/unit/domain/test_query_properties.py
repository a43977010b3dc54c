"""Random filters are written as people might, and what they mean is worked out by hand."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.deterministic import START

from sweepyard.domain.fields import columns_of
from sweepyard.domain.filters import parse_filter
from sweepyard.domain.query import mongo_form, parse_query
from sweepyard.domain.query_tokens import quoted
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.errors import RequestInvalid
from sweepyard.jsonvalue import loads

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_NUMBERS = (-2.5, 0, 1, 1.5, 3)
_TEXTS = ("a", "b c", 'x"y', "and", "5", "\\", "null")


def _run(number: int, state: RunState, config: dict[str, Any], summary: dict[str, Any]) -> Run:
    path = RunPath("lab", "digits", f"r{number}")
    return Run(path=path, state=state, created_at=START, updated_at=START, config=config, summary=summary)


_RUNS = [
    _run(0, RunState.FINISHED, {"x": 1, "y z": "a"}, {"m/n": 1.5}),
    _run(1, RunState.RUNNING, {"x": 3, "y z": "b c"}, {"m/n": -2.5, "x": 0}),
    _run(2, RunState.FAILED, {"x": "5", "y z": 'x"y'}, {}),
    _run(3, RunState.FINISHED, {"x": "and"}, {"m/n": 3, "y z": "\\"}),
    _run(4, RunState.CRASHED, {}, {"x": 1.5, "y z": "null"}),
]


@dataclass(frozen=True)
class Query:
    """A filter: how it is written, and which runs pass."""

    text: str
    passes: Callable[[Run], bool]


def _values(run: Run, name: str) -> list[Any]:
    if name == "state":
        return [run.state.value]
    return [mapping[name] for mapping in (run.config, run.summary) if name in mapping]


def _written(value: object) -> str:
    return quoted(value) if isinstance(value, str) else repr(value)


def _compared(name: str, sign: str, value: object) -> Query:
    def passes(run: Run) -> bool:
        found = _values(run, name)
        if sign == "=":
            return value in found
        if sign == "!=":
            return value not in found
        return any(isinstance(item, str) == isinstance(value, str) and _ORDERS[sign](item, value) for item in found)

    return Query(f"{quoted(name) if ' ' in name else name} {sign} {_written(value)}", passes)


def _listed(name: str, values: list[object], inside: bool) -> Query:
    text = f"{quoted(name)} {'in' if inside else 'NOT  IN'} ({' , '.join(map(_written, values))})"
    return Query(text, lambda run: any(found in values for found in _values(run, name)) is inside)


def _present(name: str, exists: bool) -> Query:
    text = f"{quoted(name)}{' ' if exists else ' not '}exists"
    return Query(text, lambda run: bool(_values(run, name)) is exists)


def _conjoined(parts: list[Query]) -> Query:
    return Query(" and ".join(part.text for part in parts), lambda run: all(part.passes(run) for part in parts))


def _disjoined(parts: list[Query]) -> Query:
    return Query(" or ".join(f"({part.text})" for part in parts), lambda run: any(part.passes(run) for part in parts))


def _contrary(part: Query) -> Query:
    return Query(f"not ({part.text})", lambda run: not part.passes(run))


def _parenthesized(query: Query) -> Query:
    return Query(f"( {query.text})", query.passes)


_NAMES = st.sampled_from(["x", "y z", "m/n"])
_VALUES = st.sampled_from([*_NUMBERS, *_TEXTS])
_CONDITIONS = st.one_of(
    st.builds(_compared, _NAMES, st.sampled_from(["=", "!=", *_ORDERS]), _VALUES),
    st.builds(_compared, st.just("state"), st.sampled_from(["=", "!="]), st.just("finished")),
    st.builds(_listed, _NAMES, st.lists(_VALUES, min_size=1, max_size=3), st.booleans()),
    st.builds(_present, _NAMES, st.booleans()),
)
_QUERIES = st.recursive(
    _CONDITIONS,
    lambda parts: st.one_of(
        # What stands between `and` is put into parentheses where it has an `or` of its own.
        st.lists(parts.map(_parenthesized), min_size=2, max_size=3).map(_conjoined),
        st.lists(parts, min_size=2, max_size=3).map(_disjoined),
        parts.map(_contrary),
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=60)
@given(_QUERIES)
def test_a_filter_means_what_it_says(query: Query) -> None:
    wanted = parse_query(query.text)
    expected = [run.path.run_id for run in _RUNS if query.passes(run)]
    assert wanted.keep([run.path.run_id for run in _RUNS], columns_of(_RUNS, wanted.fields)) == expected
    # What goes over the wire means the same, and asking about either finds the same in the hub's memory.
    assert parse_filter(loads(wanted.source)).source == wanted.source
    assert parse_filter(mongo_form(query.text)).source == wanted.source


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_any_text_can_be_quoted(value: str, key: str) -> None:
    if value and not key.startswith(("config.", "summary")):
        assert mongo_form(f"config.k = {quoted(value)}") == {"config.k": value}
        assert mongo_form(f"{quoted(f'config.{key}')} = 1") == {f"config.{key}": 1}


_PIECES = st.sampled_from(
    [
        *"""(),=>~"'\\ a1“\n\x00𝔸[*""",
        *("and", "or", "not", "in", "exists", "!=", "==", "state", "created", "config."),
        *("-.5e3", "null", "nan", "2026-11-21"),
    ]
)


@settings(deadline=None, max_examples=100)
@given(st.lists(_PIECES, max_size=12).map(" ".join) | st.lists(_PIECES, max_size=12).map("".join))
def test_whatever_is_written_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        assert parse_query(text).source
    except RequestInvalid as refused:
        places = [int(violation.where.rsplit(maxsplit=1)[-1]) for violation in refused.violations]
        assert places == sorted(places)
        assert all(1 <= place <= len(text) + 1 for place in places)
