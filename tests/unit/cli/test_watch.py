"""What `sweepyard watch` shows of a sweep, whatever the terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import sys
import termios
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from sweepyard.agents.sweeping import progress_now
from sweepyard.cli.keys import Keyboard
from sweepyard.cli.watch_changes import changes
from sweepyard.cli.watch_picture import in_order, picture, spark
from sweepyard.cli.watch_views import JsonView, LinesView, PictureView, sight_json, view_for
from sweepyard.domain.objective import Goal, Objective
from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.tracking.records import AgentRecord, RunRecord, SweepRecord, SweepSight

NOW = datetime(2026, 11, 21, 8, 10, tzinfo=UTC)


def run(run_id: str, state: str, value: float | None, *, minute: int, units: int = 8) -> RunRecord:
    return RunRecord(
        path=RunPath("local", "p", run_id),
        name=run_id,
        state=state,
        config={"model": {"units": units}, "fixed": 1},
        summary={} if value is None else {"acc": value},
        created_at=datetime(2026, 11, 21, 8, minute, tzinfo=UTC),
        sweep_id="s",
        duration_seconds=None if value is None else 60.0,
        tags=(),
        url="",
    )


def agent(agent_id: str, **changes: object) -> AgentRecord:
    values: dict[str, object] = {
        "agent_id": agent_id,
        "host": "box",
        "is_here": True,
        "run_id": None,
        "heartbeat_at": NOW - timedelta(seconds=5),
        "total_runs": 3,
        "failures": 0,
        "put_aside": False,
    }
    return AgentRecord(**{**values, **changes})  # type: ignore[arg-type]


SIGHT = SweepSight(
    sweep=SweepRecord(
        path=SweepPath("local", "p", "s"),
        name="small",
        state="RUNNING",
        config={"parameters": {"model.units": {"values": [8, 16]}, "fixed": {"value": 1}}, "run_cap": 9},
        objectives=(Objective("acc", Goal.MAXIMIZE),),
        url="",
        expected_runs=None,
        runs=(
            run("good", "finished", 0.75, minute=0),
            run("best", "finished", 0.875, minute=1, units=16),
            run("early", "killed", 0.125, minute=2),
            run("none", "failed", None, minute=3),
            run("older", "running", 0.5, minute=8),
            run("newer", "running", None, minute=9),
        ),
    ),
    agents=(agent("one", run_id="newer"), agent("two", is_here=False, heartbeat_at=None), agent("three")),
    curves={"best": [0.0, 0.5, 1.0], "older": [0.25]},
    stopped_early={"early": "early termination at iteration 3"},
)


def drawn(sight: SweepSight, *, width: int = 100, height: int | None = None, note: str = "") -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(picture(sight, NOW, console, height=height, note=note))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def test_the_picture() -> None:
    assert drawn(SIGHT, note="q quits") == [
        "small  running  local/p/s",
        "███████████░░░░░░░░░░░░░ 2 of 9 done, 2 running, 1 failed, 1 stopped early, best acc 0.8750, 5 min",
        "00 s so far, about 4 min 00 s left",
        "best: best  acc 0.8750  model.units 16",
        "",
        "state          run    units  acc     curve  took",
        "running        newer  8      -              -",
        "running        older  8      0.5000  ▄      1 min 00 s",
        "finished       best   16     0.8750  ▁▅█    1 min 00 s",
        "finished       good   8      0.7500         1 min 00 s",
        "stopped early  early  8      0.1250         1 min 00 s",
        "failed         none   8      -              -",
        "",
        "agent  host        run    heartbeat  runs",
        "three  box   here  -      5 s ago    3",
        "one    box   here  newer  5 s ago    3",
        "two    box   gone  -      -          3",
        "",
        "q quits",
    ]


def test_points_that_are_repeated_have_mean_spread_and_number() -> None:
    sweep = replace(SIGHT.sweep, config={**SIGHT.sweep.config, "repeats": 2})
    sight = replace(SIGHT, sweep=sweep)
    lines = drawn(sight)
    place = lines.index("units  mean acc  spread  n")
    assert lines[place - 1 : place + 4] == [
        "",
        "units  mean acc  spread  n",
        "16     0.8750    -       1",
        "8      0.4583    0.3146  3",
        "",
    ]
    low = drawn(sight, height=15)
    assert "units  mean acc  spread  n" in low
    assert not any("heartbeat" in line for line in low), "agents go first"
    assert not any("spread" in line for line in drawn(sight, height=12))
    assert sight_json(sight, NOW)["points"]


def test_a_narrow_and_low_terminal_gets_what_matters_most() -> None:
    lines = drawn(SIGHT, width=34, height=24, note="q quits")
    assert max(map(len, lines)) <= 34
    assert len(lines) <= 24
    assert "state          run    acc" in lines
    assert "agent        run    heartbeat" in lines
    low = drawn(SIGHT, width=34, height=18, note="q quits")
    assert len(low) == 18
    assert "... and 1 more" in low
    assert not any(line.startswith("agent") for line in low)
    lowest = drawn(SIGHT, width=34, height=5, note="q quits")
    assert "running  newer  -           -" in lowest  # A head and one run are always there.


def test_failures_are_shown_where_there_are_some() -> None:
    lines = drawn(replace(SIGHT, agents=(agent("one", failures=2, put_aside=True), agent("two", failures=None))))
    assert "agent  host             run  heartbeat  runs  failures" in lines
    assert "one    box   put aside  -    5 s ago    3     2" in lines


def test_a_sweep_without_runs_agents_or_metric_has_a_picture() -> None:
    empty = replace(SIGHT.sweep, runs=(), objectives=(), state="PENDING", config={})
    assert drawn(SweepSight(sweep=empty, agents=(), curves={}, stopped_early={})) == [
        "small  pending  local/p/s",
        "0 done, 0 running, 0 failed, 0 s so far",
        "",
        "no runs yet",
    ]
    bare = replace(SIGHT, sweep=replace(SIGHT.sweep, objectives=()))
    assert "state          run    units  took" in drawn(bare)


def test_names_cannot_change_the_picture() -> None:
    named = replace(SIGHT.sweep, name="[bold]not[/bold] \x1b[31mred")
    assert drawn(replace(SIGHT, sweep=named))[0].startswith("[bold]not[/bold] ")
    assert "�[31mred" in drawn(replace(SIGHT, sweep=named))[0]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], ""),
        ([3.0], "▄"),
        ([2.0, 2.0], "▄▄"),
        ([0.0, 7.0], "▁█"),
        ([1.0, 0.0, 0.5], "█▁▅"),
        (list(range(24)), "▁▂▂▃▃▄▅▆▆▇▇█"),
        ([-1.7e308, 1.7e308], "▁█"),
    ],
)
def test_curves(values: list[float], text: str) -> None:
    assert spark(values) == text


def test_the_order_of_runs() -> None:
    ids = [record.path.run_id for record in in_order(SIGHT.sweep)]
    assert ids == ["newer", "older", "best", "good", "early", "none"]


def test_time_counts_only_while_a_run_was_at_work() -> None:
    # 3 minutes of runs one behind the other, then two that are still at it, the older for 2 minutes.
    assert progress_now(SIGHT.sweep, NOW).elapsed_seconds == 300.0
    overlapping = replace(SIGHT.sweep, runs=(SIGHT.sweep.runs[0], run("same", "finished", 1.0, minute=0)))
    assert progress_now(overlapping, NOW).elapsed_seconds == 60.0
    interrupted = replace(SIGHT.sweep.runs[0], heartbeat_at=SIGHT.sweep.runs[0].created_at + timedelta(minutes=5))
    assert progress_now(replace(SIGHT.sweep, runs=(interrupted,)), NOW).elapsed_seconds == 300.0


@pytest.mark.parametrize(
    ("cap", "grid", "bound"), [(None, None, None), (3, None, 3), (3, 8, 3), (9, 8, 8), ("x", 8, 8)]
)
def test_a_sweep_ends_at_its_grid_or_its_cap(cap: object, grid: int | None, bound: int | None) -> None:
    assert replace(SIGHT.sweep, config={"run_cap": cap}, expected_runs=grid).bound == bound  # type: ignore[dict-item]


def test_lines_say_what_has_changed() -> None:
    first = changes(None, SIGHT, NOW)
    assert first[0].startswith(
        "sweep local/p/s is running: 2 of 9 done, 2 running, 1 failed, 1 stopped early, best acc"
    )
    assert first[1:] == [
        "run older is running: acc 0.5000",
        "run newer is running",
        "agent one on box is here",
        "agent three on box is here",
    ]
    assert changes(SIGHT, SIGHT, NOW) == []
    runs = list(SIGHT.sweep.runs)
    runs[4:] = [run("older", "killed", 0.5, minute=8), run("newer", "finished", 1.0, minute=9)]
    after = SweepSight(
        sweep=replace(SIGHT.sweep, state="FINISHED", runs=tuple(runs)),
        agents=(agent("one", put_aside=True, is_here=False), *SIGHT.agents[1:2], agent("three", is_here=False)),
        curves={},
        stopped_early={**SIGHT.stopped_early, "older": "too low"},
    )
    assert changes(SIGHT, after, NOW)[:-1] == [
        "run older is stopped early: acc 0.5000 (too low)",
        "run newer is finished: acc 1.0000",
        "the best so far is run newer: acc 1.0000",
        "agent one is put aside: run after run failed on box",
        "agent three on box is gone",
    ]
    assert changes(SIGHT, after, NOW)[-1].startswith("sweep local/p/s is finished: 3 of 9 done")
    worse = replace(SIGHT, sweep=replace(SIGHT.sweep, runs=(run("best", "running", 0.75, minute=1),)))
    assert not any("best so far" in line for line in changes(SIGHT, worse, NOW))


def test_json_has_the_whole_of_it() -> None:
    document = sight_json(SIGHT, NOW)
    assert document["at"] == "2026-11-21T08:10:00+00:00"
    assert document["sweep"] == "local/p/s"
    assert document["state"] == "RUNNING"
    assert document["progress"]["best"] == 0.875  # type: ignore[call-overload, index]
    assert document["curves"] == {"best": [0.0, 0.5, 1.0], "older": [0.25]}
    assert document["agents"][1] == {  # type: ignore[call-overload, index]
        "agent": "two",
        "host": "box",
        "here": False,
        "run": None,
        "heartbeat_at": None,
        "runs": 3,
        "failures": 0,
        "put_aside": False,
    }


def test_json_is_a_line_a_look(capsys) -> None:
    with JsonView() as view:
        view.show(SIGHT)
        view.show_away("no hub")
        view.print_once(SIGHT)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("away") for line in lines] == [None, "no hub", None]


def test_lines_say_once_that_the_hub_is_away_and_that_it_is_back(capsys) -> None:
    with LinesView() as view:
        view.show(SIGHT)
        for _ in range(2):
            view.show_away("no hub")
        view.show(SIGHT)
    said = [line.partition(" ")[2] for line in capsys.readouterr().out.splitlines()]
    assert said[5:] == ["away, trying again: no hub", "answers again"]
    LinesView().print_once(SIGHT)
    assert "stopped early  early  8      0.1250         1 min 00 s" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("terminal", "kind"), [("xterm", "picture"), ("dumb", "lines"), (None, "lines")]
)  # fmt: skip
def test_only_a_terminal_that_can_move_its_cursor_gets_a_picture(monkeypatch, terminal: str | None, kind: str) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal is not None)
    for variable in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TERM", terminal or "xterm")
    assert isinstance(view_for(2.0), PictureView if kind == "picture" else LinesView)


def test_the_picture_is_without_colours_where_nobody_wants_them(monkeypatch) -> None:
    shown = {}
    for wanted in ("", "1"):
        monkeypatch.setenv("NO_COLOR", wanted)
        console = Console(file=io.StringIO(), force_terminal=True, width=100, height=30, color_system="standard")
        with PictureView(console, 2.0) as view:
            view.show(SIGHT)
            view.show_away("no hub")
            raise KeyboardInterrupt  # A way to leave, as q is.
        shown[wanted] = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b[36m" in shown[""]
    assert "\x1b[36m" not in shown["1"]
    assert "UTC, trying again: no hub" in shown["1"]
    assert "trying again" not in shown["1"].rpartition("\x1b[?1049l")[2]


@pytest.fixture
def keys(monkeypatch):
    """The end of a terminal at which keys are pressed."""
    end, side = pty.openpty()
    with os.fdopen(side) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        before = termios.tcgetattr(stdin)
        yield end
        assert termios.tcgetattr(stdin) == before
    os.close(end)


def test_a_key_needs_no_enter_and_is_found_among_others(keys: int) -> None:
    with Keyboard() as keyboard:
        assert not keyboard.pressed("q", within_seconds=0.01)
        os.write(keys, b"xy")
        assert not keyboard.pressed("q", within_seconds=0.01)
        os.write(keys, b"xqy")
        assert keyboard.pressed("q", within_seconds=30)


def test_without_a_terminal_there_are_no_keys(monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("q"))
    with Keyboard() as keyboard:
        assert not keyboard.pressed("q", within_seconds=0.01)
