"""The server, its users and entities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from graphql import GraphQLResolveInfo

from sweepyard import __version__
from sweepyard.domain.access import ApiKey, Role, Team, User
from sweepyard.hub.wandb_api.codec import node_id
from sweepyard.hub.wandb_api.connections import Connection, connect_all
from sweepyard.hub.wandb_api.context import Context, Resolvers, context_of
from sweepyard.jsonvalue import JsonObject

# Switches of the client 0.31; each names a way of the wire that this hub serves.
FEATURES: tuple[str, ...] = (
    "LARGE_FILENAMES",
    "ARTIFACT_TAGS",
    "CLIENT_IDS",
    "STRUCTURED_CONSOLE_LOGS",
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILES",
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILE_DOWNLOAD_HANDLER",
    "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION",
    "PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP",
    "TOTAL_COUNT_IN_FILE_CONNECTION",
    "ARTIFACT_COLLECTIONS_FILTERING_SORTING",
    "MARK_RUN_FILES_UPLOADED",
    "FILESTREAM_GZIP",
    "ARTIFACT_DIGEST_ALGORITHM",
    "SWEEPS_LOCAL_SCHEDULER",
)
CLIENT_VERSIONS: JsonObject = {"min_cli_version": "0.31.0", "max_cli_version": "0.31.99"}


@dataclass(frozen=True, slots=True)
class ServerFeatureNode:
    """A switch."""

    name: str
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class LocalVersionNode:
    """What this server is, among its versions."""

    out_of_date: bool = False
    latest_version_string: str = __version__
    version_on_this_instance_string: str = __version__


class ServerInfoNode:
    """What this server is and can."""

    cli_version_info: ClassVar[JsonObject] = CLIENT_VERSIONS
    latest_local_version_info: ClassVar[LocalVersionNode] = LocalVersionNode()

    @property
    def features(self) -> list[ServerFeatureNode]:
        return [ServerFeatureNode(name) for name in FEATURES]


@dataclass(frozen=True, slots=True)
class ApiKeyNode:
    """A key, without its text."""

    key: ApiKey

    @property
    def id(self) -> str:
        return node_id("ApiKey", self.key.key_id)

    @property
    def name(self) -> str:
        return f"{self.key.key_id}..."

    @property
    def description(self) -> str:
        return self.key.name


class UserNode:
    """A user."""

    typename: ClassVar[str] = "User"
    email: ClassVar[str] = ""
    flags: ClassVar[str] = "{}"
    photo_url: ClassVar[None] = None
    deleted_at: ClassVar[None] = None

    def __init__(self, context: Context, user: User) -> None:
        self._context = context
        self._user = user
        self.id = node_id("User", user.username)
        self.name = user.username
        self.username = user.username
        self.entity = user.entity
        self.admin = user.role.includes(Role.ADMIN)
        self.organizations: list[OrganizationNode] = []

    @property
    def api_keys(self) -> Connection[ApiKeyNode]:
        own = self._user.username == self._context.actor.username
        keys = [
            key
            for key in self._context.services.access.keys()  # noqa: SIM118 - no mapping
            if own and key.username == self._user.username and key.revoked_at is None
        ]
        return connect_all(ApiKeyNode(key) for key in keys)

    def teams(self, info: GraphQLResolveInfo, first: int | None = None) -> Connection[EntityNode]:
        actor = self._context.actor
        names = self._context.services.access.entities_of(self._user.username)
        return connect_all([EntityNode(self._context, name) for name in names if actor.reaches(name)][:first])


class OrganizationNode:
    """An organization; the hub has none, so none is ever made."""

    def __init__(self, context: Context, name: str) -> None:
        self.id = node_id("Organization", name)
        self.name = name
        self.org_entity = EntityNode(context, name)
        self.core_weave_organization_id: str | None = None

    def feature_flags(self, info: GraphQLResolveInfo, ramp_id_type: str | None = None) -> list[ServerFeatureNode]:
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberNode:
    """A user as a member of an entity."""

    id: str
    username: str
    role: str
    admin: bool
    name: str
    email: str = ""
    account_type: str = "MEMBER"
    pending: bool = False
    photo_url: str | None = None
    api_key: str | None = None


class EntityNode:
    """A name space for projects."""

    available: ClassVar[bool] = False
    photo_url: ClassVar[None] = None
    read_only: ClassVar[bool] = False
    read_only_admin: ClassVar[bool] = False
    private_only: ClassVar[bool] = False
    default_access: ClassVar[str] = "PRIVATE"
    code_saving_enabled: ClassVar[bool] = True
    is_paid: ClassVar[bool] = False
    organization: ClassVar[None] = None
    xxhash_digests_enabled: ClassVar[bool] = False
    artifact_ttl_duration_seconds: ClassVar[None] = None

    def __init__(self, context: Context, name: str) -> None:
        self._context = context
        self.id = node_id("Entity", name)
        self.name = name
        self.limits: JsonObject = {}

    @property
    def storage_bytes(self) -> int:
        return self._context.services.files.stored_bytes(self.name)

    @cached_property
    def _team(self) -> Team | None:
        return next((team for team in self._context.services.access.teams() if team.name == self.name), None)

    @property
    def is_team(self) -> bool:
        return self._team is not None

    @property
    def entity_type(self) -> str:
        return "team" if self.is_team else "user"

    @property
    def members(self) -> list[MemberNode]:
        return [
            MemberNode(
                id=node_id("User", user.username),
                name=user.username,
                username=user.username,
                role=user.role.value,
                admin=user.role.includes(Role.ADMIN),
            )
            for user in self._context.services.access.users()
            if user.entity == self.name or (self._team is not None and user.username in self._team.members)
        ]

    @property
    def user(self) -> UserNode | None:
        return user_node(self._context, self.name)


def user_node(context: Context, username: str) -> UserNode | None:
    """The user of that name, or None; also where the actor shares no entity with them."""
    user = context.services.access.user(username) if username else None
    return UserNode(context, user) if user and _knows(context, user) else None


def _knows(context: Context, user: User) -> bool:
    actor = context.actor
    return user.username == actor.username or any(
        actor.reaches(name) for name in context.services.access.entities_of(user.username)
    )


def viewer(_root: object, info: GraphQLResolveInfo) -> UserNode | None:
    """Who asks."""
    context = context_of(info)
    return user_node(context, context.actor.username)


def server_info(_root: object, info: GraphQLResolveInfo) -> ServerInfoNode:
    """What this server is."""
    return ServerInfoNode()


def entity(_root: object, info: GraphQLResolveInfo, name: str) -> EntityNode | None:
    """The entity of that name, if a user or a project has it."""
    context = context_of(info)
    known = {*context.actor.entities, *context.services.projects.entities()}
    known |= {user.entity for user in context.services.access.users()}
    known |= {team.name for team in context.services.access.teams()}
    return EntityNode(context, name) if name in known and context.actor.reaches(name) else None


def organization(_root: object, info: GraphQLResolveInfo, name: str) -> None:
    """Always None: the hub knows no organizations."""


def users(_root: object, info: GraphQLResolveInfo, query: str | None = None) -> Connection[UserNode]:
    """Users whose name holds the query."""
    context = context_of(info)
    every = context.services.access.users()
    found = [user for user in every if (query or "") in user.username and _knows(context, user)]
    return connect_all(UserNode(context, user) for user in found)


QUERIES: Resolvers = {
    "viewer": viewer,
    "server_info": server_info,
    "entity": entity,
    "organization": organization,
    "users": users,
}
