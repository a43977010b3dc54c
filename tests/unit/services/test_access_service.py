from __future__ import annotations

import pytest

from sweepyard.domain.access import Actor, Role
from sweepyard.errors import Conflict, Forbidden, NotFound, RequestInvalid, Unauthenticated
from sweepyard.services.access import digest_of_key


@pytest.fixture
def access(hub):
    hub.services.access.ensure_user("ann", entity="lab", role=Role.WRITE)
    return hub.services.access


def test_a_key_says_who_asks(access) -> None:
    key = access.create_key("ann", name="laptop")
    assert access.authenticate(key) == Actor("lab", "ann", Role.WRITE)
    [stored] = access.keys()
    assert (stored.digest, stored.name) == (digest_of_key(key), "laptop")
    assert key not in repr(stored)


@pytest.mark.parametrize("key", ["", "local-" + "0" * 40, "é" * 40])
def test_other_keys_say_nothing(access, key: str) -> None:
    access.create_key("ann")
    with pytest.raises(Unauthenticated, match="unknown or revoked"):
        access.authenticate(key)


def test_a_revoked_key_is_worthless_and_stays_so(access) -> None:
    key = access.create_key("ann")
    key_id = access.keys()[0].key_id
    revoked = access.revoke_key(key_id)
    assert access.revoke_key(key_id) == revoked
    with pytest.raises(Unauthenticated):
        access.authenticate(key)
    with pytest.raises(Conflict, match="revoked"):
        access.import_key("ann", key)


@pytest.mark.parametrize("key_id", ["", "0123456", "no such key", "%%%%%%%%", "________"])
def test_a_key_to_revoke_is_named_exactly(access, key_id: str) -> None:
    access.create_key("ann")
    with pytest.raises(NotFound, match="0 keys"):
        access.revoke_key(key_id)


def test_importing_a_key(access) -> None:
    key = "a" * 40
    stored = access.import_key("ann", key)
    assert access.import_key("ann", key) == stored
    access.ensure_user("bob", entity="lab", role=Role.READ)
    with pytest.raises(Conflict, match="another user"):
        access.import_key("bob", key)
    with pytest.raises(Conflict, match="grants all that its user may do"):
        access.import_key("ann", key, role=Role.READ)
    with pytest.raises(NotFound, match="no user 'eve'"):
        access.import_key("eve", "b" * 40)
    assert access.authenticate(key).username == "ann"


@pytest.mark.parametrize("key", ["short", "a" * 39, "é" * 40, "a" * 40 + "\n"])
def test_keys_that_the_client_would_refuse_are_refused_and_not_repeated(access, key: str) -> None:
    with pytest.raises(RequestInvalid, match="40 or more") as refused:
        access.import_key("ann", key)
    assert key not in str(refused.value)


def test_roles_include_the_ones_below(access) -> None:
    writer = Actor("lab", "ann", Role.WRITE)
    access.require(writer, Role.READ)
    access.require(writer, Role.WRITE)
    with pytest.raises(Forbidden, match="needs the role admin; ann has write"):
        access.require(writer, Role.ADMIN)


def test_users(access) -> None:
    again = access.ensure_user("ann", entity="other", role=Role.ADMIN)
    assert (again.entity, again.role) == ("lab", Role.WRITE)
    assert access.users() == [again]
    assert access.user("ann") == again
    assert access.user("eve") is None
    with pytest.raises(RequestInvalid, match="a user's name"):
        access.ensure_user("../x", entity="lab", role=Role.READ)
    with pytest.raises(RequestInvalid, match="an entity's name"):
        access.ensure_user("x", entity="", role=Role.READ)


def test_each_purpose_has_a_secret_of_its_own_for_good(hub, access) -> None:
    secret = access.secret_for("files")
    assert access.secret_for("files") == hub.rebuilt().access.secret_for("files") == secret
    assert access.secret_for("sessions") != secret


def test_a_key_grants_no_more_than_it_says_and_no_more_than_its_user_may(access) -> None:
    assert access.authenticate(access.create_key("ann", role=Role.READ)).role is Role.READ
    assert access.authenticate(access.create_key("ann", role=Role.ADMIN)).role is Role.WRITE


def test_a_new_user_has_an_entity_of_its_own_or_shares_one(access) -> None:
    assert access.add_user("bob", role=Role.READ).entity == "bob"
    access.add_team("red", members=["ann"])
    cat = access.add_user("cat", role=Role.WRITE, entity="red")
    assert (cat.entity, access.teams()[0].members) == ("red", ("ann", "cat"))
    dan = access.add_user("dan", role=Role.WRITE, entity="lab", teams=["red"])
    assert access.entities_of("dan") == (dan.entity, "red") == ("lab", "red")
    assert access.entities_of("eve") == ()
    assert access.authenticate(access.create_key("dan")).entities == {"lab", "red"}


@pytest.mark.parametrize("name", ["ann", "lab", "red"])
def test_names_of_users_entities_and_teams_are_taken_once(access, name: str) -> None:
    access.add_team("red")
    for make in (lambda: access.add_user(name, role=Role.READ), lambda: access.add_team(name)):
        with pytest.raises(Conflict, match="already"):
            make()


def test_a_user_of_what_is_not_there_is_not_made(access) -> None:
    with pytest.raises(NotFound, match="no entity 'zoo'"):
        access.add_user("bob", role=Role.READ, entity="zoo")
    with pytest.raises(NotFound, match="no team 'zoo'"):
        access.add_user("bob", role=Role.READ, teams=["zoo"])
    with pytest.raises(NotFound, match="no user 'bob'"):
        access.add_team("red", members=["bob"])
    assert access.user("bob") is None
    assert access.teams() == []


def test_a_membership_counts_from_its_beginning_to_its_end(access) -> None:
    key = access.create_key("ann")
    access.add_team("red")
    assert not access.authenticate(key).reaches("red")
    access.add_member("red", "ann")
    assert access.authenticate(key).reaches("red")
    access.remove_member("red", "ann")
    assert not access.authenticate(key).reaches("red")
    with pytest.raises(NotFound, match="no member"):
        access.remove_member("red", "ann")
    for act in (access.add_member, access.remove_member):
        with pytest.raises(NotFound, match="no team 'zoo'"):
            act("zoo", "ann")


def test_a_default_entity_is_not_taken_away(access) -> None:
    access.add_team("red")
    access.add_user("bob", role=Role.READ, entity="red")
    with pytest.raises(Conflict, match="default entity of bob"):
        access.remove_member("red", "bob")
    with pytest.raises(Conflict, match="default entity of bob"):
        access.remove_team("red")
    access.remove_user("bob")
    assert access.remove_team("red").name == "red"


def test_a_removed_user_and_a_lowered_one_lose_their_rights_at_once(access) -> None:
    access.add_user("bob", role=Role.ADMIN)
    key = access.create_key("bob")
    access.add_user("cat", role=Role.ADMIN)
    access.set_role("bob", Role.READ)
    assert access.authenticate(key).role is Role.READ
    access.remove_user("bob")
    with pytest.raises(Unauthenticated):
        access.authenticate(key)
    with pytest.raises(NotFound):
        access.remove_user("bob")


def test_a_home_keeps_its_owner_and_an_administrator(access) -> None:
    access.add_user("bob", role=Role.ADMIN)
    for act in (lambda: access.remove_user("bob"), lambda: access.set_role("bob", Role.WRITE)):
        with pytest.raises(Conflict, match="last administrator"):
            act()
    assert access.set_role("bob", Role.ADMIN).role is Role.ADMIN
    access.ensure_user("local", entity="local", role=Role.ADMIN)
    with pytest.raises(Conflict, match="owner"):
        access.remove_user("local")
