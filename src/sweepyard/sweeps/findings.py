"""What a reading of a sweep file finds: violations, warnings, and what only one of the two servers takes."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import Literal

from sweepyard.errors import Violation
from sweepyard.sweeps.document import Node, as_number, as_yaml_number, shown

TextNumbers = Literal["reject", "warn"]


class Findings:
    """Collects everything that is to be said about one file, in the file's order."""

    def __init__(self, source: str, text_numbers: TextNumbers) -> None:
        self._source = source
        self._text_numbers = text_numbers
        self.violations: list[Violation] = []
        self.warnings: list[Violation] = []
        self.not_for_hub: list[Violation] = []
        self.not_for_wandb: list[Violation] = []

    def at(self, node: Node) -> str:
        """Where a value stands: `source:line`."""
        return f"{self._source}:{node.line}"

    def violation(self, node: Node, rule: str, received: object = "", hint: str = "") -> None:
        """Note a broken rule."""
        self.violations.append(self._finding(node, rule, received, hint))

    def warning(self, node: Node, rule: str, received: object = "", hint: str = "") -> None:
        """Note something legal that is likely not meant."""
        self.warnings.append(self._finding(node, rule, received, hint))

    def only_for_wandb(self, node: Node, sentence: str, received: object = "", hint: str = "") -> None:
        """Note something that this version of the hub does not do."""
        self.not_for_hub.append(self._finding(node, sentence, received, hint))

    def only_for_hub(self, node: Node, sentence: str, received: object = "", hint: str = "") -> None:
        """Note something that wandb.ai refuses."""
        self.not_for_wandb.append(self._finding(node, sentence, received, hint))

    def check_keys(self, node: Node, allowed: Collection[str], owner: str) -> None:
        """Refuse every key of a mapping that is not `allowed`, naming the nearest that is."""
        for key, below in node.entries.items():
            if key not in allowed:
                hint = nearest(key, allowed) or f"Legal keys: {', '.join(sorted(allowed))}"
                self.violation(below, f"{owner} takes no key `{key}`", hint=hint)

    def number(self, node: Node, owner: str) -> int | float | None:
        """The number at `node`, text numbers included where they only warn; None (and a violation) otherwise."""
        meant = as_number(node)
        if meant is not None:
            self.text_number(node, owner)
            return meant
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            self.violation(node, f"{owner} must be a number", node.value)
            return None
        return node.value

    def integer(self, node: Node, owner: str, low: int, high: int) -> int | None:
        """The integer at `node`; None (and a violation) otherwise."""
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.violation(node, f"{owner} must be an integer from {low} to {high}", value)
            return None
        return value

    def text_number(self, node: Node, owner: str) -> None:
        """Note that YAML reads this number as text."""
        text = str(node.value)
        rule = f"{owner} must not be a number that YAML reads as text"
        hint = f"Write {as_yaml_number(text)}"
        if self._text_numbers == "reject":
            self.violation(node, rule, text, hint)
        else:
            self.warning(node, rule, text, f"{hint}; it is taken as the number {as_number(node)!r}")

    def text(self, node: Node, owner: str) -> str:
        """The text at `node`; empty (and a violation) where it is something else."""
        if not isinstance(node.value, str):
            self.violation(node, f"{owner} must be text", node.value)
            return ""
        return node.value

    def choice(self, node: Node, owner: str, choices: Iterable[str]) -> str | None:
        """One of `choices`; None (and a violation) otherwise."""
        legal = list(choices)
        if node.value in legal:
            return str(node.value)
        hint = nearest(node.value, legal) if isinstance(node.value, str) else ""
        self.violation(node, f"{owner} must be one of {', '.join(legal)}", node.value, hint)
        return None

    def _finding(self, node: Node, rule: str, received: object, hint: str) -> Violation:
        # A text that is not the node's own is a description and needs no quotes.
        described = isinstance(received, str) and received != node.value
        return Violation(rule, str(received) if described else shown(received), hint, self.at(node))


def nearest(word: str, words: Iterable[str]) -> str:
    """`Did you mean ...?` with the nearest of `words`; empty when none is near."""
    meant = nearest_word(word, words)
    return f"Did you mean `{meant}`?" if meant else ""


def nearest_word(word: str, words: Iterable[str]) -> str | None:
    """The nearest of `words`; None when none is near."""
    return next(iter(difflib.get_close_matches(word.lower(), list(words), n=1, cutoff=0.6)), None)
