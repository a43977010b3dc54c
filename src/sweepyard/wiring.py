"""The composition root: from settings to the engine, the services, the hub's app, and a run's tracker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sweepyard.errors import (
    CheckpointError,
    HubError,
    InvalidInput,
    SweepFileInvalid,
    SweepyardError,
    Unauthenticated,
    Violation,
)
from sweepyard.settings import DEFAULT_ENTITY, DEFAULT_PROJECT, Settings

if TYPE_CHECKING:
    from sweepyard.agents.progress import SweepProgress
    from sweepyard.agents.stock import RegisteredSweep
    from sweepyard.agents.sweeping import AgentPlan, SweepOutcome, SweepPlan
    from sweepyard.config.schema import TrackingMode
    from sweepyard.hub.listening import Listening
    from sweepyard.hub.places import HubAddress, HubMode
    from sweepyard.jsonvalue import JsonObject
    from sweepyard.services.access import AccessService
    from sweepyard.services.bundle import Services
    from sweepyard.services.check import CheckReport
    from sweepyard.services.cleaning import CleaningReport
    from sweepyard.services.ports import BlobStore, Database
    from sweepyard.services.transfer import ExportScope
    from sweepyard.storage.backup import BackupReport
    from sweepyard.storage.export_folder import ExportFormat
    from sweepyard.storage.restore import RestoreReport
    from sweepyard.sweeps.export import Exported
    from sweepyard.tracking.push_opening import PushRequest
    from sweepyard.tracking.push_report import PushReport
    from sweepyard.tracking.server import Server
    from sweepyard.training.result import FitResult
    from sweepyard.training.stopping import StopSignal
    from sweepyard.web.hosts import Addresses

Say = Callable[[str], None]
# (what goes on, steps done, steps in all)
ArchiveProgress = Callable[[str, int, int], None]
SweepTarget = Literal["hub", "wandb"]

OWNER = DEFAULT_ENTITY
_KEY_NAME = "made on first start"
_IDENTITY = "hub-identity"


def require_hub_extra() -> None:
    """See to it that the hub's own packages are there.

    Raises:
        HubError: The extra `hub` is not installed.
    """
    try:
        from sweepyard.storage import unit_of_work  # noqa: F401 - only whether it can be imported
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sweepyard"):
            raise
        raise HubError(
            f"the hub needs the package {error.name}: install Sweepyard with the extra `hub`, or set "
            "WANDB_BASE_URL and WANDB_API_KEY to a hub that runs elsewhere and use tracking=wandb"
        ) from error


@contextmanager
def build_services(settings: Settings) -> Iterator[Services]:
    """The services over this home's database and blobs, migrated to the present schema.

    Raises:
        HubError: The extra `hub` is not installed.
    """
    require_hub_extra()
    from sweepyard.clock import SystemClock
    from sweepyard.ids import RandomIds
    from sweepyard.services import bundle
    from sweepyard.storage.unit_of_work import open_database

    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings.home, settings.database)
    try:
        yield bundle.build(database, open_blobs(settings, database), SystemClock(), RandomIds(), settings)
    finally:
        database.close()


def open_blobs(settings: Settings, owner: Database | None = None) -> BlobStore:
    """Where this home's hub keeps its blobs.

    Args:
        owner: The hub's database, for who adds or removes: a place elsewhere is claimed for it.

    Raises:
        HubError: `SWEEPYARD_BLOBS` names no place that can be used, or one of another hub.
    """
    from sweepyard.storage.blobs import BlobFolder
    from sweepyard.storage.remote_blobs import open_store

    if not settings.blobs:
        return BlobFolder(settings.home / "blobs")
    store = open_store(settings.blobs, settings.home)
    if owner is not None:
        store.claim(_identity_of(owner))
    return store


def _identity_of(database: Database) -> str:
    """What tells a hub from others, wherever its rows are copied."""
    from sweepyard.ids import RandomIds

    with database.reading() as unit:
        identity = unit.access.secret(_IDENTITY)
    if identity is None:
        with database.writing() as unit:
            identity = unit.access.secret(_IDENTITY) or RandomIds().token()
            unit.access.set_secret(_IDENTITY, identity)
    return identity


def backup_hub(settings: Settings, target: Path, *, keep: int | None, progress: ArchiveProgress) -> BackupReport:
    """Add a snapshot of this home's hub to the backups in `target`, whether it serves or not.

    Raises:
        ArchiveError: It could not be made; no snapshot is left.
    """
    from sweepyard.clock import SystemClock
    from sweepyard.storage import backup
    from sweepyard.storage.table_copy import SharedDatabase
    from sweepyard.storage.unit_of_work import DATABASE_FILE

    source: backup.RowSource = backup.SqliteSource(settings.home / DATABASE_FILE)
    if settings.database:
        source = SharedDatabase(settings.database)
    with _archive_lock(settings, shared=True):
        return backup.make_backup(
            source, open_blobs(settings), target, clock=SystemClock(), keep=keep, progress=progress
        )


def restore_hub(
    settings: Settings, target: Path, *, name: str | None, force: bool, progress: ArchiveProgress
) -> RestoreReport:
    """Make this home what a snapshot says.

    Raises:
        ArchiveError: The backup is unsound or newer, or the home is not empty; nothing has changed.
        HubAlreadyRunning: A hub serves the home.
    """
    from functools import partial

    from sweepyard.clock import SystemClock
    from sweepyard.hub import embedded
    from sweepyard.storage.restore import restore
    from sweepyard.storage.table_copy import SharedDatabase

    with _archive_lock(settings, shared=False, new_home=True):
        return restore(
            target,
            settings.home,
            closed=partial(embedded.kept_closed, settings),
            clock=SystemClock(),
            name=name,
            force=force,
            store=open_blobs(settings) if settings.blobs else None,
            database=SharedDatabase(settings.database) if settings.database else None,
            progress=progress,
        )


def clean_hub(
    settings: Settings, *, grace: timedelta, dry_run: bool, progress: Callable[[int], None]
) -> CleaningReport:
    """Remove blobs that nothing refers to, whether the hub serves or not.

    Raises:
        ArchiveError: There is no database of this version, or a backup is being made.
        RequestInvalid: `grace` is too short.
    """
    from sweepyard.clock import SystemClock
    from sweepyard.services.cleaning import Cleaner
    from sweepyard.storage.opening import open_existing

    with _archive_lock(settings, shared=False):
        database = open_existing(settings.home, settings.database)
        try:
            cleaner = Cleaner(database, open_blobs(settings, database), SystemClock())
            return cleaner.clean(grace=grace, dry_run=dry_run, progress=progress)
        finally:
            database.close()


def export_hub(
    settings: Settings, target: Path, *, scope: ExportScope, name: ExportFormat, progress: ArchiveProgress
) -> JsonObject:
    """Write this hub's runs, history, sweeps, leases and events as tables, all of one moment; gives what was written.

    Raises:
        ArchiveError: There is no database of this version, something is at `target`, or it cannot be written.
        NotFound: There is no such project or sweep.
    """
    from dataclasses import asdict

    from sweepyard.clock import SystemClock
    from sweepyard.services.transfer import Exporter
    from sweepyard.storage.backup import saying_what_is_full
    from sweepyard.storage.export_folder import ExportFolder, format_named, new_folder
    from sweepyard.storage.opening import open_existing

    file_format = format_named(name)
    with _archive_lock(settings, shared=True), saying_what_is_full(target):
        database = open_existing(settings.home, settings.database)
        try:
            with new_folder(target) as folder:
                sink = ExportFolder(folder, file_format)
                now = SystemClock().now()
                report = Exporter(database).export(scope, sink, progress=progress)
                summary = sink.summary(report, asdict(scope), now)
                sink.complete(summary)
        finally:
            database.close()
    return summary


@contextmanager
def _archive_lock(settings: Settings, *, shared: bool, new_home: bool = False) -> Iterator[None]:
    """Keep who reads all of a home apart from who removes or replaces parts of it."""
    from sweepyard.errors import ArchiveError
    from sweepyard.files import FileLock
    from sweepyard.hub.places import HubPlaces

    if not new_home and not settings.home.is_dir():
        raise ArchiveError(f"there is no hub's home at {settings.home}")
    lock = FileLock(HubPlaces(settings.home).archive_lock)
    if not lock.acquire(shared=shared, blocking=False):
        raise ArchiveError(
            f"backup, export, gc and restore do not run side by side; another one is at work in {settings.home}"
        )
    try:
        yield
    finally:
        lock.release()


def serve_hub(
    settings: Settings, *, listening: Listening, mode: HubMode, on_ready: Callable[[HubAddress], None]
) -> None:
    """Be this home's hub until told to stop or, embedded, until nobody uses it.

    Raises:
        InvalidInput: Others could reach the hub unprotected, or a certificate cannot be used.
        HubAlreadyRunning: This home has a hub.
        PortTaken: The address is in use.
        HubError: The hub cannot start.
    """
    from contextlib import ExitStack

    from sweepyard.hub import serving

    with ExitStack() as stack:

        def build_app(addresses: Addresses) -> object:
            # Only here: the database is opened by whoever holds the home's lock.
            services = stack.enter_context(build_services(settings))
            ensure_owner(services.access, settings)
            from sweepyard.hub.app import create_app

            return create_app(services, settings=settings, addresses=addresses)

        serving.serve(build_app, settings, listening=listening, mode=mode, on_ready=on_ready)


def ensure_owner(access: AccessService, settings: Settings) -> None:
    """See to it that this home has an owner whose key stands in the client file and is a right one."""
    from sweepyard.domain.access import Role
    from sweepyard.hub.credentials import ClientKey, read_key, write_key
    from sweepyard.hub.places import HubPlaces

    places = HubPlaces(settings.home)
    user = access.ensure_user(OWNER, entity=DEFAULT_ENTITY, role=Role.ADMIN)
    stored = read_key(places)
    if stored is not None:
        try:
            access.authenticate(stored.api_key)
        except Unauthenticated:
            stored = None  # the file is of another database, or the key was revoked
    if stored is None:
        write_key(places, ClientKey(access.create_key(OWNER, name=_KEY_NAME), user.entity))


@contextmanager
def administration(settings: Settings) -> Iterator[AccessService]:
    """The users, teams and keys of this home, whether or not its hub runs: a running one heeds changes at once.

    Raises:
        HubError: The extra `hub` is not installed, or the database cannot be used.
    """
    with build_services(settings) as services:
        ensure_owner(services.access, settings)
        try:
            yield services.access
        finally:
            ensure_owner(services.access, settings)  # its own key may have been revoked


@contextmanager
def join_hub(settings: Settings) -> Iterator[Server]:
    """This home's hub, for as long as the block runs, with the key that opens it.

    Raises:
        HubError: No hub could be joined or started.
    """
    from sweepyard.hub import embedded

    with embedded.join(settings) as address:
        yield server_at(address, settings)


def server_at(address: HubAddress, settings: Settings) -> Server:
    """A hub of this home as clients see it.

    Raises:
        HubError: The home holds no key.
    """
    from sweepyard.hub.credentials import read_key
    from sweepyard.hub.places import HubPlaces
    from sweepyard.tracking.server import Server

    places = HubPlaces(settings.home)
    key = read_key(places)
    if key is None:
        raise HubError(f"{places.client_file} is gone; stop the hub at {address.url}: the next one makes a new key")
    return Server(url=address.url, api_key=key.api_key, entity=key.entity)


@contextmanager
def open_server(mode: TrackingMode, settings: Settings, environ: Mapping[str, str]) -> Iterator[Server | None]:
    """The hub, where a run in this tracking mode needs one; otherwise None.

    Under an agent the agent's server wins: no hub is looked for.

    Raises:
        HubError: No hub could be joined or started.
    """
    if mode != "hub" or environ.get("WANDB_SWEEP_ID"):
        yield None
        return
    with join_hub(settings) as server:
        yield server


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRequest:
    """What `sweepyard train` was asked for.

    Attributes:
        overrides: Hydra overrides.
        config_folder: The user's own `conf/`.
        resume: The folder of an earlier run to go on with.
    """

    overrides: tuple[str, ...]
    config_folder: Path | None = None
    config_name: str = "train"
    resume: Path | None = None


def run_training(
    request: TrainingRequest,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    stop: StopSignal,
    say: Say = print,
) -> FitResult:
    """Compose, load the data, open the tracker, fit: one run from beginning to end.

    Args:
        stop: Makes the fit leave early, with a checkpoint.

    Raises:
        SweepyardError: What its parts raise; nothing is written before config and data are known to be right,
            and a run that was opened is finished as failed.
    """
    from sweepyard.clock import SystemClock
    from sweepyard.config.compose import compose
    from sweepyard.datasets.loading import load
    from sweepyard.ids import RandomIds
    from sweepyard.tracking.opening import open_tracker
    from sweepyard.training import backend, console
    from sweepyard.training.checkpoints import CHECKPOINTS_FOLDER
    from sweepyard.training.stopping import STOPPED_EXIT_CODE

    composition = compose(request.overrides, config_folder=request.config_folder, config_name=request.config_name)
    config = composition.config
    backend.check_installed()
    dataset = load(config.data, settings)

    by_agent = bool(environ.get("WANDB_SWEEP_ID"))
    project = (environ.get("WANDB_PROJECT") if by_agent else None) or config.tracking.project
    run_id = environ.get("WANDB_RUN_ID") or RandomIds().short()
    folder = request.resume or Path(config.output).expanduser().absolute() / project / run_id
    # A run that an agent starts anew, after a crash or a preemption, goes on where it was.
    going_on = (by_agent or config.trainer.resume) and (folder / CHECKPOINTS_FOLDER).is_dir()
    if request.resume is not None:
        if not (folder / CHECKPOINTS_FOLDER).is_dir():
            raise CheckpointError(f"a run to go on with must have a checkpoint; there is none in {folder}")
        run_id, going_on = folder.name, True
    config = replace(config, trainer=replace(config.trainer, resume=going_on))
    with (
        _new_folder(folder) as keep_folder,
        console.kept_in(folder / "train.log"),
        open_server(config.tracking.mode, settings, environ) as server,
    ):
        composition.write(folder)
        tracker = open_tracker(
            config.tracking,
            server=server,
            output=folder,
            run_id=run_id,
            name=config.name,
            notes=config.notes,
            resume=going_on,
            environ=environ,
        )
        keep_folder()
        say(f"run {tracker.run_id} in {folder}" + (f", at {tracker.url}" if tracker.url else ""))
        resolved = {**composition.resolved, "output": str(folder.parent.parent)}
        try:
            from sweepyard.training.loop import fit

            result = fit(config, dataset, tracker, folder, resolved=resolved, stop=stop, clock=SystemClock())
        except BaseException as error:
            tracker.finish(STOPPED_EXIT_CODE if isinstance(error, KeyboardInterrupt) else 1)
            raise
        tracker.finish(result.exit_code)
        _report(result, folder, tracker.url, say)
        if not by_agent:
            _say_how_the_page_is_seen_later(tracker.url, settings, say)
    return result


@contextmanager
def _new_folder(folder: Path) -> Iterator[Callable[[], None]]:
    """A run's folder, removed if it is new and an error comes before the block has called what it is given."""
    import shutil

    is_new, is_kept = not folder.exists(), False

    def keep() -> None:
        nonlocal is_kept
        is_kept = True

    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield keep
    except SweepyardError:
        if is_new and not is_kept:
            shutil.rmtree(folder)
        raise


def _report(result: FitResult, folder: Path, url: str | None, say: Say) -> None:
    if result.stopped_because:
        say(f"ended early: {result.stopped_because}; go on with: sweepyard train --resume {folder}")
    best = ", ".join(f"{name} {value:g}" for name, value in result.best.items())
    say(f"{result.epochs} epochs in {result.timing.fit_seconds:.1f} s; {best or 'no epoch was completed'}")
    say(f"model: {result.model_path}" + (f"\nrun:   {url}" if url else ""))


def _say_how_the_page_is_seen_later(url: str | None, settings: Settings, say: Say) -> None:
    from sweepyard.hub import embedded

    hint = embedded.page_hint(url, settings)
    if hint:
        say(f"       ({hint})")


def check_sweep_file(file: Path, *, target: SweepTarget, config_folder: Path | None = None) -> CheckReport:
    """Everything that is wrong with a sweep file, and what it is warned about; nothing is started.

    Raises:
        SweepFileInvalid: The file cannot be read.
    """
    from functools import partial

    from sweepyard.config import compose
    from sweepyard.services.check import check_sweep

    return check_sweep(
        _read_sweep_file(file),
        source=str(file),
        compose=partial(compose.compose, config_folder=config_folder),
        overrides_of=partial(compose.overrides_of, config_folder=config_folder),
        target=target,
    )


def _read_sweep_file(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SweepFileInvalid(
            [Violation("a sweep file must be a readable text file", reason, where=str(file))]
        ) from error


def plan_sweep(
    file: Path, work: AgentPlan, *, target: SweepTarget, config_folder: Path | None = None
) -> tuple[SweepPlan, tuple[Violation, ...]]:
    """Check a sweep file and say what is to be run; gives the check's warnings too.

    Raises:
        SweepFileInvalid: The file breaks rules; all of them are named.
    """
    from sweepyard.agents.sweeping import SweepPlan
    from sweepyard.sweeps.config import parse
    from sweepyard.sweeps.engine import expected_runs

    report = check_sweep_file(file, target=target, config_folder=config_folder)
    if report.violations:
        raise SweepFileInvalid(report.violations)
    config = parse(file.read_text(encoding="utf-8"), source=str(file))
    project = config.project or DEFAULT_PROJECT
    plan = SweepPlan(file=file.absolute(), project=project, expected=expected_runs(config), work=work)
    return plan, tuple(report.warnings)


def export_sweep_file(file: Path) -> tuple[Exported, str]:
    """A sweep file as wandb.ai takes it, and its YAML.

    Raises:
        SweepFileInvalid: The file cannot be read, or breaks rules.
    """
    import yaml

    from sweepyard.sweeps.config import parse
    from sweepyard.sweeps.export import for_wandb

    exported = for_wandb(parse(_read_sweep_file(file), source=str(file)))
    return exported, yaml.safe_dump(
        exported.document, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110
    )


def write_text(file: Path, text: str) -> None:
    """Write a file of the user's, whole or not at all.

    Raises:
        InvalidInput: It cannot be written.
    """
    from sweepyard.files import write_atomically

    try:
        write_atomically(file, text.encode())
    except OSError as error:
        violation = Violation("a file must be writable", error.strerror or str(error), where=str(file))
        raise InvalidInput([violation]) from error


def edit_sweep(
    name: str, file: Path, settings: Settings, environ: Mapping[str, str], *, config_folder: Path | None = None
) -> tuple[Violation, ...]:
    """Give a sweep of this home's hub a new file; gives what the check warns of.

    Raises:
        SweepFileInvalid: The file breaks rules; all of them are named.
        HubError, TrackingError: The hub is away, there is no such sweep, or its runs do not suit the file.
    """
    from sweepyard.agents import sweeping

    report = check_sweep_file(file, target="hub", config_folder=config_folder)
    if report.violations:
        raise SweepFileInvalid(report.violations)
    with _server_of("hub", settings) as server:
        sweeping.edit(name, file, server=server, environ=environ)
    return report.warnings


def register_sweep(
    plan: SweepPlan, settings: Settings, environ: Mapping[str, str], *, target: SweepTarget
) -> RegisteredSweep:
    """Register the sweep, and start nothing.

    Raises:
        HubError, TrackingError: The server is away or refuses.
    """
    from sweepyard.agents import sweeping

    with _server_of(target, settings) as server:
        return sweeping.start(plan, server=server, environ=environ)[0]


def run_sweep(
    plan: SweepPlan,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    target: SweepTarget,
    on_registered: Callable[[RegisteredSweep], None],
    on_progress: Callable[[SweepProgress], None],
) -> SweepOutcome:
    """Run the sweep to its end with stock agents.

    Raises:
        HubError, TrackingError: The server is away or refuses.
    """
    from sweepyard.agents import sweeping
    from sweepyard.clock import SystemClock

    with _server_of(target, settings) as server:
        return sweeping.run(
            plan,
            server=server,
            environ=environ,
            clock=SystemClock(),
            on_registered=on_registered,
            on_progress=on_progress,
        )


def resume_sweep(
    name: str,
    plan: AgentPlan,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    target: SweepTarget,
    on_registered: Callable[[RegisteredSweep], None],
    on_progress: Callable[[SweepProgress], None],
) -> SweepOutcome:
    """Go on with a registered sweep to its end, with stock agents.

    Raises:
        HubError, TrackingError: The server is away or refuses, or the sweep hands out nothing.
    """
    from sweepyard.agents import sweeping
    from sweepyard.clock import SystemClock

    with _server_of(target, settings) as server:
        return sweeping.resume(
            name,
            plan,
            server=server,
            environ=environ,
            clock=SystemClock(),
            on_registered=on_registered,
            on_progress=on_progress,
        )


def push_runs(request: PushRequest, settings: Settings, environ: Mapping[str, str], *, say: Say) -> PushReport:
    """Send runs and sweeps to another server, or, for a dry run, say what that would do.

    Raises:
        InvalidInput: The destination is no server's address, or is where the runs are.
        HubError, TrackingError: A server is away or refuses, or has no such run.
    """
    import os
    import sys

    from sweepyard.tracking.push_opening import open_push

    # A push that is killed takes the client's process with it.
    leash = (sys.executable, "-P", "-m", "sweepyard.agents.leash", str(os.getpid()))
    with (
        _server_of(request.source, settings) as server,
        open_push(request, server, settings.home, environ, say=say, leash=leash) as (push, wanted),
    ):
        return push.plan(wanted) if request.dry_run else push.push(wanted)


@contextmanager
def _server_of(target: SweepTarget, settings: Settings) -> Iterator[Server | None]:
    if target == "wandb":
        yield None
        return
    with join_hub(settings) as server:
        yield server
