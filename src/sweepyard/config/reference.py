"""The config reference, rendered from the schema: `python -m sweepyard.config.reference` prints it."""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from sweepyard.config.locations import conf_folder
from sweepyard.config.overrides import config_groups
from sweepyard.config.schema import MODEL_CONFIGS, ExperimentConfig
from sweepyard.config.validation import TARGET_KEY

_HEAD = f"""# Config reference

Rendered from `src/sweepyard/config/schema.py` by `python -m sweepyard.config.reference`; edit that, not this.

`sweepyard train` composes one experiment config from the groups of `conf/` and from overrides:
`group=option` chooses a file, `key=value` changes a key, `+key=value` adds one, `++key=value` does either,
`~key` removes one. A sweep varies the same keys. Keys left out take the default below.

In a file of your own, `{TARGET_KEY}` names a model, data set or optimiser of yours by its class path
(`my_package.models.tower`) or an entry point (`entry_point:tower`); keys beside it that the tables below do not
list are its arguments.
"""


def render() -> str:
    """The reference of every key as Markdown: type, default, bounds, meaning."""
    return "\n".join([_HEAD, *_groups(), *_sections()]).rstrip() + "\n"


def _groups() -> Iterator[str]:
    yield "## Groups\n"
    yield "| group | options |"
    yield "|---|---|"
    for group, options in config_groups([conf_folder()]).items():
        yield f"| `{group}` | {', '.join(f'`{option}`' for option in options)} |"
    yield ""


def _sections() -> Iterator[str]:
    hints = get_type_hints(ExperimentConfig)
    fields = dataclasses.fields(ExperimentConfig)
    yield from _table("Top level", "", _leaves(fields, hints), hints)
    for item in fields:
        if item.name == "model":
            for name, shape in MODEL_CONFIGS.items():
                yield from _section(f"model: {name}", "model.", shape)
        elif dataclasses.is_dataclass(hints[item.name]):
            yield from _section(item.name, f"{item.name}.", hints[item.name])


def _section(title: str, prefix: str, shape: type) -> Iterator[str]:
    hints = get_type_hints(shape)
    fields = dataclasses.fields(shape)
    yield from _table(title, prefix, _leaves(fields, hints), hints, (shape.__doc__ or "").splitlines()[0])
    for item in fields:
        if dataclasses.is_dataclass(hints[item.name]):
            yield from _section(f"{title}.{item.name}", f"{prefix}{item.name}.", cast(type, hints[item.name]))


def _leaves(fields: tuple[dataclasses.Field[Any], ...], hints: Mapping[str, Any]) -> list[dataclasses.Field[Any]]:
    return [item for item in fields if not dataclasses.is_dataclass(hints[item.name])]


def _table(
    title: str, prefix: str, fields: list[dataclasses.Field[Any]], hints: Mapping[str, Any], summary: str = ""
) -> Iterator[str]:
    yield f"## {title}\n"
    if summary:
        yield f"{summary}\n"
    yield "| key | type | default | bounds | meaning |"
    yield "|---|---|---|---|---|"
    for item in fields:
        meaning = str(item.metadata.get("doc", "the option's name")).replace("|", r"\|")
        cells = (f"`{prefix}{item.name}`", _type(hints[item.name]), _default(item), _bounds(item.metadata), meaning)
        yield f"| {' | '.join(cells)} |"
    yield ""


def _type(kind: Any) -> str:
    origin = get_origin(kind)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    if origin in {Union, types.UnionType}:
        return " or ".join(_type(option) for option in get_args(kind))
    if origin is tuple:
        items = get_args(kind)
        count = "" if Ellipsis in items else f"{len(items)} "
        return f"list of {count}{_type(items[0])}"
    if origin is dict:
        return "mapping"
    names = {int: "whole number", float: "number", str: "text", bool: "true or false", type(None): "null"}
    return names[kind]


def _default(item: dataclasses.Field[Any]) -> str:
    if item.default is dataclasses.MISSING:
        return "`{}`"
    value = item.default
    if value is None or isinstance(value, bool):
        return f"`{'null' if value is None else str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{value}`" if value != "" else '`""`'


def _bounds(metadata: Mapping[str, Any]) -> str:
    signs = {"minimum": "≥", "above": ">", "maximum": "≤", "below": "<"}
    return ", ".join(f"{sign} {metadata[name]}" for name, sign in signs.items() if name in metadata)


if __name__ == "__main__":
    sys.stdout.write(render())
