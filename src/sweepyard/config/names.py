"""Nearest legal names, for hints in error messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SIMILARITY = 0.55
_SIMILAR_LEAF = 0.8  # a part of a name is short: nearly alike says less
_LISTED = 12
_NEAREST = 5
_LONGEST = 60  # of a name in a hint


def hint_for(received: str, legal: Iterable[str]) -> str:
    """A hint that names the legal name most like `received`, or lists the legal names when none is near."""
    names = sorted(set(legal))
    nearest = nearest_name(received, names)
    if nearest is not None:
        return f"Did you mean `{nearest}`?"
    if not names:
        return ""
    listed = ", ".join(f"`{name}`" for name in names[:_LISTED])
    return f"Legal: {listed}{', ...' if len(names) > _LISTED else ''}"


def hint_among(received: str, known: Iterable[str]) -> str:
    """A hint as `hint_for` gives it where names are many and anybody's: a few of the nearest, none of them long."""
    short = {name for name in known if len(name) <= _LONGEST and name.isprintable()}
    below = {name for name in short if name.startswith(f"{received}.")}
    nearest = nearest_name(received, below or short)
    if nearest is not None:
        return f"Did you mean `{nearest}`?"
    listed = difflib.get_close_matches(received, sorted(short), n=_NEAREST, cutoff=0.0)
    return f"The nearest of {len(short)} names: {', '.join(f'`{name}`' for name in listed)}" if listed else ""


def nearest_name(received: str, legal: Iterable[str]) -> str | None:
    """The legal name most like `received`; None when none is near."""
    names = sorted(set(legal))
    matches = difflib.get_close_matches(received, names, n=1, cutoff=_SIMILARITY)
    if matches:
        return matches[0]
    same_leaf = same_last_part(received, names)
    return same_leaf[0] if len(same_leaf) == 1 else None


def same_last_part(received: str, legal: Iterable[str]) -> list[str]:
    """The dotted legal names that end as `received` does, or nearly: `epoch` gives `trainer.epochs`."""
    by_leaf: dict[str, list[str]] = {}
    for name in sorted(set(legal)):
        by_leaf.setdefault(name.rpartition(".")[2], []).append(name)
    last = received.rpartition(".")[2]
    leaves = [last] if last in by_leaf else difflib.get_close_matches(last, by_leaf, n=1, cutoff=_SIMILAR_LEAF)
    return [name for leaf in leaves for name in by_leaf[leaf]]
