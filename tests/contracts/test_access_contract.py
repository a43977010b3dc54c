from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.fakes.deterministic import START

from sweepyard.domain.access import Actor, ApiKey, Role, Team, User
from sweepyard.errors import Conflict
from sweepyard.services.ports import Database

ANN = User(username="ann", entity="lab", role=Role.ADMIN, created_at=START)
KEY = ApiKey(digest="ab" * 32, username="ann", name="laptop", created_at=START)


def test_users_are_kept_and_sorted(database: Database) -> None:
    with database.writing() as unit:
        bob = replace(ANN, username="bob", role=Role.READ)
        unit.access.add_user(bob)
        unit.access.add_user(ANN)
    with database.reading() as unit:
        assert unit.access.users() == [ANN, bob]
        assert unit.access.user("ann") == ANN
        assert unit.access.user("eve") is None


def test_a_users_name_is_taken_once(database: Database) -> None:
    with database.writing() as unit:
        unit.access.add_user(ANN)
        with pytest.raises(Conflict):
            unit.access.add_user(replace(ANN, entity="other"))
        assert unit.access.user("ann") == ANN


def test_keys_are_found_by_the_beginning_of_their_digest(database: Database) -> None:
    other = replace(KEY, digest="ac" * 32, created_at=START + timedelta(seconds=1))
    with database.writing() as unit:
        unit.access.add_user(ANN)
        unit.access.add_key(other)
        unit.access.add_key(KEY)
        with pytest.raises(Conflict):
            unit.access.add_key(KEY)
    with database.reading() as unit:
        assert unit.access.keys_with_prefix("ab") == [KEY]
        assert unit.access.keys_with_prefix("a") == [KEY, other]
        assert unit.access.keys_with_prefix("%") == []
        assert unit.access.keys() == [KEY, other]


def test_a_key_is_overwritten(database: Database) -> None:
    revoked = replace(KEY, revoked_at=START + timedelta(microseconds=1))
    with database.writing() as unit:
        unit.access.add_user(ANN)
        unit.access.add_key(KEY)
        unit.access.save_key(revoked)
    with database.reading() as unit:
        assert unit.access.keys() == [revoked]


def test_a_user_gets_another_role(database: Database) -> None:
    with database.writing() as unit:
        unit.access.add_user(ANN)
        unit.access.save_user(replace(ANN, role=Role.READ))
    with database.reading() as unit:
        assert unit.access.users() == [replace(ANN, role=Role.READ)]


def test_a_credential_is_a_key_with_its_account(database: Database) -> None:
    other = replace(KEY, digest="cd" * 32, username="bob", role=Role.READ)
    with database.writing() as unit:
        unit.access.add_user(ANN)
        unit.access.add_user(replace(ANN, username="bob"))
        unit.access.add_team(Team(name="red", created_at=START, members=("ann",)))
        unit.access.add_team(Team(name="blue", created_at=START, members=("ann",)))
        unit.access.add_key(KEY)
        unit.access.add_key(other)
    with database.reading() as unit:
        [anns] = unit.access.credentials(KEY.digest[:16])
        [bobs] = unit.access.credentials(other.digest)
        assert unit.access.credentials("ef" * 8) == []
        assert [item.key for item in unit.access.credentials("")] == [KEY, other]
    assert (anns.key, anns.user, anns.teams) == (KEY, ANN, {"red", "blue"})
    assert anns.actor == Actor("lab", "ann", Role.ADMIN, frozenset({"red", "blue"}))
    assert bobs.actor == Actor("lab", "bob", Role.READ)


def test_teams_and_their_members(database: Database) -> None:
    with database.writing() as unit:
        unit.access.add_user(ANN)
        unit.access.add_user(replace(ANN, username="bob"))
        red = Team(name="red", created_at=START, members=("ann",))
        unit.access.add_team(red)
        unit.access.add_team(Team(name="blue", created_at=START))
        with pytest.raises(Conflict):
            unit.access.add_team(red)
        unit.access.add_member("red", "bob")
        unit.access.add_member("red", "bob")
        assert unit.access.teams() == [Team(name="blue", created_at=START), replace(red, members=("ann", "bob"))]
        unit.access.remove_member("red", "ann")
        unit.access.remove_member("red", "ann")
        unit.access.remove_member("none", "ann")
        unit.access.remove_team("blue")
        unit.access.remove_team("blue")
        assert unit.access.teams() == [replace(red, members=("bob",))]
        unit.access.remove_team("red")
        assert unit.access.teams() == []


def test_a_removed_user_leaves_no_key_and_no_membership(database: Database) -> None:
    with database.writing() as unit:
        unit.access.add_user(ANN)
        unit.access.add_user(replace(ANN, username="bob"))
        unit.access.add_key(KEY)
        unit.access.add_key(replace(KEY, digest="ef" * 32, username="bob"))
        unit.access.add_team(Team(name="red", created_at=START, members=("ann", "bob")))
        unit.access.remove_user("ann")
        unit.access.remove_user("ann")
    with database.reading() as unit:
        assert [user.username for user in unit.access.users()] == ["bob"]
        assert unit.access.keys() == [replace(KEY, digest="ef" * 32, username="bob")]
        assert unit.access.teams()[0].members == ("bob",)
        assert unit.access.credentials(KEY.digest) == []


def test_secrets_are_overwritten(database: Database) -> None:
    with database.writing() as unit:
        assert unit.access.secret("s") is None
        unit.access.set_secret("s", "one")
        unit.access.set_secret("s", "two")
    with database.reading() as unit:
        assert unit.access.secret("s") == "two"


def test_projects(database: Database) -> None:
    with database.writing() as unit:
        beta = unit.projects.ensure("lab", "beta", START)
        alpha = unit.projects.ensure("lab", "alpha", START)
        other = unit.projects.ensure("zoo", "alpha", START)
        assert unit.projects.ensure("lab", "beta", START + timedelta(days=1)) == beta
        unit.projects.save(replace(alpha, description="digits"))
    assert len({alpha.number, beta.number, other.number}) == 3
    with database.reading() as unit:
        assert unit.projects.of_entity("lab") == [replace(alpha, description="digits"), beta]
        assert unit.projects.by_number(other.number) == other
        assert unit.projects.by_number(99) is None
        assert unit.projects.get("lab", "gamma") is None
        assert unit.projects.entities() == ["lab", "zoo"]
