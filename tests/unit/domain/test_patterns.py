from __future__ import annotations

import re

import pytest

from sweepyard.domain.patterns import Pattern, PatternError


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("", "", True),
        ("a", "", False),
        ("^$", "", True),
        ("run0[12]$", "run02", True),
        ("run0[12]$", "run020", False),
        ("(?i)strasse", "STRASSE", True),
        (r"(?P<epoch>\d+) of \d+", "7 of 12", True),
        (r"\.\*\[\]", "a.*[]", True),
        (r"\bü", "ein ü", False),  # RE2's words are ASCII.
        ("🌱+$", "🌱🌱", True),
    ],
)
def test_examples(pattern: str, text: str, found: bool) -> None:
    assert Pattern(pattern).occurs_in(text) is found


def test_case_is_ignored_where_asked() -> None:
    assert Pattern("mlp", ignore_case=True).occurs_in("an MLP")
    assert not Pattern("mlp").occurs_in("an MLP")


@pytest.mark.parametrize("pattern", ["(", ")", "[a", "*a", "(?=a)", r"(a)\1", "\\", "((a{99}){99}){99}"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match=re.compile(r"\w")):
        Pattern(pattern)


def test_patterns_that_hang_other_engines_end() -> None:
    assert not Pattern("^(a+)+$").occurs_in("a" * 100_000 + "b")
    assert not Pattern("(.*)*x").occurs_in("a" * 100_000)
    assert not Pattern("(a|b)*a(a|b){200}c").occurs_in("ab" * 20_000)


def test_characters_of_several_bytes_and_halves_of_surrogate_pairs_count_as_one() -> None:
    assert Pattern("^.é.$").occurs_in("aéü")
    assert not Pattern("^.{2}$").occurs_in("aéü")
    assert Pattern("É", ignore_case=True).occurs_in("café")
    assert Pattern("^a.b$").occurs_in("a\ud800b")
