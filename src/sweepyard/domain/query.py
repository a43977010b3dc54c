"""Filters over runs as people write them: `best/val_accuracy > 0.98 and model.name = convnet`.

    query      = [ either ]                              without a word, every run passes
    either     = both { "or" both }
    both       = contrary { "and" contrary }
    contrary   = "not" contrary | "(" either ")" | condition
    condition  = NAME ( "=" | "!=" | ">" | ">=" | "<" | "<=" | "~" ) VALUE
               | NAME [ "not" ] "in" "(" VALUE { "," VALUE } ")"
               | NAME [ "not" ] "exists"

Names and values are words as they are, or quoted texts. A query is turned into the form that `domain.filters` parses
and W&B's servers know, so that there is one evaluator. The user's side of it is docs/filters.md.
"""

from __future__ import annotations

import difflib
import itertools

from sweepyard.domain import query_conditions as conditions
from sweepyard.domain.filters import RunFilter, parse_filter
from sweepyard.domain.patterns import Pattern, PatternError
from sweepyard.domain.query_tokens import Findings, Token, TokenKind, quoted, tokens_of
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue

MAX_LENGTH = 4_000
MAX_DEPTH = 12

_BEHIND_A_NAME = "behind a name comes one of = != > >= < <= ~ in exists"
_OPERATORS = ("=", "!=", ">", ">=", "<", "<=", "~")
_MEANT = {"==": "=", "===": "=", "<>": "!=", "=<": "<=", "=>": ">=", "=~": "~", "~=": "~", ">>": ">", "<<": "<"}
_MEANT_WORDS = {
    "is": "=",
    "eq": "=",
    "equals": "=",
    "like": "~",
    "ilike": "~",
    "matches": "~",
    "contains": "~",
    "has": "exists",
    "exist": "exists",
    "nin": "not in",
}
_MEANT_JOINTS = {"&&": "and", "&": "and", "||": "or", "|": "or"}


def parse_query(text: str) -> RunFilter:
    """The filter that a text describes.

    Raises:
        RequestInvalid: It does not follow the grammar; one violation a mistake, each with its place.
    """
    tokens, findings = _read(text)
    _check_patterns(tokens, findings)
    return parse_filter(_form(tokens, findings))


def mongo_form(text: str) -> JsonObject:
    """The same filter in the form that the client sends; whether patterns are legal is for who evaluates them to say.

    Raises:
        RequestInvalid: It does not follow the grammar.
    """
    return _form(*_read(text))


def _read(text: str) -> tuple[list[Token], Findings]:
    if len(text) > MAX_LENGTH:
        rule = f"a filter has at most {MAX_LENGTH:,} characters"
        raise RequestInvalid([Violation(rule, f"{len(text):,}", "~ with a pattern is shorter than a long list")])
    findings = Findings(text)
    return tokens_of(text, findings), findings


def _form(tokens: list[Token], findings: Findings) -> JsonObject:
    form = _Parser(tokens, findings).whole()
    findings.raise_any()
    return form


def _check_patterns(tokens: list[Token], findings: Findings) -> None:
    for sign, value in itertools.pairwise(tokens):
        if sign.is_sign("~") and value.kind in {TokenKind.WORD, TokenKind.TEXT}:
            try:
                Pattern(value.text)
            except PatternError as error:
                findings.add(value, f"~ takes a regular expression: {error}")


class _Lost(Exception):
    """A condition cannot be read on; what is wrong is noted."""


class _Parser:
    """Reads tokens from left to right; after a mistake it goes on with what was meant, or behind the condition."""

    def __init__(self, tokens: list[Token], findings: Findings) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0
        self._findings = findings

    def whole(self) -> JsonObject:
        if self._next().kind is TokenKind.END:
            return {}
        form = self._either()
        while self._next().kind is not TokenKind.END:
            self._findings.add(self._take(), "a ) closes a ( before it")
            self._skip()
            if self._takes("and") or self._takes("or"):
                self._either()
        return form

    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next()
        if token.kind is not TokenKind.END:
            self._place += 1
        return token

    def _takes(self, keyword: str) -> bool:
        found = self._next().keyword == keyword
        if found:
            self._take()
        return found

    def _either(self) -> JsonObject:
        parts: list[JsonValue] = [self._both()]
        while self._takes("or"):
            parts.append(self._both())
        return _joined("$or", parts)

    def _both(self) -> JsonObject:
        parts: list[JsonValue] = [self._contrary()]
        while self._takes("and"):
            parts.append(self._contrary())
        return _joined("$and", parts)

    def _contrary(self) -> JsonObject:
        token = self._next()
        if token.keyword != "not" and not token.is_sign("("):
            return self._condition()
        if self._depth == MAX_DEPTH:
            self._findings.add(token, f"parentheses and `not` nest at most {MAX_DEPTH} deep")
            self._findings.raise_any()
        self._take()
        self._depth += 1
        form: JsonObject = {"$nor": [self._contrary()]} if token.keyword else self._inside(token)
        self._depth -= 1
        return form

    def _inside(self, opening: Token) -> JsonObject:
        form = self._either()
        if self._next().is_sign(")"):
            self._take()
            self._end_of_condition()
        else:
            self._findings.add(opening, "a ( is closed by a ) behind it")
        return form

    def _condition(self) -> JsonObject:
        try:
            form = self._compared()
        except _Lost:
            self._skip()
            return {}
        self._end_of_condition()
        return form

    def _compared(self) -> JsonObject:
        name_token = self._name()
        name = conditions.name_of(name_token, self._findings)
        contrary = self._takes("not")
        if self._takes("exists"):
            return conditions.existing(name, exists=not contrary)
        if self._takes("in"):
            return conditions.within(name, self._list(), self._findings, inside=not contrary)
        token = self._take()
        if contrary:
            self._lose(token, "behind NAME not comes `in` or `exists`", "Other conditions: not NAME = VALUE")
        operator = token.text
        if token.kind is not TokenKind.SIGN or operator not in _OPERATORS:
            self._findings.add(token, _BEHIND_A_NAME, _meant(name_token, token))
            operator = _meant_operator(token)
        if operator not in _OPERATORS:
            raise _Lost
        return conditions.compared(name, operator, self._value(), self._findings)

    def _name(self) -> Token:
        token = self._next()
        if token.kind not in {TokenKind.WORD, TokenKind.TEXT} or token.keyword:
            hint = f"Quote it if it is one: {quoted(token.text)}" if token.keyword else ""
            self._lose(token, "a condition begins with a name", hint)
        return self._take()

    def _value(self) -> Token:
        token = self._next()
        if token.kind not in {TokenKind.WORD, TokenKind.TEXT} or token.keyword:
            hint = f"Quote it if it is one: {quoted(token.text)}" if token.written else "Write NAME = VALUE"
            self._lose(token, "behind an operator comes a value", hint)
        return self._take()

    def _list(self) -> list[Token]:
        if not self._next().is_sign("("):
            self._lose(self._next(), "behind `in` comes a list", "Write in (a, b)")
        self._take()
        try:
            values = self._listed()
        except _Lost:
            self._skip()
            self._take_closing()
            raise
        self._take_closing()
        return values

    def _listed(self) -> list[Token]:
        values = [self._value()]
        while self._next().is_sign(","):
            self._take()
            values.append(self._value())
        if not self._next().is_sign(")"):
            self._lose(self._next(), "the values of a list stand between ( and ), with commas between them")
        return values

    def _take_closing(self) -> None:
        if self._next().is_sign(")"):
            self._take()

    def _end_of_condition(self) -> None:
        token = self._next()
        if token.kind is TokenKind.END or token.keyword in {"and", "or"} or token.is_sign(")"):
            return
        meant = _meant_joint(token)
        self._findings.add(token, "conditions are joined by `and` or `or`", _hint_of_joint(token, meant))
        if meant:
            self._tokens[self._place] = Token(TokenKind.WORD, meant, token.written, token.at)
        else:
            self._skip()

    def _lose(self, token: Token, rule: str, hint: str = "") -> None:
        self._findings.add(token, rule, hint)
        raise _Lost

    def _skip(self) -> None:
        """To where the next condition may begin."""
        inside = 0
        while self._next().kind is not TokenKind.END:
            if not inside and (self._next().keyword in {"and", "or"} or self._next().is_sign(")")):
                return
            inside += self._next().is_sign("(") - self._next().is_sign(")")
            self._take()


def _joined(operator: str, parts: list[JsonValue]) -> JsonObject:
    first = parts[0]
    return first if len(parts) == 1 and isinstance(first, dict) else {operator: parts}


def _meant(name: Token, received: Token) -> str:
    """What somebody who wrote this where an operator belongs may have meant."""
    if received.text == "!~":
        return f"Write not {name.written} ~ VALUE"
    meant = _meant_operator(received)
    if meant:
        return f"Did you mean {meant}?"
    head, colon, rest = name.text.partition(":")
    if colon and name.kind is TokenKind.WORD:
        return f"Did you mean {head} = {rest or 'VALUE'}?"
    if received.kind is TokenKind.WORD:
        return f"Quote names with spaces: {quoted(f'{name.text} {received.text}')}"
    return f"Write {name.written} = VALUE or {name.written} exists"


def _meant_operator(received: Token) -> str:
    """The operator that was meant by what stands where one belongs; empty where nobody can tell."""
    meant = _MEANT.get(received.text) or _MEANT_WORDS.get(received.text.lower(), "")
    if not meant and received.kind is TokenKind.SIGN and received.text != "!~":
        meant = next(iter(difflib.get_close_matches(received.text, _OPERATORS, n=1)), "")
    return meant


def _meant_joint(received: Token) -> str:
    """The joint that was meant by what stands where one belongs; empty where nobody can tell."""
    if received.is_sign(","):
        return "and"
    if received.kind is not TokenKind.WORD:
        return ""
    nearest = difflib.get_close_matches(received.text.lower(), ("and", "or"), n=1)
    return _MEANT_JOINTS.get(received.text) or next(iter(nearest), "")


def _hint_of_joint(received: Token, meant: str) -> str:
    if meant:
        return f"Did you mean {meant}?"
    if received.kind is TokenKind.SIGN and received.text in conditions.ORDERS:
        return "Name both bounds: NAME > 1 and NAME < 2"
    return "Quote texts with spaces" if received.kind is TokenKind.WORD else ""
