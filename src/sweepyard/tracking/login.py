"""Getting the W&B client ready for one server: the given one, or the one the user is logged in to.

Nothing here writes `~/.netrc` or W&B's settings files, and nothing asks a question at a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import wandb
from wandb.sdk import wandb_setup
from wandb.sdk.lib import wbauth

from sweepyard.errors import TrackingError
from sweepyard.tracking.probe import PATIENCE_SECONDS, check_server, is_hub, never
from sweepyard.tracking.server import Server


def use_server(server: Server, output: Path) -> None:
    """Point the client at `server`; the user's own W&B settings are not read.

    Raises:
        TrackingError: The server is away or refuses the key, or the client one of its settings.
    """
    check_server(server.url, server.api_key)
    # The client keeps settings for the whole process, and some of its requests follow those alone: left
    # as they are, they would go to wandb.ai with this server's key.
    with _refusals_told():
        wandb.setup(
            wandb.Settings(
                base_url=server.url,
                api_key=server.api_key,
                entity=server.entity,
                mode="online",
                settings_system=str(output / "wandb" / "settings"),
            )
        )


def use_own_login(*, patience_seconds: float = PATIENCE_SECONDS, leaves: Callable[[], bool] = never) -> bool:
    """See to it that the server the user is logged in to, or the agent's, can be had for a run.

    Args:
        patience_seconds: How long to wait for one that is away.
        leaves: Whether there is no time to wait any more.

    Returns:
        False where the user has disabled the client (`WANDB_MODE=disabled`): there is nothing to track.

    Raises:
        TrackingError: There is no login, the server is away or refuses the key, or the client one of its settings.
    """
    mode = own_settings().mode
    # WANDB_MODE or `wandb offline` are the user's own choice, and need no server.
    if mode not in {"offline", "dryrun", "disabled"}:
        check_own_login(patience_seconds=patience_seconds, leaves=leaves)
    return mode != "disabled"


def own_server_is_hub() -> bool:
    """Whether the server the user is logged in to is a hub of Sweepyard's, and no server of W&B's."""
    return is_hub(own_settings().base_url)


def check_own_login(*, patience_seconds: float = PATIENCE_SECONDS, leaves: Callable[[], bool] = never) -> str:
    """Load the user's own login into the client; gives its server's base URL.

    Raises:
        TrackingError: There is no login, the server is away or refuses the key, or the client one of its settings.
    """
    url = own_settings().base_url
    try:
        login = wbauth.authenticate_session(host=url, source="wandb.init()", prompt=False)
    except wandb.Error as error:
        raise TrackingError(f"the W&B login is not usable: {error}. Log in again with `wandb login`") from error
    if login is None:
        raise TrackingError(
            f"W&B needs a login; there is none for {url}. Run `wandb login` or set WANDB_API_KEY; the hub needs neither"
        )
    # Servers behind TLS may need certificates and proxies that the client knows better how to find.
    if isinstance(login, wbauth.AuthApiKey) and url.startswith("http://"):
        check_server(url, login.api_key, patience_seconds=patience_seconds, leaves=leaves)
    return url


def own_settings() -> wandb.Settings:
    """What the client takes from the environment and the user's W&B settings files.

    Raises:
        TrackingError: It refuses one of them.
    """
    with _refusals_told():
        return wandb_setup.singleton().settings


@contextmanager
def _refusals_told() -> Iterator[None]:
    """Turn the client's refusal of a setting into an error that names it."""
    try:
        yield
    except (wandb.Error, ValueError) as error:
        # Of a value that does not validate, the first line counts, the next two name it and the rule.
        lines = [line.strip() for line in str(error).splitlines()]
        told = ": ".join(lines[1:3]) or lines[0]
        raise TrackingError(
            f"the W&B client refuses one of its settings: {told}. Correct its WANDB_ variable, or W&B's settings file"
        ) from error
