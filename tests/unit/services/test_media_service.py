from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from sweepyard.domain.logged_media import ArtifactName, TableFile
from sweepyard.errors import NotFound
from sweepyard.jsonvalue import dumps
from sweepyard.services.artifact_drafts import ArtifactDraft
from sweepyard.services.media import LoadedTable, LoggedAt, NoTable

IMAGE = {"_type": "image-file", "path": "media/images/a.png"}
TABLE: dict[str, Any] = {"columns": ["a", "b"], "data": [[1, "x"], [2, None]]}


def blob(hub, content: bytes):
    with hub.services.files.writer() as writer:
        writer.write(content)
        return writer.finish()


@pytest.fixture
def begun(hub):
    hub.begin()
    return hub


def put(begun, content: bytes, name: str = "t.json") -> TableFile:
    begun.services.files.put(begun.path("one"), name, blob(begun, content))
    return TableFile(name)


def test_media_are_found_by_key_and_step(begun) -> None:
    begun.log(
        "one", {"_step": 0, "loss": 1, "image": IMAGE}, {"_step": 1, "loss": 2}, {"_step": 5, "deep": {"x": IMAGE}}
    )
    begun.log("one", {"_step": 6, "image": {**IMAGE, "path": "b.png"}}, offset=3)
    found = begun.services.media.logged(begun.path("one"))
    assert found == {
        "image": [LoggedAt(0, IMAGE), LoggedAt(6, {**IMAGE, "path": "b.png"})],
        "deep.x": [LoggedAt(5, IMAGE)],
    }


def test_a_history_of_numbers_has_none(begun) -> None:
    begun.log("one", {"_step": 0, "loss": 1, "text": '"_type"'})
    assert begun.services.media.logged(begun.path("one")) == {}


def test_a_run_that_is_not_there_has_no_media(begun) -> None:
    with pytest.raises(NotFound):
        begun.services.media.logged(begun.path("two"))
    with pytest.raises(NotFound):
        begun.services.media.table(begun.path("two"), TableFile("t.json"))


def test_a_table_is_read_from_the_runs_files(begun) -> None:
    table = put(begun, dumps(TABLE).encode())
    assert begun.services.media.table(begun.path("one"), table) == LoadedTable(("a", "b"), ((1, "x"), (2, None)))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[]", "no JSON"),
        (b'{"columns": ["a"]}', "no columns and rows"),
        (b'{"columns": ["a"], "data": [[1], [1, 2]]}', "not as many cells"),
        (b'{"columns": ["a"], "data": [1]}', "not as many cells"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(begun, content: bytes, why: str) -> None:
    loaded = begun.services.media.table(begun.path("one"), put(begun, content))
    assert isinstance(loaded, NoTable)
    assert why in loaded.why


def test_a_table_that_is_too_large_or_not_there_says_so(begun) -> None:
    path = begun.path("one")
    assert begun.services.media.table(path, TableFile("x.json")) == NoTable("its file has not been uploaded")
    begun.services.files.register(path, ["x.json"])
    assert begun.services.media.table(path, TableFile("x.json")) == NoTable("its file has not been uploaded")
    table = put(begun, dumps(TABLE).encode())
    loaded = begun.services.media.table(path, table, limit_bytes=10)
    assert isinstance(loaded, NoTable)
    assert "tables of up to 10 are shown" in loaded.why


def test_the_artifacts_table_counts_where_it_is_complete(begun) -> None:
    run_file = put(begun, dumps(TABLE).encode())
    rich = dumps({"columns": ["image"], "data": [[IMAGE]]}).encode()
    artifacts, md5 = begun.services.artifacts, base64.b64encode(hashlib.md5(rich).digest()).decode()
    draft = ArtifactDraft(
        entity="lab", project="digits", collection="t", artifact_type="run_table", digest="d", client_id="abc"
    )
    version = artifacts.create(draft)
    artifacts.register_files(version.number, [("t.table.json", md5)])
    artifacts.put_file(version.number, "t.table.json", blob(begun, rich))
    manifest = artifacts.add_manifest(version.number, name="wandb_manifest.json", digest="d")
    contents = {"t.table.json": {"digest": md5, "size": len(rich)}}
    artifacts.put_manifest(manifest.number, blob(begun, dumps({"version": 1, "contents": contents}).encode()))
    named = TableFile(run_file.path, ArtifactName("abc", "t.table.json"))
    pending = begun.services.media.table(begun.path("one"), named)
    assert pending == LoadedTable(("a", "b"), ((1, "x"), (2, None)))
    committed = artifacts.commit(version.number)
    assert begun.services.media.table(begun.path("one"), named) == LoadedTable(("image",), ((IMAGE,),), committed)
