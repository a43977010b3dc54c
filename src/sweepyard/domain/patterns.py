r"""Regular expressions that cannot hang: whether a pattern occurs in a text, in time linear in the text.

    pattern = [ "(?i)" ] sequence { "|" sequence }          sequence = { item [ repeat [ "?" ] ] }
    item    = CHARACTER | "." | "[" ... "]" | "(" pattern ")" | "(?:" pattern ")" | "(?P<name>" pattern ")"
              | "^" | "$" | "\A" | "\Z" | "\b" | "\B" | "\d" "\D" "\w" "\W" "\s" "\S" | escaped character
    repeat  = "*" | "+" | "?" | "{m}" | "{m,}" | "{,n}" | "{m,n}"

A part of Python's `re`, with its meaning; what needs backtracking (backreferences, look-around, possessive repeats) is
refused. Letters compare by their lower and upper cases where case is ignored.

The pattern becomes a program (Thompson's construction) whose threads advance side by side; the sets of threads that
occur are remembered with what follows them, so that most characters cost one look-up. What a pattern may cost in all
is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

_MAX_STEPS = 2_000
_MAX_DEPTH = 50
_MAX_STATES = 500
_MAX_WORK = 4_000_000
_CHARACTERS_A_PIECE_OF_WORK = 8  # A remembered character costs an eighth of a step of a thread.
_END = ""
_FINAL_NEWLINE = "\n$"

_Accepts = Callable[[str], bool]
_REPEAT = re.compile(r"\{(\d{0,4})(,(\d{0,4}))?\}")
_GROUP = re.compile(r"\?(?::|P<[A-Za-z_]\w{0,63}>)")
_CLASSES: dict[str, _Accepts] = {
    "d": str.isdecimal,
    "w": lambda char: char.isalnum() or char == "_",
    "s": str.isspace,
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a", "0": "\0"}
_HEX = {"x": 2, "u": 4}
_ASSERTIONS = {"A": "begin", "Z": "end", "b": "edge", "B": "no edge"}


class PatternError(ValueError):
    """The text is no pattern of this grammar, or asks for too much work."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of the program: takes a character, or holds at a place, or forks; the last one is the goal."""

    accepts: _Accepts | None = None
    place: str = ""
    following: tuple[int, ...] = ()


@dataclass(slots=True)
class _State:
    """Threads between two characters, and where each next character leads; None means that the pattern occurred."""

    threads: frozenset[int]
    before: str
    moves: dict[str, _State | None] = field(default_factory=dict)


class Pattern:
    """A compiled pattern; used by one thread at a time."""

    def __init__(self, text: str, *, ignore_case: bool = False) -> None:
        """Compile.

        Raises:
            PatternError: It is no pattern of the grammar, or too large a one.
        """
        flagged = text.startswith("(?i)")
        self._steps, self._begin = _Compiler(text.removeprefix("(?i)"), ignore_case=ignore_case or flagged).program()
        self._states: dict[tuple[frozenset[int], str], _State] = {}
        self._work = 0

    def occurs_in(self, text: str) -> bool:
        """Whether the pattern matches anywhere in the text.

        Raises:
            PatternError: All texts so far have cost more than one pattern may.
        """
        self._charge(len(text) // _CHARACTERS_A_PIECE_OF_WORK)
        state = self._state(frozenset({self._begin}), "")
        last = len(text) - 1
        for index, char in enumerate(text):
            symbol = _FINAL_NEWLINE if index == last and char == "\n" else char
            following = state.moves[symbol] if symbol in state.moves else self._advance(state, symbol)
            if following is None:
                return True
            state = following
        return self._goal_among(self._reached(state, _END))

    def _advance(self, state: _State, symbol: str) -> _State | None:
        reached = self._reached(state, symbol)
        following = None
        if not self._goal_among(reached):
            char = symbol[0]
            moved = {self._begin}
            for number in reached:
                step = self._steps[number]
                if step.accepts is not None and step.accepts(char):
                    moved.update(step.following)
            following = self._state(frozenset(moved), char)
        state.moves[symbol] = following
        return following

    def _state(self, threads: frozenset[int], before: str) -> _State:
        kind = before if before in {"", "\n"} else "w" if _CLASSES["w"](before) else " "
        state = self._states.get((threads, kind))
        if state is None:
            if len(self._states) >= _MAX_STATES:
                self._states.clear()
            state = self._states[threads, kind] = _State(threads, kind)
        return state

    def _reached(self, state: _State, after: str) -> set[int]:
        """The steps that the threads stand at, once they passed every fork and every place that holds here."""
        reached: set[int] = set()
        waiting = list(state.threads)
        while waiting:
            number = waiting.pop()
            if number in reached:
                continue
            reached.add(number)
            step = self._steps[number]
            if step.accepts is None and (not step.place or _holds(step.place, state.before, after)):
                waiting.extend(step.following)
        self._charge(len(reached))
        return reached

    def _goal_among(self, reached: set[int]) -> bool:
        return len(self._steps) - 1 in reached

    def _charge(self, work: int) -> None:
        self._work += work
        if self._work > _MAX_WORK:
            raise PatternError("it takes too long on these texts")


def _holds(place: str, before: str, after: str) -> bool:
    if place == "begin":
        return before == ""
    if place == "end":
        return after == _END
    if place == "last":
        return after in {_END, _FINAL_NEWLINE}
    edge = (before == "w") is not (after not in {_END, _FINAL_NEWLINE} and _CLASSES["w"](after))
    return edge is (place == "edge")


class _Compiler:
    """Reads a pattern from left to right and writes its program; `self._at` is the place of reading."""

    def __init__(self, text: str, *, ignore_case: bool) -> None:
        self._text = text
        self._ignore_case = ignore_case
        self._at = 0
        self._depth = 0

    def program(self) -> tuple[list[_Step], int]:
        """The steps, the goal last, and the number of the first one."""
        tree = self._alternatives()
        if self._at < len(self._text):
            raise PatternError("a ) closes nothing")
        steps: list[_Step] = []
        goal = -1  # Told apart until the number of the last step is known.
        begin = tree(steps, goal)
        final = len(steps)
        patched = [
            _Step(step.accepts, step.place, tuple(final if number == goal else number for number in step.following))
            for step in steps
        ]
        return [*patched, _Step()], final if begin == goal else begin

    def _alternatives(self) -> _Tree:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise PatternError(f"groups nest at most {_MAX_DEPTH} deep")
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        self._depth -= 1
        return branches[0] if len(branches) == 1 else _fork(branches)

    def _sequence(self) -> _Tree:
        items: list[_Tree] = []
        while self._peek() not in {"", "|", ")"}:
            items.append(self._repeated(self._item()))
        return _chain(items)

    def _repeated(self, item: _Tree) -> _Tree:
        least, most = self._bounds()
        if least is None:
            return item
        if self._peek() == "?":
            self._at += 1  # A lazy repeat occurs where a greedy one does.
        if self._bounds()[0] is not None:
            raise PatternError("a repeat is not repeated; possessive ones are not served")
        return _repeat(item, least, most)

    def _bounds(self) -> tuple[int | None, int | None]:
        char = self._peek()
        if char and char in "*+?":
            self._at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        braces = _REPEAT.match(self._text, self._at)
        if braces is None or braces[0] in {"{}", "{,}"}:
            return None, None
        self._at = braces.end()
        least = int(braces[1] or 0)
        most = (int(braces[3]) if braces[3] else None) if braces[2] else least
        if most is not None and most < least:
            raise PatternError(f"{braces[0]} has its bounds the wrong way round")
        return least, most

    def _item(self) -> _Tree:
        char = self._take()
        if char == "(":
            return self._group()
        if char == "[":
            return _letter(self._set())
        if char == ".":
            return _letter(lambda given: given != "\n")
        if char in "^$":
            return _place("begin" if char == "^" else "last")
        if char in "*+?":
            raise PatternError(f"{char} repeats nothing")
        if char == "\\":
            if self._peek() in _ASSERTIONS and self._peek():
                return _place(_ASSERTIONS[self._take()])
            return _letter(self._escaped())
        return _letter(self._same(char))

    def _group(self) -> _Tree:
        if self._peek() == "?":
            kind = _GROUP.match(self._text, self._at)
            if kind is None:
                raise PatternError("groups are (...), (?:...) and (?P<name>...); (?i) stands at the very beginning")
            self._at = kind.end()
        inner = self._alternatives()
        if self._peek() != ")":
            raise PatternError("a ( is not closed")
        self._at += 1
        return inner

    def _escaped(self) -> _Accepts:
        char = self._take("a pattern does not end with \\")
        if char.lower() in _CLASSES:
            accepts = _CLASSES[char.lower()]
            return accepts if char.islower() else _not(accepts)
        return self._same(self._escaped_char(char))

    def _escaped_char(self, char: str) -> str:
        if char in _HEX:
            digits = self._text[self._at : self._at + _HEX[char]]
            if not re.fullmatch(rf"[0-9a-fA-F]{{{_HEX[char]}}}", digits):
                raise PatternError(f"\\{char} takes {_HEX[char]} hexadecimal digits")
            self._at += len(digits)
            return chr(int(digits, 16))
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char.isascii() and char.isalnum():
            raise PatternError(f"\\{char} is not served")
        return char

    def _set(self) -> _Accepts:
        negated = self._peek() == "^"
        self._at += negated
        members: list[_Accepts] = []
        while not members or self._peek() != "]":
            members.append(self._member())
        self._at += 1
        accepts = _any_of(members)
        return _not(accepts) if negated else accepts

    def _member(self) -> _Accepts:
        low = self._member_char()
        if callable(low):
            return low
        if self._peek() != "-" or self._text[self._at + 1 : self._at + 2] in {"]", ""}:
            return self._same(low)
        self._at += 1
        high = self._member_char()
        if callable(high) or high < low:
            raise PatternError("a range in [...] goes from a character to a later one")
        return self._between(low, high)

    def _member_char(self) -> str | _Accepts:
        char = self._take("a [ is not closed")
        if char != "\\":
            return char
        char = self._take("a pattern does not end with \\")
        if char.lower() in _CLASSES:
            accepts = _CLASSES[char.lower()]
            return accepts if char.islower() else _not(accepts)
        return "\b" if char == "b" else self._escaped_char(char)

    def _same(self, char: str) -> _Accepts:
        return self._between(char, char) if self._ignore_case else lambda given: given == char

    def _between(self, low: str, high: str) -> _Accepts:
        if not self._ignore_case:
            return lambda given: low <= given <= high
        return lambda given: any(len(char) == 1 and low <= char <= high for char in _cases(given))

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, rule: str = "the pattern ends too early") -> str:
        char = self._peek()
        if not char:
            raise PatternError(rule)
        self._at += 1
        return char


_Tree = Callable[[list[_Step], int], int]
"""Writes its steps, so that they lead to the step of the given number; gives the number of its first one."""


def _write(steps: list[_Step], step: _Step) -> int:
    if len(steps) >= _MAX_STEPS:
        raise PatternError(f"written out, a pattern has at most {_MAX_STEPS} steps")
    steps.append(step)
    return len(steps) - 1


def _letter(accepts: _Accepts) -> _Tree:
    return lambda steps, goal: _write(steps, _Step(accepts=accepts, following=(goal,)))


def _place(name: str) -> _Tree:
    return lambda steps, goal: _write(steps, _Step(place=name, following=(goal,)))


def _chain(items: Sequence[_Tree]) -> _Tree:
    def write(steps: list[_Step], goal: int) -> int:
        for item in reversed(items):
            goal = item(steps, goal)
        return goal

    return write


def _fork(branches: Sequence[_Tree]) -> _Tree:
    def write(steps: list[_Step], goal: int) -> int:
        return _write(steps, _Step(following=tuple([branch(steps, goal) for branch in branches])))

    return write


def _repeat(item: _Tree, least: int, most: int | None) -> _Tree:
    def loop(steps: list[_Step], goal: int) -> int:
        fork = _write(steps, _Step())
        steps[fork] = _Step(following=(item(steps, fork), goal))
        return fork

    def optional(steps: list[_Step], goal: int) -> int:
        end = goal
        for _ in range((most or 0) - least):
            goal = _write(steps, _Step(following=(item(steps, goal), end)))
        return goal

    rest = loop if most is None else optional
    return lambda steps, goal: _chain([*[item] * least, rest])(steps, goal)


def _not(accepts: _Accepts) -> _Accepts:
    return lambda given: not accepts(given)


def _any_of(members: Iterable[_Accepts]) -> _Accepts:
    listed = tuple(members)
    return lambda given: any(accepts(given) for accepts in listed)


def _cases(char: str) -> set[str]:
    return {char, char.lower(), char.upper()}
