"""What `sweepyard runs list` asks for, and what its tables show."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sweepyard.cli.run_list import list_runs, order_form
from sweepyard.cli.run_table import (
    check_columns,
    check_sort,
    lacking,
    print_runs,
    unknown_names,
    usual_columns,
)
from sweepyard.domain.query import mongo_form
from sweepyard.domain.query_names import keys_in
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


def test_a_long_name_does_not_push_the_others_out_of_sight(capsys) -> None:
    long = replace(RUNS[0], name="n" * 4096)
    print_runs([long, RUNS[1]], ["name", "state"])
    assert capsys.readouterr().out.splitlines() == [
        f"run  name{' ' * 76}  state",
        f"one  {'n' * 79}…  finished",
        f"two  name of two{' ' * 69}  finished",
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


def test_what_a_swept_key_came_to_is_shown_by_its_usual_name(capsys) -> None:
    swept = record("three", summary={}, model="convnet", resolved={"model": {"name": "convnet"}})
    assert keys_in(mongo_form("model.name = convnet")) == ["model.name"]
    print_runs([swept, *RUNS], ["model.name", "model"])
    assert [line.split() for line in capsys.readouterr().out.splitlines()[1:3]] == [
        ["three", "convnet", "convnet"],
        ["one", "mlp", '{"name":"mlp","units":[1,2]}'],
    ]


@pytest.mark.parametrize("name", ["seed", "config.seed.value", "best/val_accuracy", "model.filters", "summary.failure"])
def test_a_column_that_training_records_may_be_empty(name: str) -> None:
    check_columns([name], RUNS)
    check_sort(name, RUNS)
    assert lacking([name, "lr", "state", "model.name"], RUNS) == [name]
    assert lacking([name], []) == []


def test_a_column_that_other_runs_have_may_be_empty() -> None:
    other = record("four", summary={"mine": 1})
    check_columns(["mine", "lr"], RUNS, [other])
    check_sort("mine", RUNS, [other])
    with pytest.raises(InvalidInput, match="Did you mean `mine`"):
        check_columns(["mien"], RUNS, [other])


def test_attributes_that_a_table_does_not_show_are_refused_with_those_that_it_does() -> None:
    with pytest.raises(
        InvalidInput, match="takes the attributes name, state, sweep, tags, created, duration, and keys"
    ):
        check_columns(["heartbeat"], RUNS)


def examples_of_filters() -> list[str]:
    repository = Path(__file__).parents[3]
    texts = [
        (repository / name).read_text(encoding="utf-8") for name in ("README.md", "docs/filters.md", "docs/hub.md")
    ]
    block = texts[1].split("```")[1].strip().splitlines()
    linked = re.findall(r"`([^`\n]+)`\]\(filters.md\)|\(docs/filters.md\): `([^`\n]+)`", "".join(texts))
    shown = [
        *texts,
        list_runs.epilog or "",
        *(getattr(option, "help", None) or "" for option in list_runs.params if option.name == "text"),
    ]
    quoted = re.findall(r"--filter '([^']+)'|: '([^']+)'\.", "".join(shown))
    return [*block, *("".join(groups) for groups in (*linked, *quoted))]


def test_filters_in_examples_name_what_training_records() -> None:
    filters = examples_of_filters()
    assert len(filters) >= 8
    for text in filters:
        check_columns(keys_in(mongo_form(text)), RUNS)


def test_names_in_a_filter_that_no_run_has_are_told() -> None:
    names = keys_in(mongo_form("sate = finished and (lr > 5 or config.lrr exists)"))
    assert unknown_names(names, RUNS) == [
        "no run has 'sate'. Did you mean `state`?",
        "no run has 'lrr'. Did you mean `lr`?",
    ]
    assert unknown_names(names, []) == []
    assert unknown_names(["model"], RUNS) == ["no run has 'model'. Did you mean `model.name`?"]
    odd = record("five", summary={"long " * 99: 1, "b\x1b[31m": 2}, **{f"k{place:03}": place for place in range(500)})
    assert unknown_names(["nosuch"], [odd]) == [
        "no run has 'nosuch'. The nearest of 519 names: `notes`, `host`, `group`, `user`, `tags`"
    ]


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
