"""Regular expressions that cannot hang: RE2's, whose search takes time linear in the text whatever the pattern.

They come from whoever may read a project, and the hub runs them: a backtracking engine would let one filter stop it.
What needs backtracking (backreferences, look-around) is refused.
"""

from __future__ import annotations

_MAX_LENGTH = 256
_MAX_MEMORY_BYTES = 8 << 20


class PatternError(ValueError):
    """The text is no pattern of RE2's, or one that is too long or takes too much memory."""


class Pattern:
    """A compiled pattern."""

    def __init__(self, pattern: str, *, ignore_case: bool = False) -> None:
        """Compile it.

        Args:
            pattern: In RE2's syntax, which is that of Perl and Python without backtracking.

        Raises:
            PatternError: It is none.
        """
        if len(pattern) > _MAX_LENGTH:
            raise PatternError(f"it has at most {_MAX_LENGTH} characters, not {len(pattern)}")
        # Only filters with a pattern need it, and only a hub has those.
        import re2

        options = re2.Options()
        options.max_mem = _MAX_MEMORY_BYTES
        options.log_errors = False
        options.case_sensitive = not ignore_case
        try:
            # Bytes all the way: of texts, the engine's module would count characters before and behind each match.
            self._compiled = re2.compile(_bytes_of(pattern), options)
        except re2.error as error:
            reason = error.args[0]
            raise PatternError(reason.decode() if isinstance(reason, bytes) else str(reason)) from error

    def occurs_in(self, text: str) -> bool:
        """Whether it matches somewhere in the text."""
        return self._compiled.search(_bytes_of(text)) is not None


def _bytes_of(text: str) -> bytes:
    """UTF-8; half a surrogate pair, which JSON may hold, counts as a character."""
    return text.encode("utf-8", "surrogatepass")
