"""Pages of lists, and the opaque cursors between them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonValue, dumps, loads

T = TypeVar("T")

MAX_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A piece of a list.

    Attributes:
        cursors: One opaque cursor an item; the next page begins behind the last one.
        total: How many items the whole list has.
    """

    items: tuple[T, ...]
    cursors: tuple[str, ...]
    has_next: bool
    total: int

    @property
    def end_cursor(self) -> str | None:
        """The cursor of the last item; None for an empty page."""
        return self.cursors[-1] if self.cursors else None


def encode_cursor(value: JsonValue) -> str:
    """An opaque, URL-safe cursor that carries `value`."""
    return base64.urlsafe_b64encode(dumps(value).encode()).decode()


def decode_cursor(cursor: str) -> JsonValue:
    """What `encode_cursor` was given.

    Raises:
        RequestInvalid: The text is no cursor of this hub.
    """
    try:
        return loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, binascii.Error) as error:
        raise RequestInvalid([_not_a_cursor(cursor)]) from error


def check_size(first: int | None) -> int:
    """The page size that `first` asks for; without one, the greatest.

    Raises:
        RequestInvalid: It is negative.
    """
    if first is None:
        return MAX_PAGE
    if first < 0:
        raise RequestInvalid([Violation("a page has 0 or more items", str(first))])
    return min(first, MAX_PAGE)


def page_of(items: Sequence[T], name_of: Callable[[T], str], *, first: int | None, after: str | None) -> Page[T]:
    """The page behind `after` of a short list, whose items `name_of` tells apart.

    Raises:
        RequestInvalid: The cursor is none of this hub, or its item is no longer there.
    """
    begin = 0
    if after:
        name = decode_cursor(after)
        names = [name_of(item) for item in items]
        if name not in names:
            raise RequestInvalid([_not_a_cursor(after)])
        begin = names.index(str(name)) + 1
    end = begin + check_size(first)
    chosen = tuple(items[begin:end])
    return Page(chosen, tuple(encode_cursor(name_of(item)) for item in chosen), end < len(items), len(items))


def _not_a_cursor(cursor: str) -> Violation:
    return Violation("`after` is a cursor of an earlier page whose item still exists", cursor, "Begin again without it")
