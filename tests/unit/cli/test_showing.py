"""What commands print, and what they read from what users type."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sweepyard.agents.sweeping import SweepOutcome
from sweepyard.cli.leaderboard import leaderboard_json, listing_again, print_leaderboard, swept_keys
from sweepyard.cli.models import find_model, model_in
from sweepyard.cli.output import duration, number, print_json, print_table
from sweepyard.cli.progress import ProgressView, describe
from sweepyard.cli.reading import path_of
from sweepyard.cli.sweep import names_sweep
from sweepyard.cli.sweeping import verdict
from sweepyard.domain.comparison import config_differences
from sweepyard.domain.objective import Goal, Objective
from sweepyard.domain.progress import SweepProgress
from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import InvalidInput, ModelFileError
from sweepyard.jsonvalue import JsonObject
from sweepyard.settings import Settings
from sweepyard.tracking.records import RunRecord, SweepRecord

METRIC = "epoch/val_accuracy"


def run(run_id: str, value: float | None, state: str = "finished", **config: object) -> RunRecord:
    return RunRecord(
        path=RunPath("local", "p", run_id),
        name=run_id,
        state=state,
        config=dict(config),  # type: ignore[arg-type]
        summary={} if value is None else {METRIC: value},
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        sweep_id="s",
        duration_seconds=61.0,
        tags=(),
        url=f"http://127.0.0.1:1/local/p/runs/{run_id}",
    )


def sweep(*runs: RunRecord, state: str = "FINISHED") -> SweepRecord:
    parameters: JsonObject = {"model": {"values": ["mlp"]}, "trainer.epochs": {"values": [1]}, "seed": {"value": 1}}
    return SweepRecord(
        path=SweepPath("local", "p", "s"),
        name="s",
        state=state,
        config={"parameters": parameters},
        objectives=(Objective(METRIC, Goal.MAXIMIZE),),
        url="http://127.0.0.1:1/local/p/sweeps/s",
        expected_runs=3,
        runs=runs,
    )


def progress(**changes: object) -> SweepProgress:
    values: dict[str, object] = {
        "metric": METRIC,
        "finished": 1,
        "running": 2,
        "preempted": 0,
        "ended": 0,
        "expected": 8,
        "best": 0.91234,
        "elapsed_seconds": 65.0,
        "remaining_seconds": 130.0,
    }
    return SweepProgress(**{**values, **changes})  # type: ignore[arg-type]


def test_progress_says_done_running_failed_best_and_time_left() -> None:
    assert describe(progress()) == (
        "1 of 8 done, 2 running, 0 failed, best epoch/val_accuracy 0.9123, 1 min 05 s so far, about 2 min 10 s left"
    )


def test_progress_tells_runs_that_wait_to_go_on() -> None:
    assert describe(progress(preempted=3)).startswith("1 of 8 done, 2 running, 3 preempted, 0 failed, ")


def test_progress_without_an_end_or_a_value_leaves_them_out() -> None:
    text = describe(progress(expected=None, best=None, remaining_seconds=None))
    assert text == "1 done, 2 running, 0 failed, 1 min 05 s so far"


def test_plain_progress_prints_changes_and_now_and_then_a_sign_of_life(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressView() as view:
        for elapsed in (0.0, 2.0, 4.0, 16.0):
            view.show(progress(elapsed_seconds=elapsed))
        view.show(progress(elapsed_seconds=17.0, finished=2))
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_the_leaderboard_ranks_and_keeps_those_without_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    record = sweep(
        run("worse", 0.5, model="mlp", trainer={"epochs": 1}),
        run("none", None, "failed", model="mlp"),
        run("best", 0.9, model="convnet", **{"trainer.epochs": 4}),
    )
    print_leaderboard(record)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["1", "best"], ["2", "worse"], ["-", "none"]]
    assert "convnet" in lines[1]
    assert "0.9000" in lines[1]
    values = leaderboard_json(record)["runs"]
    assert isinstance(values, list)
    assert [entry["run"] for entry in values if isinstance(entry, dict)] == ["best", "worse", "none"]
    assert swept_keys(record) == ["model", "trainer.epochs"]


def test_the_command_that_lists_again_is_quoted_for_the_shell() -> None:
    assert listing_again(SweepPath("local", "a b", "s")).endswith("sweepyard runs list --project 'a b' --sweep s")
    assert names_sweep("local/a b/ab12cd34")


def test_a_leaderboard_of_several_metrics_marks_the_front(capsys: pytest.CaptureFixture[str]) -> None:
    objectives = (Objective(METRIC, Goal.MAXIMIZE), Objective("size"))
    runs = [replace(run(name, value), summary={METRIC: value, "size": size}) for name, value, size in _SIZED]
    record = replace(sweep(*runs, run("none", None)), objectives=objectives)
    print_leaderboard(record)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["1*", "a"], ["2", "b"], ["3*", "c"], ["-", "none"]]
    shown = leaderboard_json(record)
    assert (shown["metrics"], shown["front"]) == ([METRIC, "size"], ["a", "c"])


def test_a_leaderboard_of_repeats_sums_up_the_points(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [run("a", 0.5, model="mlp"), run("b", 0.7, model="mlp"), run("c", 0.9, model="convnet"), run("d", None)]
    record = sweep(*runs)
    record = replace(record, config={**record.config, "repeats": 2})
    print_leaderboard(record)
    assert "mean epoch/val_accuracy" in capsys.readouterr().out
    points = leaderboard_json(record)["points"]
    assert isinstance(points, list)
    assert [(point["mean"], point["n"]) for point in points] == [(0.9, 1), (pytest.approx(0.6), 2), (None, 0)]  # type: ignore[index,call-overload]
    assert points[1]["spread"] == pytest.approx(0.1414, abs=1e-3)  # type: ignore[index,call-overload]
    assert points[1]["runs"] == ["a", "b"]  # type: ignore[index,call-overload]


_SIZED = (("a", 0.9, 5), ("b", 0.8, 6), ("c", 0.7, 1))


def test_a_long_leaderboard_names_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    print_leaderboard(sweep(*(run(f"r{number}", number / 100) for number in range(25))))
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith("... and 5 more: ")
    assert last.endswith("sweepyard runs list --project p --sweep s")


@pytest.mark.parametrize(
    ("record", "to_the_end", "code", "said"),
    [
        (sweep(run("a", 1.0)), True, 0, ""),
        (sweep(run("a", 1.0), run("b", None, "failed")), True, 0, "1 of 2 runs did not finish"),
        (sweep(run("b", None, "crashed")), True, 1, "no run finished"),
        (sweep(run("a", 1.0), state="RUNNING"), True, 1, "left before the sweep's end (it is running)"),
        (sweep(run("a", 1.0), state="RUNNING"), False, 0, ""),
    ],
)
def test_the_verdict_on_a_sweep(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    record: SweepRecord,
    to_the_end: bool,
    code: int,
    said: str,
) -> None:
    log = tmp_path / "agent-1.log"
    log.write_text("one\ntwo\n")
    assert verdict(SweepOutcome(record, (log,)), to_the_end=to_the_end) == code
    error = capsys.readouterr().err
    assert said in error
    assert ("agent-1.log: two" in error) == bool(said)


def test_differences_between_configs_leave_out_what_is_the_same() -> None:
    configs: list[JsonObject] = [
        {"trainer": {"epochs": 1, "batch_size": 2}, "provenance": {"a": 1}, "output": "x"},
        {"trainer": {"epochs": 3, "batch_size": 2}, "model": "mlp", "provenance": {"a": 2}, "output": "y"},
    ]
    assert config_differences(configs) == {"trainer.epochs": [1, 3], "model": [None, "mlp"]}


@pytest.mark.parametrize(
    ("text", "path"), [("abc", "sweepyard/abc"), ("p/abc", "p/abc"), ("e/p/abc", "e/p/abc")], ids=str
)
def test_runs_are_named_by_id_or_path(text: str, path: str) -> None:
    assert path_of(text) == path


@pytest.mark.parametrize("text", ["a/b/c/d", "", "/"])
def test_other_names_of_runs_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="entity/project/id"):
        path_of(text)


def test_the_best_model_of_a_folder_goes_before_the_last(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"model\.keras"):
        model_in(tmp_path)
    (tmp_path / "model.keras").touch()
    assert model_in(tmp_path).name == "model.keras"
    (tmp_path / "model-best.keras").touch()
    assert model_in(tmp_path).name == "model-best.keras"


def test_models_are_found_by_file_folder_and_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(home=tmp_path / "home", cache=tmp_path)
    folder = tmp_path / "home" / "outputs" / "p" / "ab12cd34"
    folder.mkdir(parents=True)
    model = folder / "model.keras"
    model.touch()
    assert find_model(str(model), settings) == find_model(str(folder), settings) == find_model("ab12cd34", settings)
    with pytest.raises(ModelFileError, match=r"gone\.keras"):
        find_model("gone.keras", settings)


def test_numbers_and_durations_for_people() -> None:
    assert [number(value) for value in (0.5, 0.00012345, 0.0, 3, None, True, "x")] == [
        "0.5000",
        "0.000123",
        "0.0000",
        "3",
        "-",
        "true",
        "x",
    ]
    assert [duration(value) for value in (0.4, 59.4, 61, 3600, 7260)] == [
        "0 s",
        "59 s",
        "1 min 01 s",
        "1 h 00 min",
        "2 h 01 min",
    ]


def test_json_is_strict(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": float("nan"), "b": [1, "é"]})
    assert json.loads(capsys.readouterr().out) == {"a": "NaN", "b": [1, "é"]}


def test_a_table_in_a_file_is_never_folded(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["a", "b"], [["x" * 300, "[bold]y"]])
    assert capsys.readouterr().out.splitlines()[1] == "x" * 300 + "  [bold]y"
