"""What stands in a note's block of charts: a few lines of YAML.

metric: val_accuracy            one, or a list: a chart for each
x: epoch                        step, epoch or time
sweep: ab12cd34                 without it the sweep that the note is pinned to; `none` for the whole project
runs: model = convnet           a filter, as tables of runs have it
group: config.optimizer         columns whose values make groups
sort: -val_accuracy             which runs come first, where there are more than are drawn
most: 25                        how many are drawn
smoothing: 0.6                  from 0 to 0.99
log: y                          logarithmic axes
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

import yaml

from sweepyard.domain.curves import Axis
from sweepyard.errors import Violation
from sweepyard.hub.dashboard.curve_views import DEFAULT_RUNS, MOST_CHARTS, MOST_SMOOTHING, RUN_COUNTS
from sweepyard.hub.dashboard.notes.markdown import ChartText

NO_SWEEP = "none"
KEYS = ("metric", "x", "sweep", "runs", "group", "sort", "most", "smoothing", "log")
_LISTS = frozenset({"metric", "group", "log"})
_Written = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartAsked:
    """What a block of charts asks for.

    Attributes:
        metrics: A chart for each.
        sweep: Whose runs; empty for the note's own sweep, `NO_SWEEP` for the whole project.
        runs: A filter, as written.
        most: So many runs are drawn.
        smoothing: In hundredths.
        logarithmic: Which axes are: x, y.
    """

    metrics: tuple[str, ...]
    axis: Axis
    sweep: str
    runs: str
    group: tuple[str, ...]
    sort: str
    most: int
    smoothing: int
    logarithmic: frozenset[str]


def chart_asked(block: ChartText) -> tuple[ChartAsked, list[Violation]]:
    """What a block asks for, as far as it can be read; and every rule that it breaks, with its line in the note."""
    reader = _Reader(block)
    written = reader.written
    metrics = written.get("metric", ())
    if not 1 <= len(metrics) <= MOST_CHARTS and reader.is_readable:
        reader.blame("metric", f"a chart names its metric, or a list of up to {MOST_CHARTS}", str(len(metrics)))
    axis = reader.one_of("x", tuple(each.value for each in Axis), Axis.STEP.value)
    most = reader.one_of("most", tuple(map(str, RUN_COUNTS)), str(DEFAULT_RUNS))
    logarithmic = frozenset(written.get("log", ()))
    if not logarithmic <= {"x", "y"}:
        reader.blame("log", "log is x, y or both", ", ".join(sorted(logarithmic)))
    smoothing = reader.read("smoothing", _hundredths, f"smoothing is 0 to {MOST_SMOOTHING / 100}")
    asked = ChartAsked(
        metrics=metrics,
        axis=Axis(axis),
        sweep=reader.text("sweep"),
        runs=reader.text("runs"),
        group=written.get("group", ()),
        sort=reader.text("sort"),
        most=int(most),
        smoothing=smoothing,
        logarithmic=logarithmic,
    )
    return asked, reader.violations


def example_of(metric: str) -> str:
    """The lines that ask for the chart of a metric, whatever its name."""
    return str(yaml.safe_dump({"metric": metric}, allow_unicode=True, width=math.inf))


class _Reader:
    """The texts of a block by key, and what is wrong with them."""

    def __init__(self, block: ChartText) -> None:
        self._lines: dict[str, int] = {}
        self._first = block.line
        self.written: _Written = {}
        self.violations: list[Violation] = []
        self.is_readable = False
        try:
            # Nodes, not values: every text stays as it was written.
            root = yaml.compose(block.text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = str(getattr(error, "problem", None) or "text that YAML cannot read")
            self._blame_at(mark.line if mark else 0, "a chart is written as YAML, a line `key: value` each", problem)
            return
        if not isinstance(root, yaml.MappingNode):
            self._blame_at(0, "a chart is written in lines of `key: value`", "something else" if root else "nothing")
            return
        self.is_readable = True
        for key, value in root.value:
            self._take(key, value)

    def _take(self, key: yaml.Node, value: yaml.Node) -> None:
        line, name = key.start_mark.line, str(key.value) if isinstance(key, yaml.ScalarNode) else ""
        if name not in KEYS:
            near = get_close_matches(name, KEYS, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(KEYS)}"
            self._blame_at(line, "a chart has no such key", repr(name[:40]), hint)
        elif name in self._lines:
            self._blame_at(line, "a key stands once", name)
        elif isinstance(value, yaml.ScalarNode):
            self._lines[name] = line
            self.written[name] = (str(value.value),) if str(value.value) else ()
        elif name in _LISTS and isinstance(value, yaml.SequenceNode) and _are_texts(value.value):
            self._lines[name] = line
            self.written[name] = tuple(dict.fromkeys(str(item.value) for item in value.value))
        else:
            self._blame_at(line, f"{name} is a text" + (" or a list of texts" if name in _LISTS else ""), "nesting")

    def text(self, key: str) -> str:
        return next(iter(self.written.get(key, ())), "")

    def one_of(self, key: str, values: tuple[str, ...], usual: str) -> str:
        value = self.text(key) or usual
        if value not in values:
            self.blame(key, f"{key} is one of {', '.join(values)}", repr(value[:40]))
            return usual
        return value

    def read(self, key: str, of: Callable[[str], int | None], rule: str) -> int:
        value = of(self.text(key) or "0")
        if value is None:
            self.blame(key, rule, repr(self.text(key)[:40]))
        return value or 0

    def blame(self, key: str, rule: str, received: str) -> None:
        self._blame_at(self._lines.get(key, 0), rule, received)

    def _blame_at(self, line: int, rule: str, received: str, hint: str = "") -> None:
        self.violations.append(Violation(rule, received, hint, where=f"line {self._first + line}"))


def _are_texts(nodes: list[yaml.Node]) -> bool:
    return all(isinstance(node, yaml.ScalarNode) for node in nodes)


def _hundredths(text: str) -> int | None:
    try:
        value = round(100 * float(text))
    except (ValueError, OverflowError):
        return None
    return value if 0 <= value <= MOST_SMOOTHING else None
