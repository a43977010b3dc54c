"""Adding scores to the summary of a run that is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import wandb
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from sweepyard.domain.run import RunPath
from sweepyard.errors import TrackingError
from sweepyard.tracking.server import Server

_TIMEOUT_SECONDS = 30


def note_scores(path: RunPath, scores: Mapping[str, float], *, server: Server | None) -> None:
    """Merge `scores` into the summary of the run at `path`.

    Args:
        server: The hub; None for the server that the user is logged in to.

    Raises:
        TrackingError: There is no such run, or the server refuses.
    """
    overrides = {"base_url": server.url, "entity": server.entity} if server else None
    try:
        api: Any = wandb.Api(overrides=overrides, api_key=server.api_key if server else None, timeout=_TIMEOUT_SECONDS)
        run = api.run(str(path))
        run.summary.update(dict(scores))
    except (wandb.Error, WandbApiFailedError, ValueError, TimeoutError) as error:
        raise TrackingError(
            f"the scores could not be noted with the run {path}; the W&B client says: {error}"
        ) from error
