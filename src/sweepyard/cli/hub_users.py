"""`sweepyard hub users`: who may use the hub, and what they may do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sweepyard.cli.options import HOME, JSON
from sweepyard.cli.style import CONTEXT, CommandGroup, examples
from sweepyard.jsonvalue import JsonObject
from sweepyard.wiring.hub import administration

if TYPE_CHECKING:
    from sweepyard.domain.access import User
    from sweepyard.services.access import AccessService
    from sweepyard.settings import Settings

ROLES = ("read", "write", "admin")


@click.group(
    "users",
    cls=CommandGroup,
    other_names={"revoke": "remove"},
    context_settings=CONTEXT,
    epilog=examples("sweepyard hub users add ann --role write"),
)
def users() -> None:
    """List, add and remove users; a running hub heeds it with the next request."""


@users.command("list", epilog=examples("sweepyard hub users list", "sweepyard hub users list --json"))
@JSON
@HOME
def list_users(as_json: bool, settings: Settings) -> None:
    """List users with their roles and the entities that they belong to."""
    from sweepyard.cli.output import print_json, print_table

    with administration(settings) as access:
        rows = [_described(access, user) for user in access.users()]
    if as_json:
        print_json([*rows])
        return
    cells = [[str(row["username"]), str(row["role"]), _joined(row["entities"]), str(row["keys"])] for row in rows]
    print_table(["user", "role", "entities", "keys"], cells)


@users.command(
    epilog=examples(
        "sweepyard hub users add ann --role write",
        "sweepyard hub users add ci --role read --entity vision",
        "sweepyard hub users add ann --role write --team vision --team speech",
    )
)
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="write", show_default=True, help="What the user may do.")
@click.option("--entity", metavar="NAME", help="Whose names without an entity are; by default the user's own.")
@click.option("--team", "teams", multiple=True, metavar="NAME", help="A team to belong to; repeatable.")
@JSON
@HOME
def add(name: str, role: str, entity: str | None, teams: tuple[str, ...], as_json: bool, settings: Settings) -> None:
    """Add a user, who sees and changes only what belongs to the user's own entity and teams (admin: everything)."""
    from sweepyard.cli.output import print_json
    from sweepyard.domain.access import Role

    with administration(settings) as access:
        user = access.add_user(name, role=Role(role), entity=entity, teams=teams)
        row = _described(access, user)
        tell_of_projects(access, name)
    if as_json:
        print_json(row)
    else:
        print(f"added {name} ({role}), of {_joined(row['entities'])}; a key: sweepyard hub keys add --user {name}")


@users.command("set-role", epilog=examples("sweepyard hub users set-role ann admin"))
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@HOME
def set_role(name: str, role: str, settings: Settings) -> None:
    """Give a user another role; every key of theirs grants it from now on."""
    from sweepyard.domain.access import Role

    with administration(settings) as access:
        access.set_role(name, Role(role))
    print(f"{name} has the role {role} now")


@users.command(epilog=examples("sweepyard hub users remove ann"))
@click.argument("name")
@HOME
def remove(name: str, settings: Settings) -> None:
    """Remove a user and all their keys, at once; what they made stays."""
    with administration(settings) as access:
        access.remove_user(name)
    print(f"removed {name} and every key of theirs; their runs stay")


def tell_of_projects(access: AccessService, entity: str) -> None:
    """Say on standard error what a new user or team finds under its name: others put it there before."""
    count = access.projects_under(entity)
    if count:
        what = "1 project stands" if count == 1 else f"{count:,} projects stand"
        print(f"warning: {what} under {entity} already, and within reach of {entity} from now on", file=sys.stderr)


def _described(access: AccessService, user: User) -> JsonObject:
    keys = [key for key in access.keys() if key.username == user.username and key.revoked_at is None]  # noqa: SIM118
    return {
        "username": user.username,
        "role": user.role.value,
        "entity": user.entity,
        "entities": [*access.entities_of(user.username)],
        "keys": len(keys),
        "created_at": user.created_at.isoformat(),
    }


def _joined(names: object) -> str:
    return ", ".join(str(name) for name in names) if isinstance(names, list) else ""
