"""Who may do what: users, their roles and entities, and the keys that prove who asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Role(Enum):
    """What a user may do; each role includes the ones before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether this role grants what `other` grants."""
        return _RANKS[self] >= _RANKS[other]

    def capped(self, cap: Role | None) -> Role:
        """The lesser of the two; without a cap, this one."""
        return self if cap is None or cap.includes(self) else cap


_RANKS = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks.

    Attributes:
        entity: The entity that names without one belong to; the actor belongs to it.
        teams: The other entities that the actor belongs to.
    """

    entity: str
    username: str
    role: Role
    teams: frozenset[str] = frozenset()

    @property
    def entities(self) -> frozenset[str]:
        """The entities that the actor belongs to."""
        return self.teams | {self.entity}

    @property
    def reaches_all(self) -> bool:
        """Whether entities are no bounds: an administrator sees and changes everything."""
        return self.role.includes(Role.ADMIN)

    def reaches(self, entity: str) -> bool:
        """Whether what belongs to `entity` is within the actor's reach."""
        return entity == self.entity or entity in self.teams or self.reaches_all


NOBODY = Actor(entity="", username="nobody", role=Role.READ)
"""Who has shown no key yet: belongs to no entity, since none has an empty name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person or a program with an account.

    Attributes:
        entity: The entity that names without one belong to: the user's own, or a team.
    """

    username: str
    entity: str
    role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """An entity that users share.

    Attributes:
        members: Their names, in order.
    """

    name: str
    created_at: datetime
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key as stored: never the key itself.

    Attributes:
        digest: SHA-256 of the key, in hex.
        name: What its owner calls it.
        role: The most that the key grants; None for all that its user may do.
    """

    digest: str
    username: str
    name: str
    created_at: datetime
    revoked_at: datetime | None = None
    role: Role | None = None

    @property
    def key_id(self) -> str:
        """The digest's first twelve digits: enough to name the key, useless to anybody."""
        return self.digest[:12]


@dataclass(frozen=True, slots=True)
class Credential:
    """A key with the account that it opens."""

    key: ApiKey
    user: User
    teams: frozenset[str]

    @property
    def actor(self) -> Actor:
        """Who asks with this key."""
        user = self.user
        return Actor(user.entity, user.username, user.role.capped(self.key.role), self.teams - {user.entity})
