"""The words of a filter as people write it, and what is wrong with it, shown under the very character."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from sweepyard.errors import RequestInvalid, Violation

KEYWORDS = frozenset({"and", "or", "not", "in", "exists"})

_TOKEN = re.compile(
    r"""\s*(?: (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
             | (?P<open>["'].*)
             | (?P<sign>[=!<>~]+|[(),])
             | (?P<word>[^\s"'=!<>~(),]+) )""",
    re.VERBOSE | re.DOTALL,
)
_TYPOGRAPHIC = dict.fromkeys("“”„‟«»", '"') | dict.fromkeys("‘’‚‛", "'")
_BEFORE, _BEHIND = 60, 30
"""How much of the text is shown around a mistake, in characters."""


class TokenKind(Enum):
    """What a token is."""

    WORD = "word"
    TEXT = "text"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a quoted text, a sign, or the end.

    Attributes:
        text: What it says, without quotation marks.
        written: How it was written.
        at: Where it begins in the whole text, in characters.
    """

    kind: TokenKind
    text: str
    written: str
    at: int

    @property
    def keyword(self) -> str:
        """The keyword that it is, in small letters; empty for anything else."""
        word = self.text.lower()
        return word if self.kind is TokenKind.WORD and word in KEYWORDS else ""

    def is_sign(self, sign: str) -> bool:
        """Whether it is this sign."""
        return self.kind is TokenKind.SIGN and self.text == sign


@dataclass(slots=True)
class Findings:
    """What is wrong with a text, gathered so that all of it is told at once."""

    text: str
    _found: list[tuple[int, Violation]] = field(default_factory=list)

    def add(self, token: Token, rule: str, hint: str = "") -> None:
        """Note that a token breaks a rule."""
        written = token.written if len(token.written) <= _BEFORE else f"{token.written[:_BEFORE]}..."
        received = written if token.kind is TokenKind.TEXT else repr(written) if written else "the end"
        self._found.append((token.at, Violation(rule, received, hint, _shown(self.text, token.at))))

    def raise_any(self) -> None:
        """Tell them all, if there are any.

        Raises:
            RequestInvalid: There are.
        """
        if self._found:
            raise RequestInvalid([violation for _, violation in sorted(self._found, key=lambda pair: pair[0])])


def tokens_of(text: str, findings: Findings) -> list[Token]:
    """The tokens of a text, the end last."""
    tokens = []
    read = text.rstrip()
    for match in _TOKEN.finditer(read):
        token = _token(match)
        tokens.append(token)
        if match.lastgroup == "open":
            findings.add(token, "a quotation ends with the mark that it begins with")
        if token.kind is TokenKind.WORD:
            _check_marks(token, findings)
    return [*tokens, Token(TokenKind.END, "", "", len(read))]


def quoted(text: str) -> str:
    """A text between quotation marks, as it is written in a filter."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _token(match: re.Match[str]) -> Token:
    kind = str(match.lastgroup)  # Every alternative has a name.
    written, at = match[kind], match.start(kind)
    if kind == "open":
        return Token(TokenKind.TEXT, written[1:], written, at)
    if kind == "text":
        # Before anything else a backslash stays, so that patterns can be written as they are.
        return Token(TokenKind.TEXT, re.sub(r"""\\(["'\\])""", r"\1", written[1:-1]), written, at)
    return Token(TokenKind(kind), written, written, at)


def _check_marks(token: Token, findings: Findings) -> None:
    typographic = next((mark for mark in token.text if mark in _TYPOGRAPHIC), None)
    if typographic is not None:
        findings.add(token, "texts stand between straight quotation marks", f"Write {_TYPOGRAPHIC[typographic]}")


def _shown(text: str, at: int) -> str:
    """The text around a place, and below it a mark and the number of the character."""
    begin, end = max(0, at - _BEFORE), at + _BEHIND
    head = "..." if begin else ""
    tail = "..." if end < len(text) else ""
    line = "".join(character if character.isprintable() else " " for character in text[begin:end])
    return f"{head}{line}{tail}\n{' ' * (len(head) + at - begin)}^ character {at + 1}"
