"""The tracker over the W&B client: for the hub, for wandb.ai, and for offline runs."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import wandb
from wandb import util
from wandb.apis.public.service_api import ServiceApi
from wandb.sdk.data_types._private import MEDIA_TMP
from wandb.sdk.lib import interrupt
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from sweepyard.domain import metrics
from sweepyard.domain.objective import Goal, Objective
from sweepyard.domain.run_config import RESOLVED
from sweepyard.errors import TrackingError
from sweepyard.jsonvalue import JsonObject, JsonValue, is_finite_number
from sweepyard.tracking.media import to_wandb
from sweepyard.tracking.memory import merge_into
from sweepyard.tracking.order import CallOrder
from sweepyard.tracking.tracker import MetricValue

_STOP_PATIENCE_SECONDS = 2.0
_STOP_QUERY = """
query RunStop($entity: String, $project: String, $run: String!) {
    project(name: $project, entityName: $entity) { run(name: $run) { shouldStop stopped } }
}
"""
_BEST = {
    metrics.VALIDATION_ACCURACY: Objective(metrics.BEST_VALIDATION_ACCURACY, Goal.MAXIMIZE),
    metrics.VALIDATION_LOSS: Objective(metrics.BEST_VALIDATION_LOSS, Goal.MINIMIZE),
}


def own_temporary_folders() -> None:
    """Give a forked process folders of its own where the client's were made when it was imported.

    Otherwise the first of several forks to end would remove what the others are about to upload.
    """
    for shared in (MEDIA_TMP, wandb.Artifact._TMP_DIR):
        own = tempfile.TemporaryDirectory(prefix="sweepyard-wandb-")
        atexit.register(own.cleanup)
        shared.name = own.name


class KnownPackages:
    """The installed packages as the client lists them with each run, read once for all runs of a fork server.

    To read them takes the client a tenth of a second of processor time. What is installed in between ends the server;
    a run that looks for packages elsewhere has them read anew.
    """

    def __init__(self) -> None:
        self._read = util.working_set
        self._homes = _homes_of_packages()
        self._found = tuple(self._read())

    def __call__(self) -> Iterable[util.InstalledDistribution]:
        return self._found if _homes_of_packages() == self._homes else self._read()


def _homes_of_packages() -> list[str]:
    """Where on the search path packages are installed."""
    return [place for place in sys.path if os.path.isfile(place) or any(map(_is_of_package, _names_in(place)))]


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder or os.curdir)
    except OSError:  # Python passes over it as well.
        return []


def _is_of_package(name: str) -> bool:
    return name.endswith((".dist-info", ".egg-info"))


def list_packages_ahead() -> None:
    """Have the client list the installed packages now, and not again with each run that is forked from here."""
    util.working_set = KnownPackages()


class StopRequest:
    """Remembers that the server told the client to stop, then interrupts the main thread as the client would."""

    def __init__(self) -> None:
        self.is_received = False

    def __call__(self) -> None:
        self.is_received = True
        interrupt.interrupt_main()  # type: ignore[no-untyped-call]


class WandbTracker:
    """Hands everything to one run of the W&B client.

    The summary holds the last value of each metric, and under `best/...` the best validation figures so far
    (W&B's own `summary="max"` would replace the last value, which sweeps and sorted lists read, by a mapping).
    """

    def __init__(self, settings: wandb.Settings, *, swept: frozenset[str] = frozenset()) -> None:
        """Start, or resume, a run.

        Args:
            settings: Everything about the run and its server.
            swept: Top-level config keys that belong to the sweep; the run may not change them.

        Raises:
            TrackingError: The server is away, refuses, or does not answer within `settings.init_timeout`.
        """
        self._stop = StopRequest()
        settings.stop_fn = self._stop
        self._swept = swept
        self._config: JsonObject = {}
        try:
            self._run = wandb.init(settings=settings)
        except (wandb.Error, OSError, ValueError) as error:
            # What follows the first line is what one would change in a call of `wandb.init`.
            told = str(error).partition("\n")[0].rstrip(".")
            raise TrackingError(
                f"the tracking server must accept the run; the W&B client says: {told}. "
                "Check that the server is up and the key is right, or train with tracking=offline"
            ) from error
        self._is_online = not self._run.offline
        # Read now: the client does not tell any more once the run is finished.
        self._run_id = self._run.id
        self._url = self._run.url if self._is_online else None
        self._order = CallOrder(self._run.starting_step - 1 if self._run.resumed else -1)
        self._best = self._best_so_far() if self._run.resumed else {}
        self._models = 0
        self._api: ServiceApi | None = None
        self._run.define_metric(f"{metrics.EPOCH}/*", step_metric=metrics.EPOCH_NUMBER)
        self._run.define_metric(f"{metrics.BATCH}/*", step_metric=metrics.BATCH_STEP)

    @property
    def run_id(self) -> str:
        return self._run_id

    @property
    def url(self) -> str | None:
        return self._url

    @property
    def last_logged_step(self) -> int:
        return self._order.last_logged_step

    @property
    def folder(self) -> Path:
        """The client's own folder of this run, below the output's `wandb/`."""
        return Path(self._run.settings.sync_dir)

    def configure(self, config: JsonObject) -> None:
        """Record (merge) the run config.

        A key that the sweep owns keeps the swept value, by which the server tells points apart; what was to
        be recorded under it goes under `resolved`.
        """
        self._order.require_open()
        free = {key: value for key, value in config.items() if key not in self._swept}
        owned = {key: value for key, value in config.items() if key in self._swept}
        merge_into(self._config, {**free, RESOLVED: owned} if owned else free)
        touched = {*free, RESOLVED} if owned else set(free)
        config_of_run: Any = self._run.config  # untyped there
        config_of_run.update({key: self._config[key] for key in touched}, allow_val_change=True)

    def log(self, values: Mapping[str, MetricValue], *, step: int) -> None:
        if not self._order.accepts(step):
            return
        self._run.log({name: to_wandb(value) for name, value in values.items()}, step=step, commit=True)
        self._note_best(values)

    def summarize(self, values: Mapping[str, JsonValue]) -> None:
        self._order.require_open()
        self._run.summary.update(dict(values))

    def log_model(self, path: Path, *, name: str, aliases: tuple[str, ...], metadata: JsonObject) -> None:
        """Record a model file as an artifact version of type `model`.

        Raises:
            TrackingError: There is no such file, or the name is none for an artifact.
        """
        self._order.require_open()
        if not path.is_file():
            raise TrackingError(f"a model artifact needs a file; there is none at {path}")
        # The upload comes later, or, offline, much later: it takes a copy that nobody changes.
        self._models += 1
        folder = self.folder / "models" / str(self._models)
        folder.mkdir(parents=True, exist_ok=True)
        copy = shutil.copy2(path, folder / path.name)
        try:
            artifact = wandb.Artifact(name, type="model", metadata=dict(metadata))
        except ValueError as error:
            raise TrackingError(f"{name!r} is no name for a model artifact: {error}") from error
        artifact.add_file(str(copy), name=path.name, policy="immutable", skip_cache=True)
        self._run.log_artifact(artifact, aliases=list(aliases))

    def should_stop(self) -> bool | None:
        self._order.require_open()
        if self._stop.is_received:
            return True
        if not self._is_online:
            return None
        if self._api is None:
            self._api = ServiceApi(self._run.settings, timeout=_STOP_PATIENCE_SECONDS)
        names = {"entity": self._run.entity, "project": self._run.project, "run": self._run_id}
        try:
            answer: Any = self._api.execute_graphql(_STOP_QUERY, names)
            run = answer["project"]["run"]
            return bool(run["shouldStop"] or run["stopped"])
        except (WandbApiFailedError, wandb.Error, OSError, TypeError, KeyError):
            return None  # away, slow, or it does not know the run: all the same to who asks

    def mark_preempting(self) -> None:
        self._order.require_open()
        self._run.mark_preempting()

    def finish(self, exit_code: int = 0) -> None:
        """End the run and wait until all of it is with the server or, offline, on disk.

        Raises:
            TrackingError: The server did not take everything in time; what is missing is on disk.
        """
        self._order.close()
        try:
            self._run.finish(exit_code=exit_code)
        except TimeoutError as error:
            raise TrackingError(
                "the tracking server did not take the whole run in time; nothing is lost: send it with "
                f"`wandb sync --include-online {self.folder}`"
            ) from error

    def _best_so_far(self) -> dict[str, float]:
        found: dict[str, float] = {}
        summary: Any = self._run.summary  # untyped there
        for objective in _BEST.values():
            value = summary.get(objective.metric)
            if is_finite_number(value):
                found[objective.metric] = float(value)
        return found

    def _note_best(self, values: Mapping[str, MetricValue]) -> None:
        better: dict[str, float] = {}
        for name, objective in _BEST.items():
            value = values.get(name)
            if not (isinstance(value, int | float) and is_finite_number(value)):
                continue
            before = self._best.get(objective.metric)
            if before is None or objective.better(value, before):
                better[objective.metric] = float(value)
        if better:
            self._best.update(better)
            self._run.summary.update(better)
