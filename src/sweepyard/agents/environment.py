"""The environment of the unmodified `wandb` commands: nothing of the user's is touched."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sweepyard.agents.warm.place import OWNER_VARIABLE
from sweepyard.domain.agent import AGENT_HEADER
from sweepyard.errors import TrackingError
from sweepyard.settings import CODE_VARIABLE, OUTPUT_VARIABLE, RESUMED_VARIABLE

if TYPE_CHECKING:
    from sweepyard.tracking.server import Server

# How the client behaves may stay the user's choice; whom it talks to and what it continues may not.
_KEPT_PREFIXES = ("WANDB_X_", "WANDB_AGENT_", "WANDB_HTTP_TIMEOUT", "WANDB_CONSOLE", "WANDB_DISABLE_GIT")
# A run of another client must not leak into the runs that agents start.
OF_ANOTHER_RUN = (
    "WANDB_RUN_ID",
    "WANDB_SWEEP_ID",
    "WANDB_SWEEP_PARAM_PATH",
    "WANDB_RESUME",
    "WANDB_SERVICE",
    RESUMED_VARIABLE,
)
_TRANSMIT_SECONDS = "2"
_HEADERS_VARIABLE = "WANDB_X_EXTRA_HTTP_HEADERS"


def client_environment(environ: Mapping[str, str], *, server: Server | None, folder: Path) -> dict[str, str]:
    """The environment of `wandb sweep` and `wandb agent`.

    Args:
        server: The hub; None for the server that the user is logged in to, with the user's own settings.
        folder: Where the client keeps its files instead of the user's folders.
    """
    result = {name: value for name, value in environ.items() if name not in OF_ANOTHER_RUN}
    if server is not None:
        result = {
            name: value
            for name, value in result.items()
            if not name.startswith("WANDB_") or name.startswith(_KEPT_PREFIXES)
        }
        result.update(hub_variables(server))
        result["WANDB_ENTITY"] = server.entity
        result["WANDB_CONFIG_DIR"] = str(folder / "wandb-config")
        result["WANDB_CACHE_DIR"] = str(folder / "wandb-cache")
        result["WANDB_DATA_DIR"] = str(folder / "wandb-data")
        # A hub on this machine can be told often, so that progress is live.
        result.setdefault("WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL", _TRANSMIT_SECONDS)
    result["WANDB_DIR"] = str(folder)
    result["PATH"] = os.pathsep.join([str(_commands_folder()), result.get("PATH", os.defpath)])
    result.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    result["PYTHONUNBUFFERED"] = "1"
    return result


def agent_environment(
    environ: Mapping[str, str], *, server: Server | None, folder: Path, output: Path
) -> dict[str, str]:
    """The environment of an agent of this process; the runs that it starts inherit it.

    Args:
        server: As for `client_environment`.
        folder: Where the client keeps its files.
        output: Folder below which runs get one each.
    """
    return {
        **client_environment(environ, server=server, folder=folder),
        OUTPUT_VARIABLE: str(output.absolute()),
        CODE_VARIABLE: os.getcwd(),
        # A fork server of its own ends with it, and takes no run of anybody else along.
        OWNER_VARIABLE: str(os.getpid()),
    }


def hub_variables(server: Server) -> dict[str, str]:
    """What makes the plain `wandb` commands talk to `server`, and to nobody else."""
    return {
        "WANDB_BASE_URL": server.url,
        "WANDB_API_KEY": server.api_key,
        "WANDB_ERROR_REPORTING": "false",
    }


def with_token(environ: Mapping[str, str], token: str) -> dict[str, str]:
    """The environment of one agent whose processes, and the runs that it starts, send `token` in each request.

    By it a hub tells a late process from the one that has its run now; other servers do not look at it.

    Raises:
        TrackingError: The user's own extra headers are no JSON.
    """
    given = environ.get(_HEADERS_VARIABLE) or "{}"
    try:
        headers = json.loads(given)
    except ValueError as error:
        raise TrackingError(f"{_HEADERS_VARIABLE} must be a JSON object of headers; received {given}") from error
    return {**environ, _HEADERS_VARIABLE: json.dumps({**headers, AGENT_HEADER: token})}


def wandb_command(environ: Mapping[str, str]) -> list[str]:
    """The stock client's command: the one beside this interpreter, or else the first on the PATH."""
    found = shutil.which("wandb", path=environ.get("PATH"))
    return [found] if found else [sys.executable, "-P", "-m", "wandb"]


def _commands_folder() -> Path:
    # Not resolved: a virtual environment's interpreter is a link, and its commands are beside the link.
    return Path(sys.executable).parent
