"""`sweepyard hub teams`: entities that several users share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sweepyard.cli.hub_users import tell_of_projects
from sweepyard.cli.options import HOME, JSON
from sweepyard.cli.style import CONTEXT, CommandGroup, examples
from sweepyard.jsonvalue import JsonObject
from sweepyard.wiring.hub import administration

if TYPE_CHECKING:
    from sweepyard.domain.access import Team
    from sweepyard.settings import Settings


@click.group(
    "teams",
    cls=CommandGroup,
    other_names={"revoke": "remove"},
    context_settings=CONTEXT,
    epilog=examples("sweepyard hub teams add vision --member ann"),
)
def teams() -> None:
    """List, make and change teams: what belongs to a team, its members see and change as their roles say."""


@teams.command("list", epilog=examples("sweepyard hub teams list", "sweepyard hub teams list --json"))
@JSON
@HOME
def list_teams(as_json: bool, settings: Settings) -> None:
    """List teams with their members."""
    from sweepyard.cli.output import print_json, print_table

    with administration(settings) as access:
        found = access.teams()
    if as_json:
        print_json([_described(team) for team in found])
    elif not found:
        print("no teams; `sweepyard hub teams add NAME` makes one")
    else:
        print_table(["team", "members"], [[team.name, ", ".join(team.members) or "-"] for team in found])


@teams.command(epilog=examples("sweepyard hub teams add vision", "sweepyard hub teams add vision --member ann"))
@click.argument("name")
@click.option("--member", "members", multiple=True, metavar="USER", help="A user who belongs to it; repeatable.")
@HOME
def add(name: str, members: tuple[str, ...], settings: Settings) -> None:
    """Make a team; runs go into it with `wandb.init(entity=NAME)`."""
    with administration(settings) as access:
        _say(access.add_team(name, members=members))
        tell_of_projects(access, name)


@teams.command("add-member", epilog=examples("sweepyard hub teams add-member vision ann"))
@click.argument("team")
@click.argument("user")
@HOME
def add_member(team: str, user: str, settings: Settings) -> None:
    """Let USER belong to TEAM, from now on."""
    with administration(settings) as access:
        _say(access.add_member(team, user))


@teams.command("remove-member", epilog=examples("sweepyard hub teams remove-member vision ann"))
@click.argument("team")
@click.argument("user")
@HOME
def remove_member(team: str, user: str, settings: Settings) -> None:
    """End USER's membership of TEAM, at once."""
    with administration(settings) as access:
        _say(access.remove_member(team, user))


@teams.command(epilog=examples("sweepyard hub teams remove vision"))
@click.argument("name")
@HOME
def remove(name: str, settings: Settings) -> None:
    """Remove a team; its projects stay, within reach of administrators."""
    with administration(settings) as access:
        access.remove_team(name)
    print(f"removed the team {name}; its projects stay")


def _say(team: Team) -> None:
    print(f"{team.name}: {', '.join(team.members) or 'no members'}")


def _described(team: Team) -> JsonObject:
    return {"name": team.name, "members": [*team.members], "created_at": team.created_at.isoformat()}
