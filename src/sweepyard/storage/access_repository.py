"""Users, keys and secrets, in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from sweepyard.domain.access import ApiKey, User
from sweepyard.storage import tables
from sweepyard.storage.statements import insert_new, upsert


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

    def add_key(self, key: ApiKey) -> None:
        values = {
            "digest": key.digest,
            "username": key.username,
            "name": key.name,
            "created_at": key.created_at,
            "revoked_at": key.revoked_at,
        }
        insert_new(self._connection, tables.api_keys, values, f"key {key.key_id}")

    def keys_with_prefix(self, prefix: str) -> list[ApiKey]:
        columns = tables.api_keys.c
        statement = select(tables.api_keys).where(columns.digest.startswith(prefix, autoescape=True))
        return [_key(row) for row in self._connection.execute(statement.order_by(columns.digest))]

    def keys(self) -> list[ApiKey]:
        columns = tables.api_keys.c
        statement = select(tables.api_keys).order_by(columns.created_at, columns.digest)
        return [_key(row) for row in self._connection.execute(statement)]

    def save_key(self, key: ApiKey) -> None:
        statement = tables.api_keys.update().where(tables.api_keys.c.digest == key.digest)
        self._connection.execute(statement.values(name=key.name, revoked_at=key.revoked_at))

    def secret(self, name: str) -> str | None:
        statement = select(tables.secrets.c.value).where(tables.secrets.c.name == name)
        return self._connection.execute(statement).scalar_one_or_none()

    def set_secret(self, name: str, value: str) -> None:
        upsert(self._connection, tables.secrets, [{"name": name, "value": value}], keys=["name"])


def _user(row: Row[Any]) -> User:
    return User(username=row.username, entity=row.entity, role=row.role, created_at=row.created_at)


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        digest=row.digest,
        username=row.username,
        name=row.name,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
