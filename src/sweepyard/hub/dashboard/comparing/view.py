"""Which runs somebody compares, and how, as it stands in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from starlette.datastructures import QueryParams

from sweepyard.hub.dashboard import urls

FEWEST, MOST = 2, 20
_OWN = frozenset({"runs", "base", "keys"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareView:
    """How somebody compares runs.

    Attributes:
        ids: The runs, in the order of their columns.
        base: The run that the others' metrics are compared with; empty for the first.
        all_keys: Whether config keys are shown that are the same everywhere.
        others: What else stands in the address, names and values: how somebody looks at the curves.
    """

    ids: tuple[str, ...] = ()
    base: str = ""
    all_keys: bool = False
    others: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, parameters: QueryParams) -> Self:
        """The view that an address asks for."""
        ids = ",".join(parameters.getlist("runs")).split(",")
        return cls(
            ids=tuple(dict.fromkeys(filter(None, ids))),
            base=parameters.get("base", ""),
            all_keys=parameters.get("keys") == "all",
            others=tuple((name, value) for name, value in parameters.multi_items() if name not in _OWN),
        )

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The view as names and values of an address; what is as it is by itself is left out."""
        found = (("runs", ",".join(self.ids)), ("base", self.base), ("keys", "all" if self.all_keys else ""))
        return (*(pair for pair in found if pair[1]), *self.others)

    def url(self, path: str) -> str:
        """The address of the view at a path."""
        return urls.with_query(path, self.pairs())
