"""YAML with line numbers: a sweep file as a tree whose every value knows where it stands.

The one place that knows which numbers YAML 1.1 reads as text: `1e-5` is a number to a person and to
OmegaConf, and a string to PyYAML, which wants `1.0e-5`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import lru_cache

import yaml

from sweepyard.errors import SweepFileInvalid, Violation
from sweepyard.jsonvalue import JsonValue

# Aliases may be used over and over: a few lines can stand for more values than memory holds.
_MOST_VALUES = 100_000
_DEEPEST = 100

_SIZE_RULE = f"a sweep file must hold at most {_MOST_VALUES:,} values, nested at most {_DEEPEST} deep"

# With a dot or an exponent: `08` is no number to anybody.
_TEXT_NUMBER = re.compile(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]?\d+)?|[-+]?\d+[eE][-+]?\d+")


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file.

    Attributes:
        value: The plain value, all the way down.
        line: Its first line, counted from 1.
        entries: The values of a mapping by key; empty for anything else.
        items: The values of a list; empty for anything else.
        plain: Whether it is a scalar written without quotes.
    """

    value: JsonValue
    line: int
    entries: dict[str, Node] = field(default_factory=dict)
    items: tuple[Node, ...] = ()
    plain: bool = False

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.value, dict)


def read(text: str, *, source: str) -> Node:
    """Read a YAML (or JSON) document.

    Raises:
        SweepFileInvalid: It is not YAML, holds a key twice, or a value that JSON lacks, each with its line.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise SweepFileInvalid([_syntax_violation(error, source)]) from error
    except RecursionError as error:
        raise SweepFileInvalid([Violation(_SIZE_RULE, "deeper nesting", where=source)]) from error
    if root is None:
        raise SweepFileInvalid([Violation("a sweep file must hold a mapping", "an empty file", where=source)])
    builder = _Builder(source)
    node = builder.build(root, ())
    if builder.violations:
        raise SweepFileInvalid(builder.violations)
    return node


def as_number(node: Node) -> float | None:
    """The number that a text like `1e-5` was meant to be; None for every other value."""
    if not node.plain or not isinstance(node.value, str) or not _TEXT_NUMBER.fullmatch(node.value):
        return None
    number = float(node.value)
    return number if math.isfinite(number) else None


def as_yaml_number(text: str) -> str:
    """`1e-5` as YAML reads it as a number: `1.0e-5`."""
    mantissa, mark, exponent = text.lower().partition("e")
    sign = mantissa[0] if mantissa[0] in "+-" else ""
    whole, _, fraction = mantissa.removeprefix(sign).partition(".")
    if mark and exponent[0] not in "+-":
        exponent = f"+{exponent}"
    return f"{sign}{whole or '0'}.{fraction or '0'}{mark}{exponent}"


def shown(value: object) -> str:
    """A received value, short enough for a message."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


@lru_cache(maxsize=32)
def readable(text: str) -> str:
    """An accepted file as a person reads it: letters instead of their codes, where a client dumped it.

    A file that somebody wrote stays as it is, with its comments.
    """
    if "\\" not in text:
        return text
    content = yaml.safe_load(text)
    return yaml.safe_dump(content, allow_unicode=True) if yaml.safe_dump(content) == text else text


class _Builder:
    """Turns PyYAML's nodes into ours, collecting violations."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._constructor = yaml.constructor.SafeConstructor()
        self._count = 0
        self.violations: list[Violation] = []

    def build(self, node: yaml.Node, above: tuple[yaml.Node, ...]) -> Node:
        line = node.start_mark.line + 1
        self._count += 1
        if self._count > _MOST_VALUES or len(above) > _DEEPEST or any(node is other for other in above):
            raise SweepFileInvalid([Violation(_SIZE_RULE, "more, through aliases or nesting", where=self._at(line))])
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, line, (*above, node))
        if isinstance(node, yaml.SequenceNode):
            items = tuple(self.build(item, (*above, node)) for item in node.value)
            return Node([item.value for item in items], line, items=items)
        return self._scalar(node, line)

    def _mapping(self, node: yaml.MappingNode, line: int, above: tuple[yaml.Node, ...]) -> Node:
        written: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # Refused below, as a key that is no text.
            if key.value in written:
                where = self._at(key.start_mark.line + 1)
                self.violations.append(Violation("a key must stand once in its mapping", shown(key.value), where=where))
            written.add(key.value)
        if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
            try:
                self._constructor.flatten_mapping(node)
            except yaml.YAMLError as error:
                self.violations.append(_syntax_violation(error, self._source))
                return Node({}, line)
        entries: dict[str, Node] = {}
        for key_node, value_node in node.value:
            key = self.build(key_node, above)
            if not isinstance(key.value, str):
                self.violations.append(
                    Violation("a key must be text", shown(key.value), "Put it in quotes", where=self._at(key.line))
                )
                continue
            entries[key.value] = self.build(value_node, above)
        return Node({key: item.value for key, item in entries.items()}, line, entries=entries)

    def _scalar(self, node: yaml.Node, line: int) -> Node:
        try:
            value = self._constructor.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            reason = error.problem if isinstance(error, yaml.MarkedYAMLError) else str(error)
            self.violations.append(
                Violation(f"a value must be readable ({reason})", shown(node.value), where=self._at(line))
            )
            return Node(None, line)
        if not isinstance(value, None | bool | int | float | str):
            rule = "a value must be text, a number, true, false, null, a list or a mapping"
            hint = f'To mean the text, put it in quotes: "{node.value}"'
            self.violations.append(Violation(rule, f"{node.value} ({type(value).__name__})", hint, self._at(line)))
            return Node(None, line)
        if isinstance(value, float) and not math.isfinite(value):
            self.violations.append(Violation("a number must be finite", shown(value), where=self._at(line)))
        return Node(value, line, plain=isinstance(node, yaml.ScalarNode) and node.style is None)

    def _at(self, line: int) -> str:
        return f"{self._source}:{line}"


def _syntax_violation(error: yaml.YAMLError, source: str) -> Violation:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    where = source if mark is None else f"{source}:{mark.line + 1}"
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return Violation(f"a sweep file must be well-formed YAML ({problem})", _line_at(mark), where=where)


def _line_at(mark: yaml.Mark | None) -> str:
    """What stands on a line of the document; empty where that is not known."""
    if mark is None or mark.buffer is None:
        return ""
    text = mark.buffer.partition("\0")[0]
    lines = text.splitlines()
    return shown(lines[mark.line].strip()) if mark.line < len(lines) else "the end"
