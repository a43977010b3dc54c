"""Pages as GraphQL connections: edges with nodes and cursors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sweepyard.services.paging import Page

Node = TypeVar("Node")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Edge(Generic[Node]):
    """A node and the cursor behind which the next page would begin."""

    node: Node
    cursor: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page lies in its list."""

    start_cursor: str | None
    end_cursor: str | None
    has_next_page: bool
    has_previous_page: bool = False


@dataclass(frozen=True, slots=True)
class Connection(Generic[Node]):
    """A page of nodes."""

    edges: list[Edge[Node]]
    page_info: PageInfo
    total_count: int


def connect(
    page: Page[Item], to_node: Callable[[Item], Node], version: Callable[[Item], str] | None = None
) -> Connection[Node]:
    """The connection for a page, each item turned into its node."""
    edges = [
        Edge(to_node(item), cursor, version(item) if version else None)
        for item, cursor in zip(page.items, page.cursors, strict=True)
    ]
    start = page.cursors[0] if page.cursors else None
    return Connection(edges, PageInfo(start, page.end_cursor, page.has_next), page.total)


def connect_all(nodes: Iterable[Any]) -> Connection[Any]:
    """The connection for a short list that is given whole."""
    edges: list[Edge[Any]] = [Edge(node, str(index)) for index, node in enumerate(nodes)]
    cursors = [edge.cursor for edge in edges]
    info = PageInfo(cursors[0] if cursors else None, cursors[-1] if cursors else None, has_next_page=False)
    return Connection(edges, info, len(edges))
