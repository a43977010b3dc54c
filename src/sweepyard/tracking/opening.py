"""Opening the tracker that a run's config and environment ask for."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweepyard.config.schema import TrackingConfig
from sweepyard.domain.run_config import CODE
from sweepyard.errors import TrackingError
from sweepyard.ids import RandomIds
from sweepyard.settings import CODE_VARIABLE
from sweepyard.tracking.memory import NoopTracker
from sweepyard.tracking.probe import PATIENCE_SECONDS, never
from sweepyard.tracking.server import Server
from sweepyard.tracking.tracker import Tracker

if TYPE_CHECKING:
    from wandb import Settings as WandbSettings

__all__ = ["Server", "open_tracker", "start_ahead"]

_INIT_TIMEOUT_SECONDS = 60.0
_FINISH_TIMEOUT_SECONDS = 600.0


def open_tracker(
    config: TrackingConfig,
    *,
    server: Server | None,
    output: Path,
    run_id: str | None,
    name: str | None,
    notes: str,
    resume: bool,
    environ: Mapping[str, str],
    leaves: Callable[[], bool] = never,
) -> Tracker:
    """The tracker for one run, with its run started.

    Under an agent (`WANDB_SWEEP_ID` in `environ`) the agent's server, project and run id win over `server`
    and `config`, except in the modes `offline` and `disabled`, which talk to no server.

    Args:
        server: The hub, for mode `hub`; None under an agent and in the other modes.
        output: The run's own folder; the client's `wandb/` goes below it.
        run_id: The run's id; by default `WANDB_RUN_ID`, else a new one.
        resume: Whether to go on with the run of that id, if the server has it; otherwise such a run is replaced.
        leaves: Whether the run was told to end, and waits for no server that is away.

    Raises:
        TrackingError: The server is away, refuses the key or the run, there is no login, or the client refuses one of
            its settings.
    """
    run_id = run_id or environ.get("WANDB_RUN_ID") or RandomIds().short()
    if config.mode == "disabled":
        return NoopTracker(run_id)

    from sweepyard.tracking import login
    from sweepyard.tracking.code import code_version
    from sweepyard.tracking.leaving import SERVICE_VARIABLE, release
    from sweepyard.tracking.wandb import WandbTracker

    output.mkdir(parents=True, exist_ok=True)
    agent_rules = bool(environ.get("WANDB_SWEEP_ID"))
    fields: dict[str, Any] = {
        "root_dir": str(output),
        "run_group": config.group,
        "run_job_type": config.job_type,
        "run_tags": config.tags or None,
        "run_name": name,
        "run_notes": notes or None,
        "save_code": False,
        "init_timeout": _INIT_TIMEOUT_SECONDS,
        "finish_timeout": _FINISH_TIMEOUT_SECONDS,
        "finish_timeout_raises": True,
        # The client takes the number of the process that imported it, which a forked run is not.
        "x_stats_pid": os.getpid(),
    }
    if not agent_rules:
        fields["run_id"] = run_id
        fields["project"] = config.project
        fields["entity"] = config.entity
    if resume:
        fields["resume"] = "allow"
    if config.mode == "offline":
        login.own_settings()  # refuses what would be told as a server's refusal later
        fields["mode"] = "offline"
    elif agent_rules or config.mode == "wandb":
        # An agent's server gave the run out a moment ago: it will be back.
        patience_seconds = _INIT_TIMEOUT_SECONDS if agent_rules else PATIENCE_SECONDS
        if not login.use_own_login(patience_seconds=patience_seconds, leaves=leaves):
            return NoopTracker(run_id)
        if SERVICE_VARIABLE in environ:
            release(run_id)
    elif server is None:
        raise TrackingError("tracking=hub needs a hub; none was given. Train with tracking=wandb, offline or disabled")
    else:
        login.use_server(server, output)
        fields["mode"] = "online"
        fields["entity"] = config.entity or server.entity

    tracker = WandbTracker(_settings(fields), swept=_swept_keys(environ) if agent_rules else frozenset())
    code = code_version(Path(environ.get(CODE_VARIABLE) or os.curdir))
    if code is not None:
        tracker.configure({CODE: code})
    return tracker


def start_ahead(environ: Mapping[str, str]) -> None:
    """Begin with what takes long to open, the start of the client's service, while the process does other things.

    Only under an agent, whose runs are tracked and whose server the environment names. Whatever goes wrong here goes
    wrong again, and is told, when the tracker is opened.
    """
    if not environ.get("WANDB_SWEEP_ID"):
        return
    import wandb

    def start() -> None:
        with suppress(wandb.Error, OSError, ValueError):
            wandb.setup()

    threading.Thread(target=start, name="client-service", daemon=True).start()


def _settings(fields: Mapping[str, Any]) -> WandbSettings:
    import wandb

    try:
        return wandb.Settings(**{key: value for key, value in fields.items() if value is not None})
    except (wandb.Error, ValueError) as error:
        raise TrackingError(f"the W&B client refuses the run's settings: {error}") from error


def _swept_keys(environ: Mapping[str, str]) -> frozenset[str]:
    """The top-level config keys that the agent's parameter file sets."""
    import yaml

    path = environ.get("WANDB_SWEEP_PARAM_PATH")
    if not path:
        return frozenset()
    try:
        parameters = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise TrackingError(f"WANDB_SWEEP_PARAM_PATH must name the agent's parameter file; {path}: {error}") from error
    if not isinstance(parameters, dict):
        return frozenset()
    return frozenset(str(key) for key in parameters if key != "wandb_version")
