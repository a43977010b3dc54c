"""Who may do what: users, their roles, and the keys that prove who asks."""

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
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks.

    Attributes:
        entity: The entity that names without one belong to.
    """

    entity: str
    username: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person or a program with an account."""

    username: str
    entity: str
    role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key as stored: never the key itself.

    Attributes:
        digest: SHA-256 of the key, in hex.
        name: What its owner calls it.
    """

    digest: str
    username: str
    name: str
    created_at: datetime
    revoked_at: datetime | None = None

    @property
    def key_id(self) -> str:
        """The digest's first twelve digits: enough to name the key, useless to anybody."""
        return self.digest[:12]
