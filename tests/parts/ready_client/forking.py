"""The process that has imported the client: `python -m tests.parts.ready_client.forking PATH FD`."""

from __future__ import annotations

import importlib
import json
import os
import runpy
import socket
import sys
import tempfile
from pathlib import Path

import sweepyard
from sweepyard.agents.warm.place import owner_of
from sweepyard.agents.warm.server import Code, ForkServer
from sweepyard.clock import SystemClock
from sweepyard.tracking.wandb import list_packages_ahead, own_temporary_folders

# The last two are what `wandb.init` and `wandb.Api` import when they are first used.
_IMPORTED = ("numpy", "wandb", "wandb.apis.public", "wandb.sdk.launch")
_IDLE_SECONDS = 3600.0  # It ends with the session.
_WANDB = "import sys; from wandb.cli.cli import cli; sys.exit(cli())"


def main(path: str, listener: socket.socket) -> None:
    """Fork until the session ends; each fork is a program."""
    for name in _IMPORTED:
        importlib.import_module(name)
    list_packages_ahead()
    server = ForkServer(
        path,
        listener,
        code=Code(Path(sweepyard.__file__).parent),
        idle_seconds=_IDLE_SECONDS,
        owner=owner_of(os.environ),
        clock=SystemClock(),
        on_note=lambda _note: None,
    )
    child = server.serve()
    if child is not None:
        child.become()
        child.accept()
        given, program, *arguments = child.arguments
        for name, value in json.loads(given).items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        tempfile.tempdir = None
        own_temporary_folders()
        if program == "wandb":
            _run(_WANDB, "wandb", arguments, folder=str(Path(sys.executable).parent))
        elif arguments[0] == "-P":
            _run_module(*arguments[2:])
        elif arguments[0] == "-c":
            _run(arguments[1], "-c", arguments[2:], folder="")
        else:
            file = Path(arguments[0])
            _run(file.read_text(encoding="utf-8"), str(file), arguments[1:], folder=str(file.absolute().parent))


def _run_module(name: str, *arguments: str) -> None:
    sys.argv[1:] = arguments
    del sys.path[0]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _run(script: str, name: str, arguments: list[str], *, folder: str) -> None:
    """Be the main module, also to the client, which looks where it comes from.

    Args:
        folder: Where imports are looked for first.
    """
    sys.argv[:] = [name, *arguments]
    sys.path[0] = folder
    module = sys.modules["__main__"]
    module.__spec__ = None
    names = {"__name__": "__main__"}
    if name == "-c":
        del module.__file__
    else:
        module.__file__ = names["__file__"] = name
    exec(compile(script, "<string>" if name == "-c" else name, "exec"), names)


if __name__ == "__main__":
    main(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
