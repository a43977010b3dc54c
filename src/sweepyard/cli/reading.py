"""Asking the hub, or the server that the user is logged in to, for runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from sweepyard.errors import ArgumentInvalid, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.settings import DEFAULT_PROJECT
from sweepyard.wiring.joining import open_target

if TYPE_CHECKING:
    from sweepyard.services.check import Target
    from sweepyard.settings import Settings
    from sweepyard.tracking.reader import Reader
    from sweepyard.tracking.records import RunRecord
    from sweepyard.tracking.server import Server

FROM = click.option(
    "--from",
    "source",
    type=click.Choice(["hub", "wandb"]),
    default="hub",
    show_default=True,
    help="The hub, or the server that you are logged in to.",
)
PROJECT = click.option("--project", default=DEFAULT_PROJECT, show_default=True, help="Of the runs.")
ENTITY = click.option("--entity", help="Of the project; by default yours.")


@contextmanager
def reader_of(source: Target, settings: Settings) -> Iterator[Reader]:
    """A reader of the hub of this home (`hub`) or of the server that the user is logged in to (`wandb`).

    Raises:
        HubError: No hub could be joined or started.
        TrackingError: The server is away or refuses.
    """
    from sweepyard.tracking.parting import only_reading
    from sweepyard.tracking.reader import Reader

    with open_target(source, settings) as server, only_reading():
        yield Reader(server)


def find_run(text: str, settings: Settings) -> RunRecord:
    """The run of this home's hub that `text` names: its id, project/id or entity/project/id.

    Raises:
        TrackingError: There is none, or the server refuses.
    """
    with reader_of("hub", settings) as reader:
        return reader.run(path_of(text))


def path_of(text: str, kind: str = "run", *, project: str = DEFAULT_PROJECT) -> str:
    """The path of a run, or of another `kind` of thing, from what the user typed; a bare id is one of `project`.

    Raises:
        ArgumentInvalid: It has more parts than a path has.
    """
    if text.count("/") > 2 or not text.strip("/"):
        raise ArgumentInvalid([Violation(f"a {kind} is named as id, project/id or entity/project/id", repr(text))])
    return text if "/" in text else f"{project}/{text}"


def sweep_in(text: str, server: Server | None) -> str:
    """The path of a sweep from what the user typed; a bare id is looked for in all of the user's projects.

    Where it is in none of them, or in several, it is one of the default project.

    Raises:
        ArgumentInvalid: It has more parts than a path has.
        TrackingError: The server is away or refuses.
    """
    from sweepyard.tracking.reader import Reader

    usual = path_of(text, "sweep")
    if "/" in text:
        return usual
    found = Reader(server).sweeps_called(text)
    return str(found[0]) if len(found) == 1 else usual


def record_json(record: RunRecord) -> JsonObject:
    """A run as `--json` prints it."""
    return {
        "run": record.path.run_id,
        "project": record.path.project,
        "entity": record.path.entity,
        "name": record.name,
        "state": record.state,
        "tags": list[JsonValue](record.tags),
        "sweep": record.sweep_id,
        "created_at": record.created_at.isoformat(),
        "duration_seconds": record.duration_seconds,
        "url": record.url,
        "config": record.config,
        "summary": record.summary,
    }
