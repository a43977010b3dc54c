"""Names of files inside a run's or an artifact's folder."""

from __future__ import annotations

from sweepyard.errors import RequestInvalid, Violation

_MAX_LENGTH = 1024


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
