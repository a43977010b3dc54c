"""W&B's specifications of reports, read: as notes in Markdown, and for the sweep that they are about.

Each block of text becomes Markdown of the same meaning, each line plot a block of charts (`dashboard.notes`); what has
no counterpart here is named. Other clients' specifications may be any JSON, so nothing in them is taken for granted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from sweepyard.domain.run_columns import CONFIG_PREFIX, SUMMARY_PREFIX, written_name, written_value
from sweepyard.jsonvalue import JsonObject, JsonValue, finite_number

_LINE_PLOT = "Run History Line Plot"
_AXES = {"_runtime": "time", "_absolute_runtime": "time", "_timestamp": "time", "epoch": "epoch"}
_SECTIONS = {"config": CONFIG_PREFIX, "summary": SUMMARY_PREFIX, "run": ""}
_OPERATORS = {"=": "=", "==": "=", "!=": "!=", ">": ">", ">=": ">=", "<": "<", "<=": "<="}
_ATTRIBUTES = {"displayName": "name", "name": "id", "state": "state", "group": "group", "jobType": "job_type"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~:&])")
_MOST_SMOOTHING = 0.99


def markdown_of(spec: JsonObject) -> str:
    """A report's blocks as a note."""
    return "\n\n".join(text for block in _dicts(spec.get("blocks")) if (text := _block(block)))


def sweep_of(spec: JsonObject) -> str | None:
    """The id of the one sweep that all sets of runs are filtered by; None where there is none, or several."""
    grids = [_dict(block.get("metadata")) for block in _dicts(spec.get("blocks")) if block.get("type") == "panel-grid"]
    found = {_conditions(runs)[0] for grid in grids for runs in _dicts(grid.get("runSets"))}
    return found.pop() if len(found) == 1 else None


def _block(block: Mapping[str, JsonValue]) -> str:
    inline = _inline(block.get("children"))
    match block.get("type"):
        case "markdown-block":
            return str(block.get("content") or "")
        case "paragraph":
            return inline
        case "heading":
            level = finite_number(block.get("level")) or 1
            return f"{'#' * min(6, max(1, int(level)))} {inline}"
        case "list":
            mark = "1." if block.get("ordered") else "-"
            return "\n".join(f"{mark} {_inline(item.get('children'))}" for item in _dicts(block.get("children")))
        case "code-block":
            lines = [_plain(line.get("children")) for line in _dicts(block.get("children"))]
            return _fenced("\n".join(lines))
        case "block-quote" | "callout-block":
            return f"> {inline}"
        case "horizontal-rule":
            return "---"
        case "image":
            return f"![{inline}](<{_address(block.get('url'))}>)"
        case "panel-grid":
            return _charts(_dict(block.get("metadata")))
        case other:
            return f"*{_literal(f'A block of the type {other} is not shown here.')}*"


def _inline(children: JsonValue) -> str:
    parts = []
    for child in _dicts(children):
        text = str(child.get("text") or "")
        if child.get("type") == "link":
            parts.append(f"[{_inline(child.get('children'))}](<{_address(child.get('url'))}>)")
        elif "children" in child:
            parts.append(_inline(child.get("children")))
        elif child.get("inlineCode") and text:
            parts.append(f"`` {text} ``")
        elif text.strip():
            mark = "**" if child.get("bold") else "*" if child.get("italic") else ""
            parts.append(f"{mark}{_literal(text)}{mark}")
        else:
            parts.append(text)
    return "".join(parts)


def _plain(children: JsonValue) -> str:
    return "".join(str(child.get("text") or "") for child in _dicts(children))


def _fenced(text: str) -> str:
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])
    return f"{fence}\n{text}\n{fence}"


def _charts(grid: Mapping[str, JsonValue]) -> str:
    section = _dict(grid.get("panelBankSectionConfig"))
    panels = list(_dicts(section.get("panels")))
    plots = [_dict(panel.get("config")) for panel in panels if panel.get("viewType") == _LINE_PLOT]
    others = sorted({str(panel.get("viewType")) for panel in panels} - {_LINE_PLOT})
    parts = []
    for runs in _dicts(grid.get("runSets")):
        if runs.get("enabled") is False:
            continue
        asked, untold = _runs_asked(runs)
        blocks = [f"```chart\n{_yaml({**_plot_asked(plot), **asked})}```" for plot in plots]
        parts += blocks
        if untold and blocks:
            parts.append("*Some of the filters of these runs are unknown here, and left out.*")
    if others:
        parts.append(f"*{_literal('Not drawn here: ' + ', '.join(others) + '.')}*")
    return "\n\n".join(parts)


def _plot_asked(plot: Mapping[str, JsonValue]) -> dict[str, Any]:
    metrics = plot.get("metrics")
    asked: dict[str, Any] = {"metric": [str(each) for each in metrics] if isinstance(metrics, list) else []}
    axis = _AXES.get(str(plot.get("xAxis")))
    if axis:
        asked["x"] = axis
    smoothing = finite_number(plot.get("smoothingWeight")) or 0.0
    if smoothing > 0:
        asked["smoothing"] = min(smoothing, _MOST_SMOOTHING)
    logarithmic = [name for name in ("x", "y") if plot.get(f"{name}LogScale")]
    if logarithmic:
        asked["log"] = logarithmic
    return asked


def _runs_asked(runs: Mapping[str, JsonValue]) -> tuple[dict[str, Any], bool]:
    """What a set of runs asks for, and whether it asks for something more."""
    sweep, conditions, untold = _conditions(runs)
    asked: dict[str, Any] = {"sweep": sweep or "none"}
    if conditions:
        asked["runs"] = " and ".join(conditions)
    grouping = list(_dicts(runs.get("grouping")))
    if grouping:
        asked["group"] = [f"{_SECTIONS.get(str(each.get('section')), '')}{each.get('name')}" for each in grouping]
    return asked, untold


def _conditions(runs: Mapping[str, JsonValue]) -> tuple[str | None, list[str], bool]:
    """A set of runs' filters: its sweep, the others as people write them, and whether there are more."""
    sweep, conditions, untold = None, [], False
    for leaf in _leaves(_dict(runs.get("filters"))):
        key, value = _dict(leaf.get("key")), leaf.get("value")
        section, name, operator = str(key.get("section")), str(key.get("name")), _OPERATORS.get(str(leaf.get("op")))
        column = _SECTIONS.get(section, "") + (_ATTRIBUTES.get(name, "") if section == "run" else name)
        if leaf.get("disabled"):
            continue
        if (section, name, operator) == ("run", "sweep", "=") and isinstance(value, str):
            sweep = value
        elif section in _SECTIONS and column and operator and not isinstance(value, list | dict | None):
            conditions.append(f"{written_name(column)} {operator} {written_value(value)}")
        else:
            untold = True
    return sweep, conditions, untold


def _leaves(tree: Mapping[str, JsonValue]) -> Iterator[Mapping[str, JsonValue]]:
    """The single filters, all of which must hold: what leaves a choice is one leaf, which nobody knows."""
    inner = list(_dicts(tree.get("filters")))
    if tree.get("op") == "OR" and len(inner) > 1:
        yield tree
    elif inner:
        for each in inner:
            yield from _leaves(each)
    elif "key" in tree:
        yield tree


def _yaml(asked: Mapping[str, Any]) -> str:
    return str(yaml.safe_dump(dict(asked), allow_unicode=True, sort_keys=False, width=10_000))


def _literal(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text.replace("\n", " "))


def _address(url: JsonValue) -> str:
    return re.sub(r"[<>\\\s]", "", str(url or ""))


def _dict(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _dicts(value: JsonValue) -> Iterator[JsonObject]:
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())
