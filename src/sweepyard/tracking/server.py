"""A server that runs are tracked on: its address and the key that opens it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Server:
    """A W&B-compatible server.

    Attributes:
        url: Its base URL, without a slash at the end.
        api_key: Opens it; never shown in the representation.
        entity: The entity that owns the key's runs.
    """

    url: str
    api_key: str = field(repr=False)
    entity: str
