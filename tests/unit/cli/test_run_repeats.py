"""What `sweepyard runs compare` shows of runs that repeat one another."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from sweepyard.cli.run_repeats import print_repeats, repeats_json, seed_key
from sweepyard.domain.repeats import GroupedRepeats, grouped_repeats
from sweepyard.domain.run import RunPath
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.tracking.records import RunRecord


def record(run_id: str, accuracy: float, *, sweep: str | None = None, **config: float) -> RunRecord:
    return RunRecord(
        path=RunPath("local", "p", run_id),
        name=run_id,
        state="finished",
        config=dict(config),
        summary={"acc": accuracy},
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        sweep_id=sweep,
        duration_seconds=None,
        tags=(),
        url="",
    )


RUNS = [
    *(record(f"a{seed}", value, lr=0.1, seed=seed) for seed, value in enumerate([0.90, 0.91, 0.92])),
    *(record(f"b{seed}", value, lr=0.2, seed=seed) for seed, value in enumerate([0.70, 0.71, 0.72])),
    record("c0", 0.95, lr=0.3, seed=0),
]


def grouped(records: list[RunRecord]) -> GroupedRepeats:
    found = grouped_repeats([run.config for run in records], [run.summary for run in records], 0)
    assert found is not None
    return found


def test_groups_with_their_means_and_verdicts(capsys: Any) -> None:
    print_repeats(grouped(RUNS), RUNS)
    assert [re.split(" {2,}", line.strip()) for line in capsys.readouterr().out.splitlines()] == [
        ["repeats", "n", "config", "runs"],
        ["A (base)", "3", "lr = 0.1", "a0, a1, a2"],
        ["B", "3", "lr = 0.2", "b0, b1, b2"],
        ["C", "1", "lr = 0.3", "c0"],
        [""],
        ["metric", *(f"{name}, mean ± deviation" for name in ("A (base)", "B", "C"))],
        ["acc", "0.9100 ± 0.0100 (n = 3)", "0.7100 ± 0.0100 (n = 3)", "0.9500 (n = 1)"],
        ["-0.2000, p < 0.0001: lower, hardly by chance", "+0.0400: needs two runs or more in both groups"],
        [""],
        ["More than chance: p below 5% in Welch's t-test (two-sided)."],
    ]


def test_the_same_as_json() -> None:
    found: Any = repeats_json(grouped(RUNS), RUNS)
    assert (found["level"], found["tests"]) == (0.05, 1)
    assert [(group["group"], group["base"], group["config"]) for group in found["groups"]] == [
        ("A", True, {"lr": 0.1}),
        ("B", False, {"lr": 0.2}),
        ("C", False, {"lr": 0.3}),
    ]
    assert found["groups"][2]["runs"] == ["local/p/c0"]
    base, other, alone = found["metrics"]["acc"]
    assert (base["n"], base["difference"], base["p"], base["significant"]) == (3, None, None, None)
    assert (round(other["mean"], 6), other["significant"], other["verdict"]) == (0.71, True, "lower, hardly by chance")
    assert (alone["deviation"], alone["n"], alone["significant"]) == (None, 1, None)


@pytest.mark.parametrize(("repeats", "key"), [({"n": 2, "key": "draw"}, "draw"), (3, "seed"), (None, None)])
def test_the_seed_is_what_the_sweep_calls_so(repeats: JsonValue, key: str | None) -> None:
    file: JsonObject = {"method": "random", "program": "t.py", "parameters": {"lr": {"min": 0.0, "max": 1.0}}}
    assert seed_key(file if repeats is None else {**file, "repeats": repeats}) == key
