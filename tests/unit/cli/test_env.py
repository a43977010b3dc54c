"""`sweepyard env`: the report, and two runs beside each other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from sweepyard.cli import door, env
from sweepyard.config.schema import DataConfig
from sweepyard.datasets.loading import load
from sweepyard.domain.run import RunPath
from sweepyard.jsonvalue import JsonObject
from sweepyard.settings import Settings
from sweepyard.tracking.records import RunRecord

CONFIGS: dict[str, JsonObject] = {
    "one": {"lr": 0.1, "provenance": {"packages": {"keras": "3.15"}, "machine": {"gpus": ["H200", "H200"]}}},
    "two": {"lr": 0.2, "provenance": {"packages": {"keras": "3.14"}, "machine": {"gpus": []}}},
}


class RecordedRuns:
    """A server with the runs of `CONFIGS`."""

    def run(self, path: str) -> RunRecord:
        project, run_id = path.split("/")
        return RunRecord(
            path=RunPath("local", project, run_id),
            name=run_id,
            state="finished",
            config=CONFIGS[run_id],
            summary={},
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            sweep_id=None,
            duration_seconds=None,
            tags=(),
            url="",
        )


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def reader_of(source: str, settings: Settings) -> Iterator[RecordedRuns]:
        assert source == "hub"
        yield RecordedRuns()

    monkeypatch.setattr(env, "reader_of", reader_of)


def test_the_report_tells_of_packages_machine_flags_and_cached_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SWEEPYARD_CACHE", str(tmp_path))
    monkeypatch.setenv("TF_DETERMINISTIC_OPS", "1")
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    digest = load(DataConfig(name="mnist5k"), Settings(home=tmp_path, cache=tmp_path)).digest
    assert door.enter(["env", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["packages"]["numpy"] == np.__version__
    assert report["packages"]["sqlalchemy"]
    assert report["machine"]["processors"] >= 1
    assert report["flags"]["TF_DETERMINISTIC_OPS"] == "1"
    assert "XLA_FLAGS" in report["flags"]
    assert report["flags"]["XLA_FLAGS"] is None
    assert {name for name, found in report["data"].items() if found} == {"mnist5k"}
    assert (report["data"]["mnist5k"], report["data"]["mnist"]) == (digest, None)
    assert door.enter(["env"]) == 0
    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line)
    assert shown["packages.numpy"] == np.__version__
    assert (shown["flags.TF_DETERMINISTIC_OPS"], shown["flags.XLA_FLAGS"]) == ("1", "not set")
    assert (shown["data.mnist5k"], shown["data.mnist"]) == (digest, "not in the cache")


def test_damaged_data_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SWEEPYARD_CACHE", str(tmp_path))
    load(DataConfig(name="mnist5k"), Settings(home=tmp_path, cache=tmp_path))
    (file,) = (tmp_path / "datasets" / "mnist5k").glob("*labels*")
    file.write_bytes(file.read_bytes()[:-1] + b"\x07")
    assert door.enter(["env", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["data"]["mnist5k"].startswith("cannot be trusted: ")


def test_two_runs_are_compared_in_what_they_were_made_from(server: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.enter(["env", "--diff", "one", "two"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["made", "from", "one", "two"],
        ["machine.gpus", "H200,", "H200", "none"],
        ["packages.keras", "3.15", "3.14"],
    ]
    assert door.enter(["env", "--diff", "one", "two", "--project", "digits", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "runs": ["local/digits/one", "local/digits/two"],
        "differences": {"machine.gpus": [["H200", "H200"], []], "packages.keras": ["3.15", "3.14"]},
    }


def test_where_nothing_differs_that_is_said(server: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.enter(["env", "--diff", "one", "one"]) == 0
    assert capsys.readouterr().out == "both were made from the same, as far as it was recorded\n"
