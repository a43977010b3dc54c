"""Runs side by side: where their configs differ, and which of them repeat one another."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeGuard

from sweepyard.domain.run_columns import plain_items
from sweepyard.jsonvalue import JsonObject, JsonValue, dumps_canonical, flattened

_OF_THE_MACHINE = ("provenance.", "code.", "output.")
"""What training notes beside the experiment config: of code, packages and folders."""
_SEEDS = frozenset({"seed", "random_seed", "random_state"})


def config_differences(configs: Sequence[JsonObject]) -> dict[str, list[JsonValue]]:
    """The dotted keys whose values are not the same in all configs, by name; None where a config lacks the key."""
    rows = side_by_side([experiment_keys(config) for config in configs])
    return {key: values for key, values in rows.items() if differ(values)}


def side_by_side(mappings: Sequence[Mapping[str, JsonValue]]) -> dict[str, list[JsonValue]]:
    """Of each key that one of the mappings has, by name, what all of them have there; None for nothing."""
    keys = sorted({key for mapping in mappings for key in mapping})
    return {key: [mapping.get(key) for mapping in mappings] for key in keys}


def numbers_of(summaries: Sequence[JsonObject]) -> dict[str, list[JsonValue]]:
    """Of each key under which some summary has a number, what all of them have there."""
    rows = side_by_side([dict(plain_items(summary)) for summary in summaries])
    return {key: values for key, values in rows.items() if any(is_number(value) for value in values)}


def is_number(value: JsonValue) -> TypeGuard[int | float]:
    """Whether a value is a number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def differ(values: Sequence[JsonValue]) -> bool:
    """Whether not all values are the same; 3 and 3.0 are, and so are NaN and NaN."""
    return len({dumps_canonical(value) for value in values}) > 1


def repeats(configs: Sequence[JsonObject], seeds: Collection[str] = ()) -> list[tuple[int, ...]]:
    """The groups of places whose configs are equal but for seeds, in the order of their first members.

    Args:
        seeds: Dotted keys that are seeds too, whatever they are called.
    """
    groups: dict[str, list[int]] = {}
    for place, config in enumerate(configs):
        point = {key: value for key, value in experiment_keys(config).items() if not (key in seeds or is_seed(key))}
        groups.setdefault(dumps_canonical(point), []).append(place)
    return [tuple(places) for places in groups.values()]


def is_seed(key: str) -> bool:
    """Whether a dotted key of a config is a seed, by its name."""
    return key.removesuffix(".value").rpartition(".")[2] in _SEEDS


def experiment_keys(config: JsonObject) -> dict[str, JsonValue]:
    """A config's leaves by dotted key, without what training notes of the machine."""
    return {
        key: value
        for key, value in flattened(config).items()
        if key != "output" and not key.startswith(_OF_THE_MACHINE)
    }
