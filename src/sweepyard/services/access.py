"""Who asks, and whether they may: keys, users, roles, and signatures of upload addresses."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import replace

from sweepyard.clock import Clock
from sweepyard.domain.access import Actor, ApiKey, Role, User
from sweepyard.errors import Conflict, Forbidden, NotFound, RequestInvalid, Unauthenticated, Violation
from sweepyard.ids import IdSource, new_api_key
from sweepyard.services.ports import Database
from sweepyard.services.projects import check_name

_KEY = re.compile(r"(?:[^-]*-)?[A-Za-z0-9_-]{40,}")
_SIGNING_SECRET = "address-signing"  # noqa: S105 - the name of a secret
_PREFIX_LENGTH = 16


def digest_of_key(key: str) -> str:
    """The SHA-256 of an API key, in hex; keys are random, so a fast digest is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


class AccessService:
    """Authenticates and authorises."""

    def __init__(self, database: Database, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._known_secret: str | None = None  # It never changes once it is stored.

    def authenticate(self, key: str) -> Actor:
        """Whose key this is.

        Raises:
            Unauthenticated: Nobody's, or a revoked one.
        """
        return self.authenticate_digest(digest_of_key(key))

    def authenticate_digest(self, digest: str) -> Actor:
        """Whose key has this digest: for sessions, which keep no key.

        Raises:
            Unauthenticated: Nobody's, or that of a revoked one.
        """
        with self._database.reading() as unit:
            found: ApiKey | None = None
            for candidate in unit.access.keys_with_prefix(digest[:_PREFIX_LENGTH]):
                if hmac.compare_digest(candidate.digest, digest) and candidate.revoked_at is None:
                    found = candidate
            user = unit.access.user(found.username) if found else None
        if user is None:
            raise Unauthenticated("the API key is unknown or revoked; `sweepyard hub env` prints the one of this home")
        return Actor(user.entity, user.username, user.role)

    def require(self, actor: Actor, role: Role) -> None:
        """Let pass who has `role`.

        Raises:
            Forbidden: The actor's role grants less.
        """
        if not actor.role.includes(role):
            raise Forbidden(f"this needs the role {role.value}; {actor.username} has {actor.role.value}")

    def ensure_user(self, username: str, *, entity: str, role: Role) -> User:
        """The user of that name, made if there is none; an existing one is left as it is.

        Raises:
            RequestInvalid: A name is not legal in URLs.
        """
        check_name("a user's name", username)
        check_name("an entity's name", entity)
        with self._database.writing() as unit:
            user = unit.access.user(username)
            if user is None:
                user = User(username=username, entity=entity, role=role, created_at=self._clock.now())
                unit.access.add_user(user)
        return user

    def user(self, username: str) -> User | None:
        """The user of that name."""
        with self._database.reading() as unit:
            return unit.access.user(username)

    def users(self) -> list[User]:
        """All users, by name."""
        with self._database.reading() as unit:
            return unit.access.users()

    def create_key(self, username: str, *, name: str = "") -> str:
        """A fresh key of the user's: the only time that it can be read.

        Raises:
            NotFound: There is no such user.
        """
        key = new_api_key()
        self.import_key(username, key, name=name)
        return key

    def import_key(self, username: str, key: str, *, name: str = "") -> ApiKey:
        """Accept a key that exists already; importing a user's own key again changes nothing.

        Raises:
            RequestInvalid: The wandb client would not accept the key.
            NotFound: There is no such user.
            Conflict: The key belongs to somebody else, or was revoked.
        """
        if not _KEY.fullmatch(key):
            rule = "an API key has 40 or more of A-Z a-z 0-9 _ - (behind an optional prefix and a hyphen)"
            raise RequestInvalid([Violation(rule, f"{len(key)} characters")])
        digest = digest_of_key(key)
        with self._database.writing() as unit:
            if unit.access.user(username) is None:
                raise NotFound(f"there is no user {username!r}")
            for stored in unit.access.keys_with_prefix(digest):
                if stored.username != username or stored.revoked_at is not None:
                    raise Conflict("that key belongs to another user, or was revoked; make a fresh one")
                return stored
            fresh = ApiKey(digest=digest, username=username, name=name, created_at=self._clock.now())
            unit.access.add_key(fresh)
        return fresh

    def keys(self) -> list[ApiKey]:
        """All keys, as digests, oldest first."""
        with self._database.reading() as unit:
            return unit.access.keys()

    def revoke_key(self, key_id: str) -> ApiKey:
        """Make a key worthless, now.

        Args:
            key_id: The first digits of its digest, at least eight.

        Raises:
            NotFound: No key, or more than one, begins like that.
        """
        with self._database.writing() as unit:
            found = unit.access.keys_with_prefix(key_id) if len(key_id) >= 8 else []
            if len(found) != 1:
                raise NotFound(f"{len(found)} keys have an id that begins with {key_id!r}; one is needed")
            revoked = replace(found[0], revoked_at=found[0].revoked_at or self._clock.now())
            unit.access.save_key(revoked)
        return revoked

    def sign(self, address: str) -> str:
        """A signature that lets its bearer use `address` (a path of the hub) without a key, for good."""
        return hmac.new(self._signing_secret().encode(), address.encode(), hashlib.sha256).hexdigest()

    def check_signature(self, address: str, signature: str) -> None:
        """Let pass what `sign` signed.

        Raises:
            Forbidden: The signature is not of this address and this hub.
        """
        if not hmac.compare_digest(self.sign(address).encode(), signature.encode()):
            raise Forbidden("the address is not signed by this hub")

    def _signing_secret(self) -> str:
        if self._known_secret is None:
            self._known_secret = self._stored_secret()
        return self._known_secret

    def _stored_secret(self) -> str:
        with self._database.reading() as unit:
            secret = unit.access.secret(_SIGNING_SECRET)
        if secret is not None:
            return secret
        with self._database.writing() as unit:
            secret = unit.access.secret(_SIGNING_SECRET)
            if secret is None:
                secret = self._ids.token()
                unit.access.set_secret(_SIGNING_SECRET, secret)
        return secret
