from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sweepyard.domain.history_keys import KeySummary, joined, leaves, summaries_of, summary_of

VALUES = st.one_of(st.integers(-2, 2), st.floats(), st.sampled_from([None, True, "x", [], {}, {"_type": "image-file"}]))
ROWS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "c.d"]), VALUES, max_size=3), max_size=12)


def test_leaves_are_dotted_and_media_are_whole() -> None:
    row = {"a": 1, "b": {"c": {"d": 2}, "e": {}}, "m": {"_type": "image-file", "path": "p"}}
    assert list(leaves(row)) == [
        ("a", 1),
        ("b.c.d", 2),
        ("b.e", {}),
        ("m", {"_type": "image-file", "path": "p"}),
    ]


def test_numbers_that_never_fall_are_monotonic() -> None:
    assert summary_of([1, 1.5, 1.5]) == KeySummary({"number": 3}, True, 1.5)
    assert summary_of([2, 1]) == KeySummary({"number": 2}, False, 1)
    assert summary_of([1, math.nan]).monotonic is False
    assert summary_of([True]) == KeySummary({"bool": 1}, False, True)


def test_kinds() -> None:
    values = [1, 2.5, "s", True, None, [1], {"x": 1}, {"_type": "table-file"}, {"_type": 3}]
    assert summary_of(values).type_counts == {
        "number": 2,
        "string": 1,
        "bool": 1,
        "null": 1,
        "list": 1,
        "map": 2,
        "table-file": 1,
    }


@given(rows=ROWS, cuts=st.lists(st.integers(0, 12), max_size=3))
def test_parts_come_to_the_whole(rows: list[dict[str, object]], cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(rows)]
    parts = [summaries_of(rows[begin:end]) for begin, end in pairwise(edges)]  # type: ignore[arg-type]
    assert repr(_in_order(joined(parts))) == repr(_in_order(summaries_of(rows)))  # type: ignore[arg-type]


def _in_order(summaries: dict[str, KeySummary]) -> list[object]:
    return [(key, sorted(s.type_counts.items()), s.monotonic, s.last) for key, s in summaries.items()]
