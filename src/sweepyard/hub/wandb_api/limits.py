"""How much one GraphQL request may ask for.

The form of a document is looked at before anything costlier looks at it; what its answer costs is counted while it is
made, since that depends on what is stored. The client's biggest document has 60 fields, 15 fragments, and is 11 deep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
    StringValueNode,
    Visitor,
    VisitorAction,
    visit,
)

from sweepyard.jsonvalue import JsonValue

MAX_TOKENS = 10_000
MAX_DEPTH = 25
MAX_FIELDS = 3_000
MAX_FRAGMENTS = 100
MAX_SAME_NAME = 10
MAX_COST = 1_000_000
MAX_LIST_ITEMS = 20_000
"""The client sends lists of files in pieces of at most 10,000."""

NO_NUL = "a text is Unicode without NUL"
"""PostgreSQL keeps and compares no other, so it is told here for whatever a text names."""

DEFAULT_COST = 1
# What reads a run's streams costs more than what is at hand.
COSTS: Mapping[tuple[str, str], int] = {
    ("Run", "history"): 500,
    ("Run", "events"): 500,
    ("Run", "sampledHistory"): 500,
    ("Run", "historyKeys"): 500,
    ("Run", "logLines"): 200,
    ("Run", "parquetHistory"): 50,
    ("Run", "files"): 20,
    ("Sweep", "bestLoss"): 200,
    ("Sweep", "runCountExpected"): 20,
}


class TooCostly(BaseException):
    """An answer has cost more than a request may; no `Exception`, so that nothing goes on to the next field."""


class Budget:
    """What is left of a request's allowance; used by one thread."""

    def __init__(self, allowance: int = MAX_COST) -> None:
        self._left = allowance

    def spend(self, cost: int) -> None:
        """Take `cost` off.

        Raises:
            TooCostly: Nothing is left.
        """
        self._left -= cost
        if self._left < 0:
            raise TooCostly


def faults_of(document: DocumentNode) -> list[str]:
    """The rules that a document's form breaks."""
    fragments = sum(isinstance(node, FragmentDefinitionNode) for node in document.definitions)
    shape = _Shape(document)
    rules = (
        (shape.fields, MAX_FIELDS, "a document has at most {} fields"),
        (fragments, MAX_FRAGMENTS, "a document has at most {} fragments"),
        # Each pair of equal names is compared: the cost grows with the square.
        (shape.same_name, MAX_SAME_NAME, "a selection has the same name at most {} times"),
    )
    faults = [f"{rule.format(limit)}; received {number}" for number, limit, rule in rules if number > limit]
    if not faults and depth_of(document) > MAX_DEPTH:
        faults.append(f"a document nests at most {MAX_DEPTH} fields deep")
    literals = _Literals()
    visit(document, literals)
    if literals.hold_nul:
        faults.append(f"{NO_NUL}; received one in a literal")
    return faults


def longest_list(value: JsonValue) -> int:
    """The length of the longest list in a request's variables."""
    longest, pending = 0, [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            longest = max(longest, len(item))
            pending.extend(part for part in item if isinstance(part, list | dict))
        elif isinstance(item, dict):
            pending.extend(part for part in item.values() if isinstance(part, list | dict))
    return longest


def holds_nul(value: JsonValue) -> bool:
    """Whether a text in a request's variables has a NUL."""
    match value:
        case str():
            return "\0" in value
        case list():
            return any(map(holds_nul, value))
        case dict():
            return any(map(holds_nul, [*value, *value.values()]))
        case _:
            return False


class _Literals(Visitor):
    """Looks for a NUL in the texts that a document writes down."""

    def __init__(self) -> None:
        super().__init__()
        self.hold_nul = False

    def enter_string_value(self, node: StringValueNode, *_: object) -> VisitorAction:
        self.hold_nul = "\0" in node.value
        return self.BREAK if self.hold_nul else self.IDLE


class _Shape:
    """Counts what a document writes down, without spreading fragments."""

    def __init__(self, document: DocumentNode) -> None:
        self.fields = 0
        self.same_name = 0
        pending = [getattr(node, "selection_set", None) for node in document.definitions]
        while pending:
            selections = pending.pop()
            if selections is None:
                continue
            names: Counter[str] = Counter()
            for node in selections.selections:
                if isinstance(node, FieldNode):
                    self.fields += 1
                    names[(node.alias or node.name).value] += 1
                if isinstance(node, FragmentSpreadNode):
                    names[f"...{node.name.value}"] += 1
                else:
                    pending.append(getattr(node, "selection_set", None))
            self.same_name = max([self.same_name, *names.values()])


def depth_of(document: DocumentNode) -> int:
    """The greatest number of fields within fields; fragments count where they are spread, circles once."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    known: dict[str, int] = {}

    def of_fragment(name: str) -> int:
        if name not in known:
            known[name] = 0  # A circle ends here; validation refuses it later.
            known[name] = of_set(fragments[name].selection_set) if name in fragments else 0
        return known[name]

    def of_set(selections: SelectionSetNode | None) -> int:
        deepest = 0
        for node in selections.selections if selections else ():
            match node:
                case FieldNode():
                    depth = 1 + of_set(node.selection_set)
                case InlineFragmentNode():
                    depth = of_set(node.selection_set)
                case FragmentSpreadNode():
                    depth = of_fragment(node.name.value)
                case _:
                    depth = 0
            deepest = max(deepest, depth)
        return deepest

    return max((of_set(getattr(node, "selection_set", None)) for node in document.definitions), default=0)
