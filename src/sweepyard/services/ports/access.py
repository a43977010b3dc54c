"""Users, teams, keys and projects, as the services need them stored."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sweepyard.domain.access import ApiKey, Credential, Team, User
from sweepyard.domain.project import Project


class AccessRepository(Protocol):
    """Users, teams, keys (as digests) and the hub's own secrets."""

    def add_user(self, user: User) -> None:
        """Store a new user.

        Raises:
            Conflict: The name is taken.
        """

    def user(self, username: str) -> User | None: ...

    def users(self) -> list[User]:
        """All users, by name."""

    def save_user(self, user: User) -> None:
        """Overwrite what is stored under the user's name."""

    def remove_user(self, username: str) -> None:
        """Remove the user with all keys and memberships; harmless when there is none."""

    def add_team(self, team: Team) -> None:
        """Store a new team, with its members.

        Raises:
            Conflict: The name is taken by a team.
        """

    def teams(self) -> list[Team]:
        """All teams, by name."""

    def remove_team(self, name: str) -> None:
        """Remove the team; what belongs to the entity stays. Harmless when there is none."""

    def add_member(self, team: str, username: str) -> None:
        """Make the user a member; harmless when it is one."""

    def remove_member(self, team: str, username: str) -> None:
        """End a membership; harmless when there is none."""

    def add_key(self, key: ApiKey) -> None:
        """Store a new key.

        Raises:
            Conflict: The same key is stored already.
        """

    def keys_with_prefix(self, prefix: str) -> list[ApiKey]:
        """The keys, revoked ones too, whose digest begins with `prefix`; by digest."""

    def credentials(self, prefix: str) -> list[Credential]:
        """The keys that `keys_with_prefix` gives, with the accounts that they open."""

    def keys(self) -> list[ApiKey]:
        """All keys, oldest first."""

    def save_key(self, key: ApiKey) -> None:
        """Overwrite what is stored under the key's digest."""

    def secret(self, name: str) -> str | None: ...

    def set_secret(self, name: str, value: str) -> None: ...


class ProjectRepository(Protocol):
    """Projects."""

    def ensure(self, entity: str, name: str, now: datetime) -> Project:
        """The project, made if there is none."""

    def get(self, entity: str, name: str) -> Project | None: ...

    def by_number(self, number: int) -> Project | None: ...

    def save(self, project: Project) -> None:
        """Overwrite what is stored under the project's number."""

    def of_entity(self, entity: str) -> list[Project]:
        """The entity's projects, by name."""

    def entities(self) -> list[str]:
        """The entities that have a project, by name."""
