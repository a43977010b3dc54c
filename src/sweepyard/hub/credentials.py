"""The one file that holds a home's API key in plain text: only its owner can read it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from sweepyard import files
from sweepyard.errors import HubError
from sweepyard.hub.places import HubPlaces

_OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class ClientKey:
    """What a client needs besides the hub's address.

    Attributes:
        entity: The entity that the key's user works in.
    """

    api_key: str
    entity: str

    def __repr__(self) -> str:
        return f"ClientKey(entity={self.entity!r})"


def read_key(places: HubPlaces) -> ClientKey | None:
    """The key of this home; None when no hub has made one.

    Raises:
        HubError: The file is there, but is not what a hub wrote.
    """
    try:
        fields = json.loads(places.client_file.read_text(encoding="utf-8"))
        return ClientKey(api_key=str(fields["api_key"]), entity=str(fields["entity"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise HubError(
            f"{places.client_file} must hold an API key and an entity as JSON. Remove it: the next hub makes a new key"
        ) from error


def write_key(places: HubPlaces, key: ClientKey) -> None:
    """Keep the key where only the home's owner can read it."""
    files.write_atomically(places.client_file, json.dumps(asdict(key)).encode() + b"\n", mode=_OWNER_ONLY)
