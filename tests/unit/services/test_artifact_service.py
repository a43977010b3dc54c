from __future__ import annotations

import base64
import hashlib
import json

import pytest

from sweepyard.domain.artifact import ArtifactState, ManifestKind
from sweepyard.errors import Conflict, NotFound, RequestInvalid
from sweepyard.services.artifact_drafts import ArtifactDraft
from sweepyard.services.artifacts import ArtifactChanges
from sweepyard.services.collections import CollectionChanges
from sweepyard.services.manifests import ManifestEntry, digest_of, read_manifest


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def blob(hub, content: bytes):
    with hub.services.files.writer() as writer:
        writer.write(content)
        return writer.finish()


def draft(name: str = "model", digest: str = "d0", **more: object) -> ArtifactDraft:
    parts = {"artifact_type": "model", **more}
    return ArtifactDraft(entity="lab", project="digits", collection=name, digest=digest, **parts)


def upload(hub, content: bytes = b"weights", *, contents: dict[str, object] | None = None, **more: object):
    """What the client does to log an artifact with one file, and what the hub makes of it."""
    artifacts = hub.services.artifacts
    version = artifacts.create(draft(digest=hashlib.md5(content).hexdigest(), **more))
    if version.state is ArtifactState.COMMITTED:
        return version
    manifest = artifacts.add_manifest(version.number, name="wandb_manifest.json", digest="")
    [file] = artifacts.register_files(version.number, [("./a.bin", md5(content))])
    if file.blob is None:
        artifacts.put_file(version.number, "a.bin", blob(hub, content))
    contents = contents or {"a.bin": {"digest": md5(content), "size": len(content)}}
    artifacts.add_manifest(version.number, name="wandb_manifest.json", digest="real")
    artifacts.put_manifest(manifest.number, blob(hub, json.dumps({"version": 1, "contents": contents}).encode()))
    return artifacts.commit(version.number)


def find(hub, name: str):
    return hub.services.artifacts.find("lab", "digits", name)


def test_a_version_is_made_uploaded_committed_and_found(hub) -> None:
    version = upload(hub, aliases=("best",), metadata={"accuracy": 0.9}, description="d", tags=("t", "t"))
    assert (version.version, version.state, version.aliases) == (0, ArtifactState.COMMITTED, ("best", "latest"))
    assert (version.size_bytes, version.file_count, version.tags) == (7, 1, ("t",))
    for name in ("model", "model:", "model:latest", "model:best", "model:v0", f"model:{version.digest}"):
        assert find(hub, name) == version
    for name in ("model:v1", "model:worst", "data", "data:v0"):
        assert find(hub, name) is None
    with pytest.raises(NotFound, match="no artifact lab/digits/model:v1"):
        hub.services.artifacts.resolve("lab", "digits", "model:v1")
    assert hub.services.artifacts.resolve("lab", "digits", "model") == version
    assert hub.services.artifacts.latest("lab", "digits", "model") == version
    assert hub.services.artifacts.commit(version.number) == version


def test_its_bytes_come_back(hub) -> None:
    version = upload(hub)
    file = hub.services.artifacts.file(version.number, "a.bin")
    assert file.blob is not None
    with hub.services.artifacts.open_blob(file.blob) as stream:
        assert stream.read() == b"weights"
    assert hub.services.artifacts.file_by_md5("lab", file.md5) == file.blob
    with pytest.raises(NotFound, match="no artifact of zoo"):
        hub.services.artifacts.file_by_md5("zoo", file.md5)
    manifest = hub.services.artifacts.manifest_of(version.number)
    assert manifest is not None
    assert manifest.digest == "real"
    assert hub.services.artifacts.manifest(manifest.number) == manifest


def test_latest_and_aliases_move_on(hub) -> None:
    first = upload(hub, b"one", aliases=("best",))
    second = upload(hub, b"two", aliases=("best", "good"))
    assert second.version == 1
    assert second.aliases == ("best", "good", "latest")
    assert hub.services.artifacts.get(first.number).aliases == ()
    page = hub.services.artifacts.versions("lab", "digits", "model", first=1)
    rest = hub.services.artifacts.versions("lab", "digits", "model", after=page.end_cursor)
    assert [version.version for version in (*page.items, *rest.items)] == [1, 0]


def test_the_same_content_is_one_version_with_the_aliases_moved_to_it(hub) -> None:
    hub.begin("one")
    hub.begin("two")
    first = upload(hub, b"one", run_id="one", aliases=("a",))
    upload(hub, b"two")
    again = upload(hub, b"one", run_id="two", aliases=("b",))
    assert (again.number, again.version, again.created_by_run) == (first.number, 0, "one")
    assert again.aliases == ("a", "b", "latest")
    outputs = hub.services.artifacts.outputs_of
    assert outputs(hub.path("one")).items == outputs(hub.path("two")).items == (again,)
    other = upload(hub, b"one", deduplicate=False)
    assert other.version == 2


def test_bytes_that_the_entity_has_are_not_asked_for_again(hub) -> None:
    upload(hub, b"weights")
    version = hub.services.artifacts.create(draft("other", "x"))
    known, new = hub.services.artifacts.register_files(version.number, [("a", md5(b"weights")), ("b", md5(b"?"))])
    assert known.blob is not None
    assert new.blob is None


def test_creating_is_safe_to_repeat_with_a_client_id(hub) -> None:
    first = hub.services.artifacts.create(draft(client_id="c", sequence_client_id="s"))
    assert hub.services.artifacts.create(draft(client_id="c")) == first
    assert hub.services.artifacts.by_client_id("c") == first
    assert hub.services.artifacts.by_sequence_client_id("s").name == "model"
    assert hub.services.artifacts.create(draft("other", client_id="c")).number != first.number
    hub.services.artifacts.delete(first.number)
    for ask in (hub.services.artifacts.by_client_id, hub.services.artifacts.by_sequence_client_id):
        with pytest.raises(NotFound, match="client id 'nothing'"):
            ask("nothing")


def test_what_was_never_uploaded_cannot_be_committed(hub) -> None:
    artifacts = hub.services.artifacts
    version = artifacts.create(draft())
    with pytest.raises(Conflict, match="manifest of artifact number 1 was never uploaded"):
        artifacts.commit(version.number)
    manifest = artifacts.add_manifest(version.number, name="m", digest="")
    with pytest.raises(Conflict, match="manifest"):
        artifacts.commit(version.number)
    artifacts.register_files(version.number, [("z", md5(b"z"))])
    contents = {f"f{number}": {"digest": md5(b"%d" % number), "size": 1} for number in range(6)}
    artifacts.put_manifest(manifest.number, blob(hub, json.dumps({"contents": contents}).encode()))
    with pytest.raises(Conflict, match=r"never uploaded: f0, f1, f2, f3, f4 and 2 more"):
        artifacts.commit(version.number)
    assert artifacts.get(version.number).state is ArtifactState.PENDING
    assert find(hub, "model") is None


def test_entries_of_the_manifest_that_were_not_registered_take_known_bytes(hub) -> None:
    contents = {
        "a.bin": {"digest": md5(b"new"), "size": 3},
        "old.bin": {"digest": md5(b"weights")},
        "far": {"digest": "etag", "ref": "s3://bucket/far"},
        "farther": {"digest": "etag", "ref": "s3://bucket/farther", "size": 100},
    }
    upload(hub, b"weights")
    version = upload(hub, b"new", contents=contents)
    assert (version.file_count, version.size_bytes) == (4, 3 + 7 + 100)
    files = hub.services.artifacts.files(version.number)
    assert [file.name for file in files.items] == ["a.bin", "far", "farther", "old.bin"]
    assert [file.name for file in hub.services.artifacts.files(version.number, names=["old.bin"]).items] == ["old.bin"]


def test_a_committed_version_changes_no_more(hub) -> None:
    artifacts = hub.services.artifacts
    version = upload(hub)
    manifest = artifacts.manifest_of(version.number)
    assert manifest is not None
    assert manifest.blob is not None
    for ask in (
        lambda: artifacts.add_manifest(version.number, name="m", digest=""),
        lambda: artifacts.update_manifest(manifest.number, digest="x"),
        lambda: artifacts.put_manifest(manifest.number, blob(hub, b"other")),
        lambda: artifacts.register_files(version.number, [("b", md5(b"b"))]),
    ):
        with pytest.raises(Conflict, match="is committed"):
            ask()
    assert artifacts.put_manifest(manifest.number, manifest.blob) == manifest


def test_a_manifest_gets_its_digest_later(hub) -> None:
    version = hub.services.artifacts.create(draft())
    manifest = hub.services.artifacts.add_manifest(version.number, name="m", digest="")
    assert hub.services.artifacts.update_manifest(manifest.number, digest="x").digest == "x"
    assert hub.services.artifacts.add_manifest(version.number, name="m", digest="").digest == "x"


def test_bytes_with_another_md5_are_refused(hub) -> None:
    version = hub.services.artifacts.create(draft())
    hub.services.artifacts.register_files(version.number, [("a", md5(b"a"))])
    with pytest.raises(RequestInvalid, match="has the MD5"):
        hub.services.artifacts.put_file(version.number, "a", blob(hub, b"b"))
    with pytest.raises(NotFound, match="no file 'b'"):
        hub.services.artifacts.put_file(version.number, "b", blob(hub, b"b"))


@pytest.mark.parametrize("bad", ["", "nonsense!", base64.b64encode(b"short").decode()])
def test_what_is_no_md5_is_refused(hub, bad: str) -> None:
    version = hub.services.artifacts.create(draft())
    with pytest.raises(RequestInvalid, match="16 bytes in base64"):
        hub.services.artifacts.register_files(version.number, [("a", bad)])
    with pytest.raises(RequestInvalid, match="relative path"):
        hub.services.artifacts.register_files(version.number, [("../a", md5(b""))])


def test_a_collection_holds_one_type(hub) -> None:
    upload(hub)
    with pytest.raises(Conflict, match="holds versions of type model; asked for one of type dataset"):
        hub.services.artifacts.create(draft(artifact_type="dataset"))
    upload(hub, b"data", name="data", artifact_type="dataset")
    assert hub.services.artifacts.types("lab", "digits") == ("dataset", "model")
    collections = hub.services.artifacts.collections
    assert [one.name for one in collections("lab", "digits").items] == ["data", "model"]
    assert [one.name for one in collections("lab", "digits", artifact_type="model").items] == ["model"]
    assert hub.services.artifacts.collection("lab", "digits", "data").artifact_type == "dataset"
    with pytest.raises(NotFound, match="no artifact collection lab/digits/nothing"):
        hub.services.artifacts.collection("lab", "digits", "nothing")


@pytest.mark.parametrize("alias", ["", "a/b", "a:b", "v0", "v12", "a" * 129, "a\0b"])
def test_illegal_aliases_are_refused(hub, alias: str) -> None:
    version = upload(hub)
    for ask in (
        lambda: hub.services.artifacts.create(draft(aliases=("fine", alias))),
        lambda: hub.services.artifacts.add_aliases(version.number, [alias]),
        lambda: hub.services.artifacts.update(version.number, ArtifactChanges(aliases=(alias,))),
    ):
        with pytest.raises(RequestInvalid):
            ask()


def test_aliases_of_a_pending_version_wait_for_its_commit(hub) -> None:
    artifacts = hub.services.artifacts
    version = artifacts.create(draft(aliases=("a",)))
    assert artifacts.add_aliases(version.number, ["vague", "b"]).aliases == ("a", "vague", "b")
    assert artifacts.remove_aliases(version.number, ["a", "unknown"]).aliases == ("vague", "b")
    assert find(hub, "model:b") is None


def test_describing_anew(hub) -> None:
    artifacts = hub.services.artifacts
    version = upload(hub, description="old", tags=("a", "b"), metadata={"x": 1})
    changed = artifacts.update(
        version.number,
        ArtifactChanges(description="new", metadata={"x": 2}, tags_to_add=("c",), tags_to_delete=("a",)),
    )
    assert (changed.description, changed.metadata, changed.tags) == ("new", {"x": 2}, ("b", "c"))
    assert changed.aliases == ("latest",)
    changed = artifacts.update(version.number, ArtifactChanges(aliases=("only",)))
    assert (changed.description, changed.aliases) == ("new", ("only",))
    assert artifacts.add_aliases(version.number, ["more"]).aliases == ("only", "more")
    assert artifacts.remove_aliases(version.number, ["only"]).aliases == ("more",)


def test_deleting(hub) -> None:
    artifacts = hub.services.artifacts
    version = upload(hub)
    with pytest.raises(Conflict, match="has the aliases latest"):
        artifacts.delete(version.number)
    deleted = artifacts.delete(version.number, delete_aliases=True)
    assert (deleted.state, deleted.aliases) == (ArtifactState.DELETED, ())
    assert artifacts.get(version.number).state is ArtifactState.DELETED
    assert find(hub, "model:v0") is None
    with pytest.raises(Conflict, match="is deleted"):
        artifacts.commit(version.number)
    assert upload(hub).version == 1


def test_a_deleted_version_is_not_taken_for_a_repeated_one(hub) -> None:
    version = upload(hub, client_id="c")
    hub.services.artifacts.delete(version.number, delete_aliases=True)
    assert hub.services.artifacts.create(draft(client_id="c")).number != version.number


def test_using(hub) -> None:
    artifacts = hub.services.artifacts
    hub.begin("one")
    hub.begin("two")
    version = upload(hub, run_id="one")
    for run_id in ("two", "one", "two"):
        assert artifacts.use(version.number, hub.path(run_id)) == version
    assert artifacts.inputs_of(hub.path("two")).items == (version,)
    assert [run.path.run_id for run in artifacts.used_by(version.number)] == ["two", "one"]
    hub.services.runs.delete(hub.path("two"))
    assert [run.path.run_id for run in artifacts.used_by(version.number)] == ["one"]
    with pytest.raises(NotFound, match="no run"):
        artifacts.use(version.number, hub.path("nobody"))


def test_pending_versions_are_no_outputs_yet(hub) -> None:
    hub.begin("one")
    hub.services.artifacts.create(draft(run_id="one"))
    assert hub.services.artifacts.outputs_of(hub.path("one")).items == ()
    with pytest.raises(NotFound, match="no run lab/digits/nobody"):
        hub.services.artifacts.create(draft("other", run_id="nobody"))


def test_unknown_numbers(hub) -> None:
    artifacts = hub.services.artifacts
    for ask in (artifacts.get, artifacts.commit, artifacts.files, artifacts.delete):
        with pytest.raises(NotFound, match="no artifact number 9"):
            ask(9)
    with pytest.raises(NotFound, match="manifest number 9"):
        artifacts.manifest(9)
    assert artifacts.manifest_of(9) is None
    with pytest.raises(NotFound, match="no file 'a'"):
        artifacts.file(9, "a")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"contents":[]}',
        b'{"contents":{"a":1}}',
        b'{"contents":{"a":{"digest":1}}}',
        b'{"contents":{"a":{"digest":"x","size":"1"}}}',
        b'{"contents":{"a":{"digest":"x","size":true}}}',
        b'{"contents":{"a":{"digest":"x","size":-1}}}',
        b'{"contents":{"../a":{"digest":"x","size":1}}}',
        b'{"contents":{"a":{"digest":"x","ref":1}}}',
    ],
)
def test_malformed_manifests_are_refused(content: bytes) -> None:
    with pytest.raises(RequestInvalid, match=r"manifest|relative path"):
        read_manifest(content)


@pytest.mark.parametrize("size", [2**63, 10**20])
def test_sizes_beyond_what_a_database_counts_are_refused(hub, size: int) -> None:
    contents = {"a.bin": {"digest": "x", "ref": "s3://a", "size": size // 2}, "b": {"digest": "x", "ref": "s3://b"}}
    assert upload(hub, contents={"a.bin": {"digest": "x", "ref": "s3://a", "size": 2**63 - 1}}).size_bytes == 2**63 - 1
    contents["b"]["size"] = size // 2
    with pytest.raises(RequestInvalid, match=r"sizes in a manifest come to at most 9,223,372,036,854,775,807 bytes"):
        upload(hub, b"other", contents=contents)


def test_a_manifest_is_read() -> None:
    content = {
        "contents": {"a": {"digest": "x", "size": 3}, "b": {"digest": "y"}, "c": {"digest": "z", "ref": "s3://"}}
    }
    assert read_manifest(json.dumps(content).encode()) == [
        ManifestEntry("a", "x", 3, None),
        ManifestEntry("b", "y", None, None),
        ManifestEntry("c", "z", 0, "s3://"),
    ]


def add_part(hub, number: int, kind: ManifestKind, content: bytes, name: str, base: int | None = None) -> None:
    """One process's share of a version: a file, and a manifest of it alone."""
    artifacts = hub.services.artifacts
    manifest = artifacts.add_manifest(number, name="part.json", digest="", kind=kind, base_number=base)
    artifacts.register_files(number, [(name, md5(content))])
    artifacts.put_file(number, name, blob(hub, content))
    artifacts.update_manifest(manifest.number, digest="d", base_number=base)
    contents = {"version": 1, "contents": {name: {"digest": md5(content), "size": len(content)}}}
    artifacts.put_manifest(manifest.number, blob(hub, json.dumps(contents).encode()))


def content_of(hub, number: int) -> dict[str, object]:
    manifest = hub.services.artifacts.manifest_of(number)
    assert manifest is not None
    assert manifest.blob is not None
    with hub.services.artifacts.open_blob(manifest.blob) as stream:
        return json.loads(stream.read())


def test_several_processes_make_one_version(hub) -> None:
    artifacts = hub.services.artifacts
    version = artifacts.create(draft(digest="one", distributed_id="together"))
    assert artifacts.create(draft(digest="two", distributed_id="together")) == version
    add_part(hub, version.number, ManifestKind.PATCH, b"1", "a")
    add_part(hub, version.number, ManifestKind.PATCH, b"22", "b")
    done = artifacts.commit(version.number)
    assert (done.version, done.file_count, done.size_bytes) == (0, 2, 3)
    assert sorted(content_of(hub, done.number)["contents"]) == ["a", "b"]
    assert done.digest == digest_of(read_manifest(json.dumps(content_of(hub, done.number)).encode()))
    assert artifacts.create(draft(digest="one", distributed_id="together")).number != version.number


def test_a_version_adds_to_the_one_before(hub) -> None:
    artifacts = hub.services.artifacts
    base = upload(hub)
    version = artifacts.create(draft(digest="more"))
    with pytest.raises(Conflict, match="nothing is added to it"):
        artifacts.add_manifest(
            version.number, name="i", digest="", kind=ManifestKind.INCREMENTAL, base_number=version.number
        )
    add_part(hub, version.number, ManifestKind.INCREMENTAL, b"more", "b", base.number)
    done = artifacts.commit(version.number)
    assert [file.name for file in artifacts.files(done.number).items] == ["a.bin", "b"]
    assert (done.file_count, done.size_bytes) == (2, 11)
    assert content_of(hub, base.number)["contents"].keys() == {"a.bin"}
    first = artifacts.create(draft("fresh", digest="f"))
    add_part(hub, first.number, ManifestKind.INCREMENTAL, b"more", "b")
    assert artifacts.commit(first.number).file_count == 1


def test_references_are_listed_and_have_no_bytes(hub) -> None:
    reference = {"digest": "etag", "ref": "s3://bucket/key", "size": 5}
    version = upload(hub, contents={"a.bin": {"digest": md5(b"weights"), "size": 7}, "far": reference})
    files = {file.name: file for file in hub.services.artifacts.files(version.number).items}
    assert files["far"].reference == "s3://bucket/key"
    assert (files["far"].blob, files["a.bin"].reference) == (None, None)
    assert version.size_bytes == 12


def test_a_collection_is_described_tagged_moved_renamed_and_deleted(hub) -> None:
    version = upload(hub)
    collections = hub.services.collections
    place = ("lab", "digits", "model")
    changed = collections.update(
        *place, CollectionChanges(description="d", artifact_type="other", tags_to_add=("a", "b", "a"))
    )
    assert (changed.description, changed.artifact_type, changed.tags) == ("d", "other", ("a", "b"))
    assert collections.update(*place, CollectionChanges(tags_to_delete=("a",))).tags == ("b",)
    assert collections.update(*place, CollectionChanges(name="new")).name == "new"
    with pytest.raises(NotFound, match="no artifact collection lab/digits/model"):
        collections.update(*place, CollectionChanges(description="x"))
    with pytest.raises(RequestInvalid, match="an artifact's name"):
        collections.update("lab", "digits", "new", CollectionChanges(name="a/b"))
    found = find(hub, "new:v0")
    assert found is not None
    assert found.number == version.number
    assert hub.services.artifacts.versions("lab", "digits", "new", oldest_first=True).total == 1
    assert collections.delete("lab", "digits", "new").name == "new"
    assert find(hub, "new:v0") is None
    with pytest.raises(NotFound):
        collections.delete("lab", "digits", "new")
