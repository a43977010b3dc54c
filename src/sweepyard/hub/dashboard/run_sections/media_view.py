"""Which of a run's media somebody looks at, as it stands in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from starlette.datastructures import QueryParams

from sweepyard.errors import NotFound, RequestInvalid, Violation
from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.views import number_in
from sweepyard.services.media import LoggedAt


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaView:
    """How somebody looks at a run's media.

    Attributes:
        step: What was logged at this step, or last before; None for the last of all.
        key: The only one to show; empty for all.
        sort: Of the table under `key`: a column's name behind - or +; empty for its own order.
        page: Of that table, from 1 on.
    """

    step: int | None = None
    key: str = ""
    sort: str = ""
    page: int = 1

    @classmethod
    def of(cls, parameters: QueryParams) -> Self:
        """The view that an address asks for.

        Raises:
            RequestInvalid: A number is none.
        """
        violations: list[Violation] = []
        step = parameters.get("step", "")
        if step and not (step.isascii() and step.isdigit() and len(step) < 19):
            violations.append(Violation("step is a whole number from 0 on", repr(step[:40])))
        sort, page = parameters.get("sort", ""), number_in(parameters, "page", 1, violations)
        if violations:
            raise RequestInvalid(violations)
        return cls(
            step=int(step) if step else None,
            key=parameters.get("key", ""),
            sort=sort if not sort or sort[0] in "+-" else f"+{sort}",
            page=page,
        )

    @property
    def column(self) -> str:
        """The column that orders the table; empty for its own order."""
        return self.sort[1:]

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.sort.startswith("-")

    def chosen(self, found: Mapping[str, list[LoggedAt]]) -> Mapping[str, list[LoggedAt]]:
        """What is under the key, if one is chosen.

        Raises:
            NotFound: Nothing is.
        """
        if not self.key:
            return found
        if self.key not in found:
            raise NotFound(f"the run has logged no media under {self.key[:200]!r}")
        return {self.key: found[self.key]}

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The view as names and values of an address; what is as it is by itself is left out."""
        found = (
            ("step", "" if self.step is None else str(self.step)),
            ("key", self.key),
            ("sort", self.sort),
            ("page", str(self.page) if self.page > 1 else ""),
        )
        return tuple(pair for pair in found if pair[1])

    def url(self, path: str) -> str:
        """The address of the view at a path."""
        return urls.with_query(path, self.pairs())
