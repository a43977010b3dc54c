"""Users, keys and secrets in SQL."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from sweepyard.domain.access import ApiKey, User
from sweepyard.errors import Conflict
from sweepyard.storage.rows import exists, put, values_of
from sweepyard.storage.tables import keys, secrets, users


class SqlAccess:
    """The `AccessRepository` of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_user(self, user: User) -> None:
        if exists(self._connection, users, users.c.username == user.username):
            raise Conflict(f"a user named {user.username} exists already")
        self._connection.execute(insert(users).values(values_of(user)))

    def user(self, username: str) -> User | None:
        row = self._connection.execute(select(users).where(users.c.username == username)).mappings().first()
        return None if row is None else User(**row)

    def users(self) -> list[User]:
        rows = self._connection.execute(select(users).order_by(users.c.username)).mappings()
        return [User(**row) for row in rows]

    def add_key(self, key: ApiKey) -> None:
        if exists(self._connection, keys, keys.c.digest == key.digest):
            raise Conflict(f"the key {key.key_id} is stored already")
        self._connection.execute(insert(keys).values(values_of(key)))

    def keys_with_prefix(self, prefix: str) -> list[ApiKey]:
        query = select(keys).where(keys.c.digest.startswith(prefix, autoescape=True)).order_by(keys.c.digest)
        return [ApiKey(**row) for row in self._connection.execute(query).mappings()]

    def keys(self) -> list[ApiKey]:
        query = select(keys).order_by(keys.c.created_at, keys.c.digest)
        return [ApiKey(**row) for row in self._connection.execute(query).mappings()]

    def save_key(self, key: ApiKey) -> None:
        put(self._connection, keys, values_of(key), "digest")

    def secret(self, name: str) -> str | None:
        value: str | None = self._connection.execute(select(secrets.c.value).where(secrets.c.name == name)).scalar()
        return value

    def set_secret(self, name: str, value: str) -> None:
        put(self._connection, secrets, {"name": name, "value": value}, "name")
