"""Who asks, and whether they may: users, teams, keys, and the hub's own secrets."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import replace

from sweepyard.clock import Clock
from sweepyard.domain.access import Actor, ApiKey, Role, Team, User
from sweepyard.errors import Conflict, NotFound, RequestInvalid, Unauthenticated, Violation
from sweepyard.ids import IdSource, new_api_key
from sweepyard.services.guard import allow
from sweepyard.services.ports import Database, UnitOfWork
from sweepyard.services.projects import check_name
from sweepyard.settings import DEFAULT_ENTITY

_KEY_ID = re.compile(r"[0-9a-f]{8,64}")
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
            candidates = unit.access.credentials(digest[:_PREFIX_LENGTH])
        for candidate in candidates:
            # The database compared no more than a prefix, too short to find a key by timing.
            if hmac.compare_digest(candidate.key.digest, digest) and candidate.key.revoked_at is None:
                return candidate.actor
        raise Unauthenticated("the API key is unknown or revoked; `sweepyard hub env` prints the one of this home")

    def require(self, actor: Actor, role: Role, entity: str | None = None) -> None:
        """Let pass who has `role`, in `entity` where one is given.

        The doors ask this before they read a body; what a request then reaches is bounded by `services.guard`.

        Raises:
            Forbidden: The actor's role grants less, or the entity is not one of the actor's.
        """
        allow(actor, role, entity)

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

    def add_user(self, username: str, *, role: Role, entity: str | None = None, teams: Sequence[str] = ()) -> User:
        """A new user.

        Args:
            entity: The entity that names without one belong to, an existing one; the user's own by default.
            teams: Teams to belong to.

        Raises:
            RequestInvalid: The name is not legal in URLs.
            Conflict: A user or a team has that name.
            NotFound: There is no such entity or team.
        """
        check_name("a user's name", username)
        user = User(username=username, entity=entity or username, role=role, created_at=self._clock.now())
        with self._database.writing() as unit:
            _refuse_taken(unit, username)
            known = {team.name for team in unit.access.teams()}
            if user.entity not in _entities(unit) | {username}:
                raise NotFound(f"there is no entity {user.entity!r}; `sweepyard hub teams add` makes one")
            unit.access.add_user(user)
            for team in [*teams, *({user.entity} & known)]:
                if team not in known:
                    raise NotFound(f"there is no team {team!r}; `sweepyard hub teams list` shows them")
                unit.access.add_member(team, username)
        return user

    def set_role(self, username: str, role: Role) -> User:
        """Give a user another role; their keys grant it from now on.

        Raises:
            NotFound: There is no such user.
            Conflict: It is the last administrator's.
        """
        with self._database.writing() as unit:
            user = _existing_user(unit, username)
            if not role.includes(Role.ADMIN):
                _keep_an_administrator(unit, user)
            user = replace(user, role=role)
            unit.access.save_user(user)
        return user

    def remove_user(self, username: str) -> User:
        """Remove a user, and every key of theirs, now; what they made stays.

        Raises:
            NotFound: There is no such user.
            Conflict: It is the home's owner, or the last administrator.
        """
        with self._database.writing() as unit:
            user = _existing_user(unit, username)
            if username == DEFAULT_ENTITY:
                raise Conflict(f"{username} is this home's owner: whoever can read the home is; revoke keys instead")
            _keep_an_administrator(unit, user)
            unit.access.remove_user(username)
        return user

    def projects_under(self, entity: str) -> int:
        """How many projects have this name for their entity, whether or not a user or a team is called so."""
        with self._database.reading() as unit:
            return len(unit.projects.of_entity(entity))

    def teams(self) -> list[Team]:
        """All teams, by name."""
        with self._database.reading() as unit:
            return unit.access.teams()

    def add_team(self, name: str, *, members: Sequence[str] = ()) -> Team:
        """A new team: an entity that its members share.

        Raises:
            RequestInvalid: The name is not legal in URLs.
            Conflict: A user or a team has that name.
            NotFound: There is no such user.
        """
        check_name("a team's name", name)
        team = Team(name=name, created_at=self._clock.now(), members=tuple(sorted(set(members))))
        with self._database.writing() as unit:
            _refuse_taken(unit, name)
            for username in team.members:
                _existing_user(unit, username)
            unit.access.add_team(team)
        return team

    def remove_team(self, name: str) -> Team:
        """Remove a team; its projects stay, and administrators reach them.

        Raises:
            NotFound: There is no such team.
            Conflict: It is the default entity of a user.
        """
        with self._database.writing() as unit:
            team = _existing_team(unit, name)
            homeless = [user.username for user in unit.access.users() if user.entity == name]
            if homeless:
                raise Conflict(f"{name} is the default entity of {', '.join(homeless)}; remove these users first")
            unit.access.remove_team(name)
        return team

    def add_member(self, team: str, username: str) -> Team:
        """Make a user a member of a team, now.

        Raises:
            NotFound: There is no such team or user.
        """
        with self._database.writing() as unit:
            _existing_team(unit, team)
            _existing_user(unit, username)
            unit.access.add_member(team, username)
            return _existing_team(unit, team)

    def remove_member(self, team: str, username: str) -> Team:
        """End a membership, now.

        Raises:
            NotFound: There is no such team, or the user is no member.
            Conflict: The team is the user's default entity.
        """
        with self._database.writing() as unit:
            if username not in _existing_team(unit, team).members:
                raise NotFound(f"{username} is no member of {team}")
            if _existing_user(unit, username).entity == team:
                raise Conflict(f"{team} is the default entity of {username}; remove the user instead")
            unit.access.remove_member(team, username)
            return _existing_team(unit, team)

    def entities_of(self, username: str) -> tuple[str, ...]:
        """The entities that a user belongs to, the default one first; none of a user that is not there."""
        with self._database.reading() as unit:
            user = unit.access.user(username)
            joined = [team.name for team in unit.access.teams() if username in team.members]
        return () if user is None else (user.entity, *(name for name in joined if name != user.entity))

    def user(self, username: str) -> User | None:
        """The user of that name."""
        with self._database.reading() as unit:
            return unit.access.user(username)

    def users(self) -> list[User]:
        """All users, by name."""
        with self._database.reading() as unit:
            return unit.access.users()

    def create_key(self, username: str, *, name: str = "", role: Role | None = None) -> str:
        """A fresh key of the user's: the only time that it can be read.

        Args:
            role: The most that the key grants; by default all that the user may do.

        Raises:
            NotFound: There is no such user.
        """
        key = new_api_key()
        self.import_key(username, key, name=name, role=role)
        return key

    def import_key(self, username: str, key: str, *, name: str = "", role: Role | None = None) -> ApiKey:
        """Accept a key that exists already; importing a user's own key again changes nothing.

        Raises:
            RequestInvalid: The wandb client would not accept the key.
            NotFound: There is no such user.
            Conflict: The key belongs to somebody else, was revoked, or grants something else.
        """
        if not _KEY.fullmatch(key):
            rule = "an API key has 40 or more of A-Z a-z 0-9 _ - (behind an optional prefix and a hyphen)"
            raise RequestInvalid([Violation(rule, f"{len(key)} characters")])
        digest = digest_of_key(key)
        with self._database.writing() as unit:
            _existing_user(unit, username)
            for stored in unit.access.keys_with_prefix(digest):
                if stored.username != username or stored.revoked_at is not None:
                    raise Conflict("that key belongs to another user, or was revoked; make a fresh one")
                if stored.role is not role:
                    grants = stored.role.value if stored.role else "all that its user may do"
                    raise Conflict(f"that key is known already and grants {grants}; revoke it and make a fresh one")
                return stored
            fresh = ApiKey(digest=digest, username=username, name=name, created_at=self._clock.now(), role=role)
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
            found = unit.access.keys_with_prefix(key_id) if _KEY_ID.fullmatch(key_id) else []
            if len(found) != 1:
                raise NotFound(f"{len(found)} keys have an id that begins with {key_id!r}; one is needed")
            revoked = replace(found[0], revoked_at=found[0].revoked_at or self._clock.now())
            unit.access.save_key(revoked)
        return revoked

    def secret_for(self, purpose: str) -> str:
        """A secret of this hub's for one purpose, the same for good."""
        secret = ensure_secret(self._database, _SIGNING_SECRET, self._ids)
        return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def ensure_secret(database: Database, name: str, ids: IdSource) -> str:
    """The hub's secret of that name, made if there is none: wherever its rows are copied, it is this one."""
    with database.reading() as unit:
        secret = unit.access.secret(name)
    if secret is None:
        with database.writing() as unit:
            secret = unit.access.secret(name) or ids.token()
            unit.access.set_secret(name, secret)
    return secret


def _existing_user(unit: UnitOfWork, username: str) -> User:
    user = unit.access.user(username)
    if user is None:
        raise NotFound(f"there is no user {username!r}; `sweepyard hub users list` shows them")
    return user


def _existing_team(unit: UnitOfWork, name: str) -> Team:
    for team in unit.access.teams():
        if team.name == name:
            return team
    raise NotFound(f"there is no team {name!r}; `sweepyard hub teams list` shows them")


def _entities(unit: UnitOfWork) -> set[str]:
    users = unit.access.users()
    return {user.entity for user in users} | {user.username for user in users} | {t.name for t in unit.access.teams()}


def _refuse_taken(unit: UnitOfWork, name: str) -> None:
    """Names of users, teams and entities are one name space: whoever has a name has what is stored under it."""
    if name in _entities(unit):
        raise Conflict(f"{name!r} is the name of a user or a team already")


def _keep_an_administrator(unit: UnitOfWork, leaving: User) -> None:
    administrators = [user for user in unit.access.users() if user.role.includes(Role.ADMIN)]
    if administrators == [leaving]:
        raise Conflict(f"{leaving.username} is the last administrator; make another user one first")
