"""The transaction log that a push writes: framed as the client reads it, and holding what the source holds."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.push_facts import run_facts
from wandb.proto import wandb_internal_pb2

from sweepyard.domain.run import RunPath, RunState
from sweepyard.tracking.push.log import TransactionLog, exit_code_of

pb: Any = wandb_internal_pb2
_BLOCK = 32_768
PATH = RunPath("e", "p", "r")
FACTS = run_facts(
    notes="notes",
    config={"lr": 0.1, "deep": {"a.b": [1, None]}},
    client_config={"e": {"w": {"host": "box"}}, "visualize": {"v": 1}},
    summary={"loss": math.nan, "_wandb": {"runtime": 7}},
)


def records(path: Path) -> Iterator[Any]:
    """Read a log by the format's own rules."""
    data = path.read_bytes()
    assert data[:7] == b":W&B" + (0xBEE1).to_bytes(2, "little") + b"\0"
    position, pieces = 7, b""
    while position < len(data):
        room = _BLOCK - position % _BLOCK
        if room < 7:
            assert data[position : position + room].strip(b"\0") == b""
            position += room
            continue
        length, kind = int.from_bytes(data[position + 4 : position + 6], "little"), data[position + 6]
        piece = data[position + 7 : position + 7 + length]
        assert len(piece) == length <= room - 7
        assert int.from_bytes(data[position : position + 4], "little") == zlib.crc32(piece, zlib.crc32(bytes([kind])))
        assert bool(pieces) == (kind in {3, 4}) or not length
        pieces += piece
        position += 7 + length
        if kind in {1, 4}:
            record = pb.Record()
            record.ParseFromString(pieces)
            pieces = b""
            yield record
    assert pieces == b""


def items(listed: Any) -> dict[str, Any]:
    return {item.key: json.loads(item.value_json) for item in listed}


def only(path: Path) -> list[Any]:
    """The records behind the header."""
    header, *rest = records(path)
    assert header.header.version_info.min_consumer
    assert [record.num for record in rest] == list(range(2, len(rest) + 2))
    return rest


@pytest.mark.parametrize("excess", range(-24, 9))
def test_records_of_any_length_are_whole_across_blocks(tmp_path: Path, excess: int) -> None:
    texts = ["x" * (_BLOCK + excess), "short", "y" * (3 * _BLOCK), "", "z"]
    with TransactionLog(tmp_path / "log") as log:
        for text in texts:
            log.console(text, is_error=False)
    assert [record.output_raw.line for record in only(tmp_path / "log")] == [f"{text}\n" for text in texts]


def test_a_row_keeps_every_value(tmp_path: Path) -> None:
    row = {"_step": 3, "_timestamp": 1795251024.46477, "_runtime": 1.5, "a/b": math.nan, "i": -math.inf, "n": {"m": 1}}
    with TransactionLog(tmp_path / "log") as log:
        log.history(row)
        log.history({})
    first, empty = only(tmp_path / "log")
    assert first.history.step.num == 3
    found = items(first.history.item)
    assert math.isnan(found.pop("a/b"))
    assert found == {key: value for key, value in row.items() if key != "a/b"}
    assert empty.WhichOneof("record_type") == "history"


def test_the_run(tmp_path: Path) -> None:
    with TransactionLog(tmp_path / "log") as log:
        log.run(FACTS, RunPath("other", "place", "r"), sweep_id="t", started_at=1795251024.46477)
    (record,) = only(tmp_path / "log")
    run = record.run
    assert (run.run_id, run.entity, run.project, run.sweep_id) == ("r", "other", "place", "t")
    assert (run.display_name, run.notes, run.run_group, run.job_type) == ("shown", "notes", "g", "j")
    assert (list(run.tags), run.host, run.git.commit) == (["a", "b"], "box", "abc")
    assert items(run.config.update) == {**FACTS.config, "_wandb": FACTS.client_config}
    assert run.start_time.seconds + run.start_time.nanos / 1e9 == 1795251024.46477


@pytest.mark.parametrize("client_config", [{}, {"e": []}, {"e": {"w": {}}}, {"e": {"w": 1}}])
def test_a_run_of_an_unknown_host_names_one_all_the_same(tmp_path: Path, client_config: dict[str, Any]) -> None:
    with TransactionLog(tmp_path / "log") as log:
        log.run(replace(FACTS, client_config=client_config), PATH, sweep_id=None, started_at=0)
    (record,) = only(tmp_path / "log")
    assert record.run.host == "unknown"


@pytest.mark.parametrize("moment", [1795252900.3633885, 1795251023.1964898, 0.9999999999, 12.0])
def test_system_metrics_keep_their_time_to_the_last_bit(tmp_path: Path, moment: float) -> None:
    with TransactionLog(tmp_path / "log") as log:
        log.event({"_timestamp": moment, "_runtime": 1.0, "_wandb": True, "system.cpu": 2.5, "system.gpu.0.x": 1})
        log.event({})
    event, empty = only(tmp_path / "log")
    stamp = event.stats.timestamp
    assert stamp.seconds + stamp.nanos / 1e9 == round(moment, 9)
    assert 0 <= stamp.nanos < 10**9
    assert items(event.stats.item) == {"cpu": 2.5, "gpu.0.x": 1}
    assert empty.WhichOneof("record_type") == "stats"


def test_metric_definitions(tmp_path: Path) -> None:
    listed = [
        {"1": "loss", "5": 2, "6": [1, 3], "7": []},
        {"1": "epoch", "6": [], "7": []},
        {"2": "val/*", "5": 2, "6": [1], "7": [2, 99], "8": 1},
    ]
    with TransactionLog(tmp_path / "log") as log:
        log.metrics({"m": listed})
        log.metrics({})
    loss, val = (record.metric for record in only(tmp_path / "log"))
    assert (loss.name, loss.step_metric, loss.options.step_sync, loss.options.defined) == ("loss", "epoch", True, True)
    assert (val.glob_name, val.step_metric, val.options.defined, val.summary.max) == ("val/*", "epoch", False, True)
    assert val.goal == 1


@pytest.mark.parametrize(
    ("state", "code", "expected", "is_open"),
    [
        (RunState.FINISHED, 0, 0, False),
        (RunState.FAILED, 3, 3, False),
        (RunState.FAILED, None, 1, False),
        (RunState.KILLED, None, 255, False),
        (RunState.FINISHED, None, 0, False),
        (RunState.CRASHED, None, 1, True),
        (RunState.RUNNING, None, 1, True),
        (RunState.PREEMPTED, None, 1, True),
    ],
)
def test_the_end(tmp_path: Path, state: RunState, code: int | None, expected: int, is_open: bool) -> None:
    facts = replace(FACTS, state=state, exit_code=code)
    assert exit_code_of(facts) == expected
    with TransactionLog(tmp_path / "log") as log:
        log.end(facts)
    *before, record = only(tmp_path / "log")
    assert (record.exit.exit_code, record.exit.not_complete, record.exit.runtime) == (expected, is_open, 7)
    assert [found.WhichOneof("record_type") for found in before] == (
        ["preempting"] if state is RunState.PREEMPTED else []
    )


def test_what_is_empty_is_written_as_such_or_not_at_all(tmp_path: Path) -> None:
    with TransactionLog(tmp_path / "log") as log:
        log.summary({})
        log.files([])
        log.end(replace(FACTS, summary={}))
        with pytest.raises(ValueError, match="holds something"):
            log.write(pb.Record())
        log.files(["a b", "c"])
    summary, end, files = only(tmp_path / "log")
    assert summary.WhichOneof("record_type") == "summary"
    assert (end.WhichOneof("record_type"), end.exit.runtime) == ("exit", 0)
    assert [file.path for file in files.files.files] == ["a b", "c"]
