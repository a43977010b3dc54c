from __future__ import annotations

import pytest

from sweepyard.errors import NotFound, RequestInvalid
from sweepyard.services.paging import decode_cursor, encode_cursor


def test_projects_are_made_once_and_described(hub) -> None:
    projects = hub.services.projects
    first = projects.ensure("lab", "digits")
    assert projects.ensure("lab", "digits", description="MNIST").description == "MNIST"
    again = projects.ensure("lab", "digits", description="MNIST")
    assert (again.number, again.description) == (first.number, "MNIST")
    assert projects.get("lab", "digits") == again
    assert projects.by_number(first.number) == again
    assert projects.find("lab", "other") is None


def test_lists(hub) -> None:
    for entity, name in (("lab", "b"), ("lab", "a"), ("zoo", "c")):
        hub.services.projects.ensure(entity, name)
    page = hub.services.projects.list("lab", first=1)
    assert [project.name for project in page.items] == ["a"]
    rest = hub.services.projects.list("lab", after=page.end_cursor)
    assert [project.name for project in rest.items] == ["b"]
    assert hub.services.projects.entities() == ("lab", "zoo")


def test_unknown_and_illegal_projects(hub) -> None:
    with pytest.raises(NotFound, match="no project lab/nothing"):
        hub.services.projects.get("lab", "nothing")
    with pytest.raises(NotFound, match="no project number 7"):
        hub.services.projects.by_number(7)
    with pytest.raises(RequestInvalid, match="a project's name"):
        hub.services.projects.ensure("lab", "a/b")


def test_cursors_carry_any_value() -> None:
    for value in ("é", 1, [None, 1.5, "x"]):
        assert decode_cursor(encode_cursor(value)) == value
