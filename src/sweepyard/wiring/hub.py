"""The hub of a home: its services over its database and blobs, its owner, and serving it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from sweepyard.errors import HubError, Unauthenticated
from sweepyard.settings import DEFAULT_ENTITY, Settings

if TYPE_CHECKING:
    from sweepyard.hub.places import HubAddress, HubMode
    from sweepyard.services.access import AccessService
    from sweepyard.services.bundle import Services
    from sweepyard.services.ports import Database
    from sweepyard.services.ports.blobs import BlobStore
    from sweepyard.web.hosts import Addresses
    from sweepyard.web.listening import Listening

_OWNER = DEFAULT_ENTITY
_KEY_NAME = "made on first start"
_IDENTITY = "hub-identity"  # tells a hub from others, wherever its rows are copied


def require_hub_extra() -> None:
    """See to it that the hub's own packages are there.

    Raises:
        HubError: The extra `hub` is not installed.
    """
    require_storage(
        "the hub", ", or set WANDB_BASE_URL and WANDB_API_KEY to a hub that runs elsewhere and use tracking=wandb"
    )


def require_storage(what: str, otherwise: str = "") -> None:
    """See to it that the packages that databases need are there.

    Args:
        what: Who needs them.
        otherwise: What one can do but install them, as the end of a sentence.

    Raises:
        HubError: The extra `hub` is not installed.
    """
    try:
        from sweepyard.storage import unit_of_work  # noqa: F401 - only whether it can be imported
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sweepyard"):
            raise
        raise HubError(
            f"{what} needs the package {error.name}: install Sweepyard with the extra `hub`{otherwise}"
        ) from error


@contextmanager
def build_services(settings: Settings, *, serving: bool = False) -> Iterator[Services]:
    """The services over this home's database and blobs, migrated to the present schema.

    Args:
        serving: Whether this process is the hub, which looks after what is stored.

    Raises:
        HubError: The extra `hub` is not installed.
    """
    require_hub_extra()
    from sweepyard.clock import SystemClock
    from sweepyard.hub.places import HubPlaces
    from sweepyard.ids import RandomIds
    from sweepyard.services import bundle
    from sweepyard.storage.unit_of_work import open_database

    HubPlaces(settings.home).make_home()
    database = open_database(settings.home, settings.database)
    if serving:
        database.keep_sealed()
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
    from sweepyard.ids import RandomIds
    from sweepyard.services.access import ensure_secret
    from sweepyard.storage.blobs import BlobFolder
    from sweepyard.storage.remote_blobs import open_store

    if not settings.blobs:
        return BlobFolder(settings.home / "blobs")
    store = open_store(settings.blobs, settings.home)
    if owner is not None:
        store.claim(ensure_secret(owner, _IDENTITY, RandomIds()))
    return store


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
    from sweepyard.hub import serving

    with ExitStack() as stack:
        opened: list[Services] = []

        def build_app(addresses: Addresses) -> object:
            # Only here: the database is opened by whoever holds the home's lock.
            services = stack.enter_context(build_services(settings, serving=True))
            ensure_owner(services.access, settings)
            opened.append(services)
            from sweepyard.hub.app import create_app

            return create_app(services, settings=settings, addresses=addresses)

        def give_up_what_lives_no_more() -> None:
            # A process that has a run here is a user of the hub, so none has one: unless other hubs share the rows.
            if settings.database is None:
                for services in opened:
                    services.agents.abandon()

        serving.serve(
            build_app,
            settings,
            listening=listening,
            mode=mode,
            on_ready=on_ready,
            on_deserted=give_up_what_lives_no_more,
        )


def ensure_owner(access: AccessService, settings: Settings) -> None:
    """See to it that this home has an owner whose key stands in the client file and is a right one."""
    from sweepyard.domain.access import Role
    from sweepyard.hub.credentials import ClientKey, read_key, write_key
    from sweepyard.hub.places import HubPlaces

    places = HubPlaces(settings.home)
    user = access.ensure_user(_OWNER, entity=DEFAULT_ENTITY, role=Role.ADMIN)
    stored = read_key(places)
    if stored is not None:
        try:
            access.authenticate(stored.api_key)
        except Unauthenticated:
            stored = None  # the file is of another database, or the key was revoked
    if stored is None:
        write_key(places, ClientKey(access.create_key(_OWNER, name=_KEY_NAME), user.entity))


@contextmanager
def administration(settings: Settings) -> Iterator[AccessService]:
    """The users, teams and keys of this home, whether or not its hub runs: a running one heeds changes at once.

    Raises:
        HubError: The extra `hub` is not installed.
        StorageError: The database cannot be used.
    """
    with build_services(settings) as services:
        ensure_owner(services.access, settings)
        try:
            yield services.access
        finally:
            ensure_owner(services.access, settings)  # its own key may have been revoked
