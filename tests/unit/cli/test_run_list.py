"""What `sweepyard runs list` asks for, and what its tables show."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from sweepyard.cli.run_list import order_form
from sweepyard.cli.run_table import check_columns, check_sort, keys_in, print_runs, unknown_names, usual_columns
from sweepyard.domain.query import mongo_form
from sweepyard.domain.run import RunPath
from sweepyard.errors import InvalidInput, RequestInvalid
from sweepyard.tracking.records import RunRecord
from sweepyard.tracking.wandb_filters import check_wandb_filter, check_wandb_order


def record(run_id: str, *, summary: dict[str, object], **config: object) -> RunRecord:
    return RunRecord(
        path=RunPath("local", "p", run_id),
        name=f"name of {run_id}",
        state="finished",
        config=dict(config),  # type: ignore[arg-type]
        summary=summary,  # type: ignore[arg-type]
        created_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        sweep_id=None,
        duration_seconds=None,
        tags=("best", "old"),
        url="",
    )


RUNS = [
    record("one", summary={"loss": 0.25, "best/epoch": 3}, lr=0.1, model={"name": "mlp", "units": [1, 2]}),
    record("two", summary={"loss": 0.125}, lr=1e-5, state="a key"),
]


def test_the_usual_columns_are_attributes_and_what_was_asked_for(capsys) -> None:
    columns = usual_columns(RUNS, ["created", *keys_in(mongo_form("loss < 1 and config.lr > 0 and absent != 1"))])
    assert columns == ["name", "state", "sweep", "created", "duration", "loss", "lr", "best/epoch"]
    print_runs(RUNS, columns)
    assert capsys.readouterr().out.splitlines() == [
        "run  name         state     sweep  created (UTC)     took  loss    lr      best/epoch",
        "one  name of one  finished  -      2026-01-02 03:04  -     0.2500  0.1000  3",
        "two  name of two  finished  -      2026-01-02 03:04  -     0.1250  1e-05   -",
    ]


def test_columns_are_attributes_and_keys_nested_ones_too(capsys) -> None:
    columns = ["tags", "state", "config.state", "model.units", "model.name", "summary.loss", "config.loss"]
    check_columns(columns[:-1], RUNS)
    print_runs(RUNS, columns)
    assert [re.split(" {2,}", line) for line in capsys.readouterr().out.splitlines()] == [
        ["run", *columns],
        ["one", "best, old", "finished", "-", "[1,2]", "mlp", "0.2500", "-"],
        ["two", "best, old", "finished", "a key", "-", "-", "0.1250", "-"],
    ]


def test_names_that_no_run_has_are_refused_all_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        check_columns(["name", "los", "host", "model.nam"], RUNS)
    assert [violation.received for violation in refused.value.violations] == ["'los'", "'host'", "'model.nam'"]
    assert "Did you mean `loss`?" in str(refused.value)
    assert "Did you mean `model.name`?" in str(refused.value)
    check_sort("host", RUNS)
    check_sort("anything", [])
    with pytest.raises(InvalidInput, match=r"--sort takes .* received 'los'"):
        check_sort("los", RUNS)


def test_names_in_a_filter_that_no_run_has_are_told() -> None:
    names = keys_in(mongo_form("sate = finished and (lr > 5 or config.lrr exists)"))
    assert unknown_names(names, RUNS) == [
        "no run has 'sate'. Did you mean `state`?",
        "no run has 'lrr'. Did you mean `lr`?",
    ]
    assert unknown_names(names, []) == []


@pytest.mark.parametrize(
    ("sign", "name", "form"),
    [
        ("-", "created", "-created_at"),
        ("+", "createdAt", "+created_at"),
        ("-", "epoch/val_accuracy", "-summary_metrics.epoch/val_accuracy"),
        ("+", "summary.loss", "+summary_metrics.loss"),
        ("+", "config.model.units", "+config.model.units.value"),
        ("-", "heartbeat", "-heartbeat_at"),
        ("-", "name", "-displayName"),
    ],
)
def test_orders_are_written_as_the_client_does(sign: str, name: str, form: str) -> None:
    assert order_form(sign, name) == form


@pytest.mark.parametrize("name", ["", "config."])
def test_an_order_needs_a_name(name: str) -> None:
    with pytest.raises(InvalidInput, match="--sort takes a metric"):
        order_form("-", name)


def test_wandb_is_asked_only_what_it_documents() -> None:
    check_wandb_filter(mongo_form("name ~ a and created > 2026-01-01 and duration > 1 and not (tags in (x) or lr < 1)"))
    check_wandb_filter({})
    asked = "attempt > 1 and heartbeat > 2026-01-01 and not (tags exists or lr < inf) and attempt > 2"
    with pytest.raises(RequestInvalid) as refused:
        check_wandb_filter(mongo_form(asked))
    received = [violation.received for violation in refused.value.violations]
    assert received == ["'attempt'", "'heartbeat'", "inf", "tags exists"]
    assert "config.KEY and summary.KEY" in str(refused.value)


def test_wandb_sorts_by_what_it_documents() -> None:
    for sortable in ("created_at", "heartbeat_at", "config.lr.value", "summary_metrics.loss"):
        check_wandb_order("", sortable)
    with pytest.raises(RequestInvalid, match=r"sort runs by created.*received 'name'"):
        check_wandb_order("name", "displayName")
