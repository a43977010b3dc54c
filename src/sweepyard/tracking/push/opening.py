"""From what a push was asked for to a push that can go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.tracking.push.client import SyncClient
from sweepyard.tracking.push.journal import Journal
from sweepyard.tracking.push.login import open_destination
from sweepyard.tracking.push.sending import Push, Say
from sweepyard.tracking.push.side import Side
from sweepyard.tracking.push.task import PushTarget
from sweepyard.tracking.reader import Reader
from sweepyard.tracking.server import Server

_FOLDER = "push"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRequest:
    """What a push was asked for.

    Attributes:
        names: Of runs and sweeps, as `project/id` or `entity/project/id`.
        to: The destination's base URL.
        entity: There; None for that of the key's owner.
        project: There; None for the name that each run's project has.
        key_file: Holds the destination's key.
        source: The hub of this home, or the server that the user is logged in to.
        with_running: Whether runs that go on are sent as far as they are.
        dry_run: Whether to say only what would be done.
    """

    names: tuple[str, ...]
    to: str
    entity: str | None = None
    project: str | None = None
    key_file: Path | None = None
    source: Literal["hub", "wandb"] = "hub"
    with_running: bool = False
    dry_run: bool = False


@contextmanager
def open_push(
    request: PushRequest,
    source: Server | None,
    home: Path,
    environ: Mapping[str, str],
    *,
    say: Say,
    leash: Sequence[str] = (),
) -> Iterator[tuple[Push, list[SweepPath | RunPath]]]:
    """A push and what it is to send; one at a time goes one way.

    Args:
        source: The hub; None for the server that the user is logged in to.
        home: Where pushes keep their journals.
        leash: A command that becomes the command behind it, and ends it when this process dies.

    Raises:
        InvalidInput: The destination is no server's address, or the key file is none.
        TrackingError: A server is away or refuses, there is no such run, or another push goes that way.
    """
    server = open_destination(request.to, entity=request.entity, key_file=request.key_file, environ=environ)
    there = Side(Reader(server))
    here = Side(Reader(source))
    wanted = [here.find(name) for name in request.names]
    entity = request.entity or there.default_entity
    journal = Journal(
        home / _FOLDER,
        source="hub" if source is not None else here.url,
        destination=server.url,
        entity=entity,
        project=request.project,
    )
    client = SyncClient(server, environ, folder=journal.folder / "client", leash=leash)
    push = Push(
        here,
        there,
        PushTarget(entity=entity, project=request.project),
        client=client,
        journal=journal,
        say=say,
        with_running=request.with_running,
    )
    with nullcontext() if request.dry_run else journal:
        yield push, wanted
