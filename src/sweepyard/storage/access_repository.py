"""Users, teams, keys and secrets, in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from sweepyard.domain.access import ApiKey, Credential, Team, User
from sweepyard.storage import tables
from sweepyard.storage.statements import insert_new, upsert

_USERS = tables.users.c
_KEYS = tables.api_keys.c
_MEMBERS = tables.team_members.c
_BEYOND_HEX = "g"  # sorts behind every hexadecimal digit

# Built once, since every request asks this: to build it takes three times as long as to run it.
_BY_DIGEST = (_KEYS.digest >= bindparam("first"), _KEYS.digest < bindparam("beyond"))
_KEYS_BY_DIGEST = select(tables.api_keys).where(*_BY_DIGEST).order_by(_KEYS.digest)
_CREDENTIALS = (
    select(
        tables.api_keys,
        _USERS.entity,
        _USERS.role.label("user_role"),
        _USERS.created_at.label("user_created_at"),
        _MEMBERS.team,
    )
    .select_from(
        tables.api_keys.join(tables.users).outerjoin(tables.team_members, _MEMBERS.username == _USERS.username)
    )
    .where(*_BY_DIGEST)
    .order_by(_KEYS.digest)
)


class SqlAccess:
    """The access repository; see `services.ports`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_user(self, user: User) -> None:
        values = {
            "username": user.username,
            "entity": user.entity,
            "role": user.role,
            "created_at": user.created_at,
        }
        insert_new(self._connection, tables.users, values, f"user {user.username}")

    def user(self, username: str) -> User | None:
        statement = select(tables.users).where(tables.users.c.username == username)
        row = self._connection.execute(statement).first()
        return None if row is None else _user(row)

    def users(self) -> list[User]:
        return [_user(row) for row in self._connection.execute(select(tables.users).order_by(tables.users.c.username))]

    def save_user(self, user: User) -> None:
        statement = tables.users.update().where(_USERS.username == user.username)
        self._connection.execute(statement.values(entity=user.entity, role=user.role))

    def remove_user(self, username: str) -> None:
        self._connection.execute(tables.api_keys.delete().where(_KEYS.username == username))
        self._connection.execute(tables.team_members.delete().where(_MEMBERS.username == username))
        self._connection.execute(tables.users.delete().where(_USERS.username == username))

    def add_team(self, team: Team) -> None:
        values = {"name": team.name, "created_at": team.created_at}
        insert_new(self._connection, tables.teams, values, f"team {team.name}")
        for username in team.members:
            self.add_member(team.name, username)

    def teams(self) -> list[Team]:
        members: dict[str, list[str]] = {}
        for row in self._connection.execute(select(tables.team_members).order_by(_MEMBERS.username)):
            members.setdefault(row.team, []).append(row.username)
        rows = self._connection.execute(select(tables.teams).order_by(tables.teams.c.name))
        return [
            Team(name=row.name, created_at=row.created_at, members=tuple(members.get(row.name, ()))) for row in rows
        ]

    def remove_team(self, name: str) -> None:
        self._connection.execute(tables.team_members.delete().where(_MEMBERS.team == name))
        self._connection.execute(tables.teams.delete().where(tables.teams.c.name == name))

    def add_member(self, team: str, username: str) -> None:
        row = {"team": team, "username": username}
        upsert(self._connection, tables.team_members, [row], keys=["team", "username"])

    def remove_member(self, team: str, username: str) -> None:
        statement = tables.team_members.delete()
        self._connection.execute(statement.where(_MEMBERS.team == team, _MEMBERS.username == username))

    def add_key(self, key: ApiKey) -> None:
        values = {
            "digest": key.digest,
            "username": key.username,
            "name": key.name,
            "created_at": key.created_at,
            "revoked_at": key.revoked_at,
            "role": key.role,
        }
        insert_new(self._connection, tables.api_keys, values, f"key {key.key_id}")

    def keys_with_prefix(self, prefix: str) -> list[ApiKey]:
        return [_key(row) for row in self._connection.execute(_KEYS_BY_DIGEST, _range(prefix))]

    def credentials(self, prefix: str) -> list[Credential]:
        found: dict[str, Credential] = {}
        for row in self._connection.execute(_CREDENTIALS, _range(prefix)):
            known = found.get(row.digest)
            teams = (known.teams if known else frozenset()) | ({row.team} if row.team is not None else frozenset())
            user = User(username=row.username, entity=row.entity, role=row.user_role, created_at=row.user_created_at)
            found[row.digest] = Credential(_key(row), user, teams)
        return list(found.values())

    def keys(self) -> list[ApiKey]:
        statement = select(tables.api_keys).order_by(_KEYS.created_at, _KEYS.digest)
        return [_key(row) for row in self._connection.execute(statement)]

    def save_key(self, key: ApiKey) -> None:
        statement = tables.api_keys.update().where(_KEYS.digest == key.digest)
        self._connection.execute(statement.values(name=key.name, revoked_at=key.revoked_at, role=key.role))

    def secret(self, name: str) -> str | None:
        statement = select(tables.secrets.c.value).where(tables.secrets.c.name == name)
        return self._connection.execute(statement).scalar_one_or_none()

    def set_secret(self, name: str, value: str) -> None:
        upsert(self._connection, tables.secrets, [{"name": name, "value": value}], keys=["name"])


def _range(prefix: str) -> dict[str, str]:
    return {"first": prefix, "beyond": prefix + _BEYOND_HEX}


def _user(row: Row[Any]) -> User:
    return User(username=row.username, entity=row.entity, role=row.role, created_at=row.created_at)


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        digest=row.digest,
        username=row.username,
        name=row.name,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        role=row.role,
    )
