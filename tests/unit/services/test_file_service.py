from __future__ import annotations

import pytest

from sweepyard.domain.artifact import BlobRef
from sweepyard.errors import NotFound, RequestInvalid


def put(hub, name: str, content: bytes = b"bytes"):
    with hub.services.files.writer() as writer:
        writer.write(content)
        blob = writer.finish()
    return hub.services.files.put(hub.path("one"), name, blob)


@pytest.fixture
def begun(hub):
    hub.begin()
    return hub


def names(begun, **how: object) -> list[str]:
    return [file.name for file in begun.services.files.list(begun.path("one"), **how).items]


def test_files_are_announced_then_uploaded_then_read(begun) -> None:
    path = begun.path("one")
    first, second = begun.services.files.register(path, ["./media//a.png", "b"])
    assert (first.name, second.name, first.blob) == ("media/a.png", "b", None)
    assert names(begun) == []
    with pytest.raises(NotFound, match="announced, but never uploaded"):
        begun.services.files.open(path, "b")
    stored = put(begun, "media/a.png")
    assert begun.services.files.register(path, ["media/a.png"]) == (stored,)
    file, stream = begun.services.files.open(path, "./media/a.png")
    with stream:
        assert (file, stream.read()) == (stored, b"bytes")
    assert names(begun) == ["media/a.png"]


def test_a_file_may_come_unannounced_and_come_again(begun) -> None:
    put(begun, "a", b"old")
    file = put(begun, "a", b"newer")
    assert file.blob is not None
    assert file.blob.size_bytes == 5
    with begun.services.files.open_blob(file.blob) as stream:
        assert stream.read() == b"newer"


def test_lists_by_name_pattern_and_page(begun) -> None:
    for name in ("media/b.png", "media/a.png", "a_b.txt", "axb.txt", "100%.txt"):
        put(begun, name)
    assert names(begun) == ["100%.txt", "a_b.txt", "axb.txt", "media/a.png", "media/b.png"]
    assert names(begun, names=["./axb.txt", "nothing"]) == ["axb.txt"]
    assert names(begun, pattern="media/%") == ["media/a.png", "media/b.png"]
    assert names(begun, pattern="a_b.%") == ["a_b.txt", "axb.txt"]
    page = begun.services.files.list(begun.path("one"), first=2)
    assert (page.has_next, page.total) == (True, 5)
    assert names(begun, after=page.end_cursor, first=9) == ["axb.txt", "media/a.png", "media/b.png"]
    begun.services.files.delete(begun.path("one"), "a_b.txt")
    with pytest.raises(RequestInvalid, match="cursor"):
        names(begun, after=page.end_cursor)


def test_deleting(begun) -> None:
    put(begun, "a")
    begun.services.files.delete(begun.path("one"), "./a")
    with pytest.raises(NotFound, match="no file 'a'"):
        begun.services.files.get(begun.path("one"), "a")
    with pytest.raises(NotFound, match="no file 'a'"):
        begun.services.files.delete(begun.path("one"), "a")


@pytest.mark.parametrize("name", ["", ".", "/etc/passwd", "../x", "a/../../x", "a\0b", "\ud800", "a" * 1025])
def test_names_that_leave_the_folder_are_refused(begun, name: str) -> None:
    blob = BlobRef("ab" * 32, "cd" * 16, 1)
    for ask in (
        lambda: begun.services.files.register(begun.path("one"), ["fine", name]),
        lambda: begun.services.files.put(begun.path("one"), name, blob),
        lambda: begun.services.files.get(begun.path("one"), name),
    ):
        with pytest.raises(RequestInvalid):
            ask()
    with pytest.raises(NotFound):
        begun.services.files.get(begun.path("one"), "fine")


def test_files_of_an_unknown_run(hub) -> None:
    with pytest.raises(NotFound, match="no run"):
        hub.services.files.register(hub.path("one"), ["a"])
    with pytest.raises(NotFound, match="no run"):
        put(hub, "a")


def test_stored_bytes_count_once(hub) -> None:
    hub.begin()
    with hub.services.files.writer() as writer:
        writer.write(b"12345")
        blob = writer.finish()
    for name in ("a", "b"):
        hub.services.files.put(hub.path("one"), name, blob)
    assert hub.services.files.stored_bytes("lab") == 5
    assert hub.services.files.stored_bytes("zoo") == 0


def test_a_small_file_is_read_at_once(begun) -> None:
    path = begun.path("one")
    put(begun, "a", b"12345")
    begun.services.files.register(path, ["announced"])
    read = begun.services.files.read
    assert read(path, "./a", limit_bytes=5) == b"12345"
    assert read(path, "a", limit_bytes=4) is None
    assert read(path, "announced", limit_bytes=9) is None
    assert read(path, "none", limit_bytes=9) is None
    with pytest.raises(NotFound):
        read(begun.path("two"), "a", limit_bytes=9)
