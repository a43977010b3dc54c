"""Names: of files inside a run's or an artifact's folder, and those by which people know a run or a sweep."""

from __future__ import annotations

import unicodedata

from sweepyard.errors import RequestInvalid, Violation

_MAX_LENGTH = 1024
_BLANK_CATEGORIES = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Mn", "Me"})
"""Spaces, controls, and marks that show nothing without a letter before them."""
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that are drawn as nothing: fillers of Hangul, Braille without a dot."""


def normalised_file_name(name: str) -> str:
    """A relative POSIX path without `.` and empty parts: `./media//a.png` is `media/a.png`.

    Raises:
        RequestInvalid: It is empty, absolute, too long, leaves the folder, or holds a NUL.
    """
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if not parts or name.startswith("/") or ".." in parts or "\0" in name or len(name) > _MAX_LENGTH:
        rule = f"a file's name is a relative path inside its folder, of at most {_MAX_LENGTH} characters"
        raise RequestInvalid([Violation(rule, repr(name[:200]))])
    return "/".join(parts)


def shown_name(name: str | None, given_id: str) -> str:
    """What a run or a sweep is called where people see it: its name, or its id where the name shows nothing."""
    return name if name and any(_is_visible(letter) for letter in name) else given_id


def check_texts(texts: dict[str, str | None]) -> None:
    """Refuse texts that no store can keep: those with NUL, or with half of a surrogate pair.

    Args:
        texts: By what they are; None is let pass.

    Raises:
        RequestInvalid: With every such text.
    """
    violations = [
        Violation("a text is Unicode without NUL", repr(text[:200]), where=what)
        for what, text in texts.items()
        if text is not None and ("\0" in text or not is_unicode(text))
    ]
    if violations:
        raise RequestInvalid(violations)


def is_unicode(text: str) -> bool:
    """Whether a text has no half of a surrogate pair, so that it can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_visible(letter: str) -> bool:
    return letter not in _BLANK_LETTERS and unicodedata.category(letter) not in _BLANK_CATEGORIES
