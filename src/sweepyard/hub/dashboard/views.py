"""A view of a project's runs, as it stands in the address: so it can be shared, kept, gone back to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from starlette.datastructures import QueryParams

from sweepyard.domain.query import parse_query
from sweepyard.domain.query_names import PREFIXES, named
from sweepyard.domain.run_columns import CONFIG_PREFIX, column_of, column_order
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.hub.dashboard import urls
from sweepyard.services.ports.runs import RunSelection
from sweepyard.services.run_tables import RunQuery

SIZES = (25, 50, 100, 250)
DEFAULT_SIZE = 50
MOST_COLUMNS = 100
MOST_PINNED = 3
_MOST_SELECTED = 2_000
_MOST_HIDDEN = 2_000
_MOST_OTHERS = 200
_OWN = frozenset(
    {"search", "filter", "sort", "column", "pin", "group", "page", "size", "runs", "only", "hide", "hidden"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsView:
    """How somebody looks at a project's runs. Names of columns are those of `domain.run_columns`.

    Attributes:
        filter: As written.
        sort: A column's name behind - or +; empty for newest first.
        columns: Those to show; none for what the hub finds telling.
        pinned: Those that stay in sight when the table is scrolled sideways.
        group: The columns whose values make groups; none for a row a run.
        selected: Ids of the runs that are ticked.
        only_selected: Whether only these are shown.
        hidden: Keys of the groups that charts do not draw (`dashboard.tables.group_key`).
        without_hidden: Whether the table leaves these out too.
        others: What else stands in the address, names and values: the views of other parts of the page.
    """

    search: str = ""
    filter: str = ""
    sort: str = ""
    columns: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    page: int = 1
    size: int = DEFAULT_SIZE
    selected: tuple[str, ...] = ()
    only_selected: bool = False
    hidden: tuple[str, ...] = ()
    without_hidden: bool = False
    others: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, parameters: QueryParams) -> Self:
        """The view that an address asks for.

        Raises:
            RequestInvalid: A number is none, or more is listed than a view may have.
        """
        violations: list[Violation] = []
        view = cls(
            search=parameters.get("search", "").strip(),
            filter=parameters.get("filter", "").strip(),
            sort=_signed(parameters.get("sort", "").strip()),
            columns=_listed(parameters, "column"),
            pinned=_listed(parameters, "pin"),
            group=tuple(dict.fromkeys(map(_grouped_by, _listed(parameters, "group")))),
            page=number_in(parameters, "page", 1, violations),
            size=number_in(parameters, "size", DEFAULT_SIZE, violations),
            selected=_joined(parameters, "runs"),
            only_selected=parameters.get("only") == "selected",
            hidden=_joined(parameters, "hide"),
            without_hidden=parameters.get("hidden") == "out",
            others=tuple((name, value) for name, value in parameters.multi_items() if name not in _OWN),
        )
        for values, most, what in (
            (view.columns, MOST_COLUMNS, "columns"),
            (view.pinned, MOST_PINNED, "pinned columns"),
            (view.group, MOST_PINNED, "columns to group by"),
            (view.selected, _MOST_SELECTED, "selected runs"),
            (view.hidden, _MOST_HIDDEN, "hidden groups"),
            (view.others, _MOST_OTHERS, "choices of other parts of a page"),
        ):
            if len(values) > most:
                violations.append(Violation(f"a view has at most {most:,} {what}", f"{len(values):,}"))
        if view.size not in SIZES:
            violations.append(Violation(f"size is one of {', '.join(map(str, SIZES))}", str(view.size)))
        if violations:
            raise RequestInvalid(violations)
        return view

    @property
    def sort_column(self) -> str:
        """The column that orders the rows; empty for newest first."""
        return self.sort[1:]

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.sort.startswith("-")

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The view as names and values of an address; what is as it is by itself is left out."""
        several = (("column", self.columns), ("pin", self.pinned), ("group", self.group))
        found = [("search", self.search), ("filter", self.filter), ("sort", self.sort)]
        found += [(name, value) for name, values in several for value in values]
        found += [
            ("page", str(self.page) if self.page > 1 else ""),
            ("size", str(self.size) if self.size != DEFAULT_SIZE else ""),
            ("runs", ",".join(self.selected)),
            ("only", "selected" if self.only_selected else ""),
            ("hide", ",".join(self.hidden)),
            ("hidden", "out" if self.without_hidden else ""),
            *self.others,
        ]
        return tuple(pair for pair in found if pair[1])

    def url(self, path: str) -> str:
        """The address of the view at a path."""
        return urls.with_query(path, self.pairs())

    def turned(self, column: str) -> RunsView:
        """The view when a column's head is clicked: greatest first, least first, as it was."""
        steps = {f"-{column}": f"+{column}", f"+{column}": ""}
        return replace(self, sort=steps.get(self.sort, f"-{column}"), page=1)

    def direction(self, column: str) -> str:
        """How the column's head tells its order, as `aria-sort` has it; empty for a column that orders nothing."""
        if self.sort_column != column:
            return ""
        return "descending" if self.descending else "ascending"

    def narrowed(self, conditions: Sequence[str]) -> RunsView:
        """A row a run, of those that also pass these filters."""
        earlier = [f"({self.filter})"] if self.filter and conditions else [self.filter] if self.filter else []
        wanted = " and ".join([*earlier, *conditions])
        return replace(self, group=(), hidden=(), without_hidden=False, page=1, filter=wanted)

    def turning(self, group: str) -> RunsView:
        """The view in which the group of this key is hidden, or shown where it is hidden now."""
        if group in self.hidden:
            return replace(self, hidden=tuple(each for each in self.hidden if each != group))
        return replace(self, hidden=(*self.hidden, group))

    def query(self, selection: RunSelection) -> RunQuery:
        """What the view asks the services for; in groups, the order is the groups' own.

        Raises:
            RequestInvalid: The filter breaks a rule, or a column is none; all faults are named.
        """
        return RunQuery(
            selection=selection,
            wanted=parse_query(self.filter),
            order=column_order("" if self.group else self.sort),
            search=self.search,
            only=frozenset(self.selected) if self.only_selected else None,
        )


def check_columns(names: Sequence[str]) -> None:
    """Refuse names that are no columns.

    Raises:
        RequestInvalid: Some are not; all of these are named.
    """
    violations: list[Violation] = []
    for name in names:
        try:
            column_of(name)
        except RequestInvalid as error:
            violations += error.violations
    if violations:
        raise RequestInvalid(violations)


def _signed(sort: str) -> str:
    return sort if not sort or sort[0] in "+-" else f"+{sort}"


def _grouped_by(name: str) -> str:
    """A column's name; a key without a prefix is one of the config."""
    return name if len(named(name).fields) == 1 or name in PREFIXES else f"{CONFIG_PREFIX}{name}"


def _listed(parameters: QueryParams, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (value.strip() for value in parameters.getlist(name)))))


def _joined(parameters: QueryParams, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, ",".join(parameters.getlist(name)).split(","))))


def number_in(parameters: QueryParams, name: str, default: int, violations: list[Violation]) -> int:
    """A number from 1 on that an address gives; what is none is noted among `violations`."""
    text = parameters.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0):
        violations.append(Violation(f"{name} is a whole number from 1 on", repr(text[:40])))
        return default
    return int(text)
