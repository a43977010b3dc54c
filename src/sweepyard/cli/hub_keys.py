"""`sweepyard hub keys`: what proves who asks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sweepyard.cli.hub_users import ROLES
from sweepyard.cli.options import HOME, JSON
from sweepyard.cli.style import CONTEXT, CommandGroup, examples
from sweepyard.files import read_key
from sweepyard.jsonvalue import JsonObject
from sweepyard.wiring.hub import administration

if TYPE_CHECKING:
    from sweepyard.domain.access import ApiKey
    from sweepyard.settings import Settings


@click.group("keys", cls=CommandGroup, context_settings=CONTEXT, epilog=examples("sweepyard hub keys add --user ann"))
def keys() -> None:
    """List, make, import and revoke API keys; the hub itself keeps only their digests."""


@keys.command("list", epilog=examples("sweepyard hub keys list", "sweepyard hub keys list --json"))
@JSON
@HOME
def list_keys(as_json: bool, settings: Settings) -> None:
    """List keys by their ids; no key can be read back."""
    from sweepyard.cli.output import print_json, print_table

    with administration(settings) as access:
        found = access.keys()
    if as_json:
        print_json([_described(key) for key in found])
        return
    cells = [
        [
            key.key_id,
            key.username,
            key.name or "-",
            key.role.value if key.role else "all",
            f"{key.created_at:%Y-%m-%d %H:%M}",
            f"{key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "-",
        ]
        for key in found
    ]
    print_table(["id", "user", "name", "grants at most", "made (UTC)", "revoked (UTC)"], cells)


@keys.command(
    epilog=examples(
        "sweepyard hub keys add --user ann --name laptop",
        "KEY=$(sweepyard hub keys add --user ci --role read)",
        "sweepyard hub keys add --user ann --key-file ann.key",
    )
)
@click.option("--user", required=True, metavar="NAME", help="Whose key it is: one of `sweepyard hub users list`.")
@click.option("--name", default="", help="What to call it.")
@click.option("--role", type=click.Choice(ROLES), help="The most that the key grants; by default all its user may.")
@click.option("--key-file", metavar="FILE", help="Accept the key in FILE (- for standard input) instead of a new one.")
@JSON
@HOME
def add(user: str, name: str, role: str | None, key_file: str | None, as_json: bool, settings: Settings) -> None:
    """Make a key for a user and print it, this once; or accept one that exists."""
    from sweepyard.cli.output import print_json
    from sweepyard.domain.access import Role

    given = None if key_file is None else _read(key_file)
    cap = Role(role) if role else None
    with administration(settings) as access:
        key = access.create_key(user, name=name, role=cap) if given is None else given
        stored = access.import_key(user, key, name=name, role=cap)
    if as_json:
        print_json(_described(stored) | ({"key": key} if given is None else {}))
    elif given is not None:
        print(f"accepted a key of {user}; its id is {stored.key_id}")
    else:
        print(key)
        print(f"The key of {user}, shown this once; its id is {stored.key_id}.", file=sys.stderr)


@keys.command(epilog=examples("sweepyard hub keys revoke 0123456789ab"))
@click.argument("key_ids", nargs=-1, required=True, metavar="ID...")
@HOME
def revoke(key_ids: tuple[str, ...], settings: Settings) -> None:
    """Make keys worthless, at once; sessions that were opened with them end too."""
    with administration(settings) as access:
        for key_id in key_ids:
            revoked = access.revoke_key(key_id)
            print(f"revoked {revoked.key_id} of {revoked.username}")


def _read(file: str) -> str:
    return sys.stdin.read().strip() if file == "-" else read_key(Path(file))


def _described(key: ApiKey) -> JsonObject:
    return {
        "id": key.key_id,
        "user": key.username,
        "name": key.name,
        "role": key.role.value if key.role else None,
        "created_at": key.created_at.isoformat(),
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }
