from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepyard.domain.patterns import Pattern, PatternError

ATOMS = st.sampled_from(
    [
        *"ab1_ ",
        ".",
        r"\w",
        r"\D",
        r"\s",
        "[ab]",
        "[^a]",
        "[a-c1_-]",
        r"[\d-]",
        r"\b",
        r"\B",
        "^",
        "$",
        r"\A",
        r"\Z",
        "B",
        r"\n",
    ]
)
REPEATS = st.sampled_from(["*", "+", "?", "*?", "{2}", "{1,2}", "{0,2}", "{,1}", "{1,}"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("(?:{0[0]}|{0[1]})".format),
        st.tuples(inner, REPEATS).map("({0[0]}){0[1]}".format),
    ),
    max_leaves=6,
)


@given(PATTERNS, st.text("abAB1_ \n-", min_size=1, max_size=6), st.booleans())
@settings(max_examples=1000, deadline=None)
def test_a_pattern_occurs_where_python_finds_it(pattern: str, text: str, ignore_case: bool) -> None:
    expected = re.search(pattern, text, re.IGNORECASE if ignore_case else 0) is not None
    assert Pattern(pattern, ignore_case=ignore_case).occurs_in(text) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("", "", True),
        ("a", "", False),
        ("^$", "", True),
        ("run0[12]$", "run02", True),
        ("run0[12]$", "run020", False),
        ("(?i)straße", "STRAßE", True),
        ("(?P<epoch>\\d+) of \\d+", "7 of 12", True),
        (r"\u00fc\x21", "ü!", True),
        (r"\.\*\[\]", "a.*[]", True),
        ("[]a]b", "]b", True),
        ("[^]a]b", "cb", True),
        ("a{", "a{", True),
        ("a{,}", "a{,}", True),
        ("a$", "a\n", True),
        (r"a\Z", "a\n", False),
        ("🌱+$", "🌱🌱", True),
    ],
)
def test_examples(pattern: str, text: str, found: bool) -> None:
    assert Pattern(pattern).occurs_in(text) is found


@pytest.mark.parametrize(
    ("pattern", "rule"),
    [
        ("(", "is not closed"),
        (")", "closes nothing"),
        ("[a", "is not closed"),
        ("*a", "repeats nothing"),
        ("a**", "not repeated"),
        ("a*+", "not repeated"),
        ("a{3,2}", "wrong way round"),
        ("[b-a]", "to a later one"),
        (r"[a-\d]", "to a later one"),
        ("(?=a)", "groups are"),
        ("a(?i)", "groups are"),
        (r"(a)\1", "not served"),
        (r"\q", "not served"),
        ("\\", "does not end with"),
        ("[\\", "does not end with"),
        (r"\u12", "hexadecimal"),
        ("((a{99}){99}){99}", "at most 2000 steps"),
        ("(" * 60 + ")" * 60, "at most 50 deep"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str, rule: str) -> None:
    with pytest.raises(PatternError, match=re.escape(rule)):
        Pattern(pattern)


def test_patterns_that_hang_other_engines_end() -> None:
    assert not Pattern("^(a+)+$").occurs_in("a" * 100_000 + "b")
    assert not Pattern("(.*)*x").occurs_in("a" * 100_000)


def test_many_states_are_forgotten_and_made_again() -> None:
    pattern = Pattern("(a|b)*a(a|b){9}c")
    texts = ["".join("ab"[number >> bit & 1] for bit in range(11)) for number in range(2048)]
    for text in texts:
        assert pattern.occurs_in(text + "c") is (text[-10] == "a")
