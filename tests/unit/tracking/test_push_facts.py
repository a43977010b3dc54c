"""What makes two servers' runs equal, and what of them is told apart."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.push_facts import artifact_facts, run_facts

from sweepyard.domain.run import RunPath, RunState
from sweepyard.tracking.push.facts import (
    FileFacts,
    RunFacts,
    differences,
    is_end_as,
    metrics_of,
    renumbered,
)
from sweepyard.tracking.push.side_runs import ConsoleText
from sweepyard.tracking.push.streams import StreamDigests

ARTIFACT = artifact_facts(metadata={"k": 1}, aliases=("best",))
FACTS = run_facts(
    config={"lr": 0.1},
    client_config={"t": {"12": "0.31.0"}, "m": [{"1": "loss", "6": [3]}]},
    summary={"loss": math.nan, "deep": {"x": 1.0}},
    history_lines=5,
    event_lines=4,
    console_lines=3,
    files={"f": FileFacts(3, "md5")},
    artifacts=(ARTIFACT,),
    used=(ARTIFACT,),
)
CHANGES: dict[str, dict[str, Any]] = {
    "name": {"name": "n"},
    "notes": {"notes": "n"},
    "tags": {"tags": ("a",)},
    "group": {"group": ""},
    "job type": {"job_type": ""},
    "commit": {"commit": ""},
    "rows of history": {"history_lines": 4},
    "lines of system metrics": {"event_lines": 3},
    "lines of console": {"console_lines": 2},
    "metric definitions": {"client_config": {}},
    "config lr": {"config": {"lr": 0.2}},
    "config more": {"config": {"lr": 0.1, "more": None}},
    "summary loss": {"summary": {"loss": math.inf, "deep": {"x": 1.0}}},
    "summary deep": {"summary": {"loss": math.nan}},
    "state": {"state": RunState.FAILED, "exit_code": 1},
    "file f": {"files": {}},
    "artifact c:v0": {"artifacts": ()},
    "input c:v0": {"used": ()},
}


def found(source: RunFacts, destination: RunFacts, sweep_id: str | None = "s") -> list[str]:
    return [difference.what for difference in differences(source, destination, sweep_id=sweep_id)]


def test_equal_runs_have_no_differences_whatever_servers_say_of_themselves() -> None:
    other = replace(
        FACTS,
        path=RunPath("x", "y", "r"),
        node_id="m",
        tags=("b", "a"),
        created_at="2027",
        summary={"deep": {"x": 1}, "loss": math.nan},
        client_config={"t": {}, "m": FACTS.client_config["m"]},
        files={**FACTS.files, "made by the server": FileFacts(1, None)},
        artifacts=(replace(ARTIFACT, node_id="9", version=7, aliases=("best", "latest"), created_at="2028"),),
    )
    assert found(FACTS, other) == []


@pytest.mark.parametrize("what", CHANGES)
def test_each_difference_is_named_and_changes_the_fingerprint(what: str) -> None:
    other = replace(FACTS, **CHANGES[what])
    assert found(FACTS, other) == [what]
    assert FACTS.fingerprint() == replace(FACTS).fingerprint()
    assert other.fingerprint() != FACTS.fingerprint()


def test_the_sweep_is_the_destinations() -> None:
    assert found(FACTS, replace(FACTS, sweep_id="t"), sweep_id="t") == []
    assert found(FACTS, FACTS, sweep_id="t") == ["sweep"]
    assert found(replace(FACTS, sweep_id=None), replace(FACTS, sweep_id=None), sweep_id=None) == []


def test_an_artifact_that_is_described_otherwise() -> None:
    for change in ({"aliases": ()}, {"metadata": {}}, {"description": "d"}, {"tags": ("t",)}):
        other = replace(FACTS, artifacts=(replace(ARTIFACT, **change),))
        assert found(FACTS, other) == ["artifact c:v0"]


def test_another_number_is_said_not_counted() -> None:
    assert list(renumbered((ARTIFACT,), (replace(ARTIFACT, version=2),))) == ["c:v0 is c:v2 at the destination"]
    assert list(renumbered((ARTIFACT,), (ARTIFACT,))) == []
    assert list(renumbered((ARTIFACT,), ())) == []
    assert str(replace(ARTIFACT, version=None)) == "c:?"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (FileFacts(1, "a"), FileFacts(1, "a"), True),
        (FileFacts(1, "a"), FileFacts(1, "b"), False),
        (FileFacts(1, "a"), FileFacts(2, "a"), False),
        (FileFacts(1, None), FileFacts(1, "b"), True),
        (FileFacts(1, "a"), FileFacts(1, None), True),
        (FileFacts(1, "a"), None, False),
    ],
)
def test_files(one: FileFacts, other: FileFacts | None, expected: bool) -> None:
    assert one.is_as(other) is expected


@pytest.mark.parametrize(
    ("source", "destination", "expected"),
    [
        ((RunState.CRASHED, None), (RunState.RUNNING, None), True),
        ((RunState.RUNNING, None), (RunState.CRASHED, None), True),
        ((RunState.PREEMPTED, None), (RunState.CRASHED, None), True),
        ((RunState.CRASHED, None), (RunState.FINISHED, 0), False),
        ((RunState.FAILED, None), (RunState.FAILED, 1), True),
        ((RunState.FAILED, 2), (RunState.FAILED, 1), False),
        ((RunState.FINISHED, 0), (RunState.RUNNING, None), False),
    ],
)
def test_ends(source: Any, destination: Any, expected: bool) -> None:
    one = replace(FACTS, state=source[0], exit_code=source[1])
    other = replace(FACTS, state=destination[0], exit_code=destination[1])
    assert is_end_as(one, other) is expected


def test_metric_definitions_are_compared_by_names_not_places() -> None:
    one = {"m": [{"1": "loss", "5": 2, "6": [1, 3], "7": []}, {"1": "epoch", "6": [], "7": []}]}
    other = {"m": [{"1": "epoch"}, {"7": [], "6": [1, 3], "5": 1, "1": "loss"}]}
    assert metrics_of(one) == metrics_of(other) == [{"1": "loss", "6": [1, 3], "step": "epoch"}]
    assert metrics_of({}) == metrics_of({"m": "nonsense"}) == metrics_of({"m": [1]}) == []
    assert metrics_of({"m": [{"1": "a", "5": 9, "6": [3]}]}) == [{"1": "a", "6": [3]}]


def test_a_long_value_is_shown_in_short() -> None:
    (difference,) = differences(FACTS, replace(FACTS, notes="x" * 1000), sweep_id="s")
    assert len(str(difference)) < 300
    assert str(difference).startswith('notes: "" there, xxx')


def test_consoles_are_compared_without_the_blanks_at_the_ends_of_lines() -> None:
    def digests(*lines: str) -> StreamDigests:
        found = StreamDigests()
        for line in lines:
            found.console(ConsoleText(line, is_error=False))
        return found

    here = digests("epoch 1", "100%|###|      ", "done")
    assert [*here.differences(digests("epoch 1  ", "100%|###|", "done"))] == []
    [changed] = here.differences(digests("epoch 1", "99%|## |", "over"))
    assert changed.what == "text of the console, first in line 2"
    assert changed.source != changed.destination
    [missing] = here.differences(digests("epoch 1", "100%|###|"))
    assert (missing.what, missing.destination) == ("text of the console, first in line 3", "nothing")
