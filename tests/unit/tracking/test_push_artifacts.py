"""The order in which versions are sent, and the ids by which rows name them."""

from __future__ import annotations

from tests.fakes.push_facts import artifact_facts

from sweepyard.domain.run import RunPath
from sweepyard.tracking.push.artifacts import ClientIds, derived_client_id, in_order
from sweepyard.tracking.push.facts import ArtifactFacts

A, B = RunPath("e", "p", "a"), RunPath("e", "p", "b")


def version(collection: str, number: int | None, created_at: str = "") -> ArtifactFacts:
    name = f"{collection}{number}"
    digest = f"{name}{created_at}"
    return artifact_facts(node_id=name, collection=collection, digest=digest, version=number, created_at=created_at)


def shown(blocks: list[tuple[RunPath, list[ArtifactFacts]]]) -> list[tuple[str, str]]:
    return [(path.run_id, " ".join(map(str, block))) for path, block in blocks]


def test_runs_by_turns() -> None:
    logged = {A: [version("x", 2), version("x", 0), version("y", 0)], B: [version("x", 1)]}
    assert shown(in_order(logged)) == [("a", "x:v0 y:v0"), ("b", "x:v1"), ("a", "x:v2")]


def test_runs_that_share_nothing_have_a_block_each() -> None:
    logged = {A: [version("x", 1), version("x", 0)], B: [version("y", 0)], RunPath("e", "p", "c"): []}
    assert shown(in_order(logged)) == [("a", "x:v0 x:v1"), ("b", "y:v0")]
    assert in_order({}) == []


def test_one_version_that_two_runs_logged() -> None:
    both = version("x", 0)
    logged = {A: [both, version("x", 1)], B: [both]}
    blocks = in_order(logged)
    assert sorted((path.run_id, artifact.version) for path, block in blocks for artifact in block) == [
        ("a", 0),
        ("a", 1),
        ("b", 0),
    ]
    assert blocks[0][1][0] is both


def test_without_numbers_time_decides() -> None:
    logged = {A: [version("x", None, "2027"), version("x", None, "2026")]}
    ((_, block),) = in_order(logged)
    assert [artifact.created_at for artifact in block] == ["2026", "2027"]


def test_ids_are_found_wherever_rows_hold_them() -> None:
    ids = ClientIds()
    table = {
        "artifact_path": "wandb-client-artifact://one/t.json",
        "_latest_artifact_path": "wandb-client-artifact://all:latest/t.json",
    }
    ids.note({"_step": 1, "deep": {"list": [table, 1, "wandb-client-artifact://no/x"]}})
    ids.note({"artifact_path": "wandb-client-artifact://two/t.json"})
    ids.note({"artifact_path": "wandb-artifact://server/t.json", "more": {"artifact_path": 3}})
    assert ids.pairs == {"one": "all", "two": ""}
    assert ids.by_artifact({"one": "A1"}.get) == {"A1": ("one", "all")}


def test_a_derived_id_is_the_same_for_the_same_thing_and_legal() -> None:
    one = derived_client_id(A, "x", "digest")
    assert one == derived_client_id(B, "x", "digest")
    assert one != derived_client_id(A, "x", "other")
    assert one != derived_client_id(RunPath("e", "q", "a"), "x", "digest")
    assert one.isalnum()
    assert len(one) == 128
