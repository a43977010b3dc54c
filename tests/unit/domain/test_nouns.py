from __future__ import annotations

import itertools
import math

import pytest
from tests.fakes.deterministic import START

from sweepyard.domain import metrics
from sweepyard.domain.access import ApiKey, Role
from sweepyard.domain.names import check_texts, is_unicode, normalised_file_name, shown_name
from sweepyard.domain.objective import Goal, Objective, ObjectiveValues, pareto_front
from sweepyard.domain.run import TRANSITIONS, RunPath, RunState, check_transition, state_of_exit
from sweepyard.domain.sweep import SWEEP_TRANSITIONS, SweepPath, SweepState, check_sweep_transition
from sweepyard.errors import Conflict, RequestInvalid


@pytest.mark.parametrize(("before", "after"), list(itertools.product(RunState, RunState)))
def test_a_run_changes_state_by_the_table_only(before: RunState, after: RunState) -> None:
    if after is before or after in TRANSITIONS[before]:
        check_transition(before, after)
    else:
        with pytest.raises(Conflict, match=f"a {before.value} run may become .*; asked for {after.value}"):
            check_transition(before, after)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(SweepState, SweepState)))
def test_a_sweep_changes_state_by_the_table_only(before: SweepState, after: SweepState) -> None:
    if after is before or after in SWEEP_TRANSITIONS[before]:
        check_sweep_transition(before, after)
    else:
        with pytest.raises(Conflict, match=f"a {before.value} sweep may become .*; asked for {after.value}"):
            check_sweep_transition(before, after)


def test_every_run_can_be_brought_to_an_end_and_to_life_again() -> None:
    for state in RunState:
        assert any(after.is_over for after in TRANSITIONS[state]) or state is RunState.FINISHED
        assert state is RunState.RUNNING or RunState.RUNNING in TRANSITIONS[state]
        assert not (state.is_live and state.is_over)


def test_sweep_states() -> None:
    assert {state for state in SweepState if state.hands_out} == {SweepState.PENDING, SweepState.RUNNING}
    assert {state for state in SweepState if state.is_over} == {SweepState.FINISHED, SweepState.CANCELED}


@pytest.mark.parametrize(("code", "state"), [(0, "finished"), (255, "killed"), (1, "failed"), (137, "failed")])
def test_exit_codes(code: int, state: str) -> None:
    assert state_of_exit(code).value == state


def test_paths_are_written_as_wandb_does() -> None:
    assert str(RunPath("e", "p", "r")) == "e/p/r"
    assert str(SweepPath("e", "p", "s")) == "e/p/s"


def test_objectives_know_better_from_worse() -> None:
    least, most = Objective("loss"), Objective("accuracy", Goal.MAXIMIZE, target=0.9)
    assert least.better(1, 2)
    assert most.better(2, 1)
    assert not least.better(1, 1)
    assert not least.better(math.nan, 5)
    assert least.better(5, math.nan)
    values = [3.0, 1.0, math.nan, math.inf, -math.inf]
    assert (least.best(values), most.best(values), most.best([math.nan])) == (1.0, 3.0, None)
    assert [most.reached(value) for value in (0.89, 0.9, 0.95, math.nan)] == [False, True, True, False]
    assert not least.reached(-math.inf)
    assert Objective("loss", target=0.1).reached(0.05)


def test_what_a_sweep_may_optimise_is_what_training_logs() -> None:
    assert {metrics.VALIDATION_ACCURACY, metrics.BATCH_LOSS, metrics.BEST_VALIDATION_LOSS} <= metrics.OBJECTIVES
    assert not any(name.startswith(metrics.TEST) for name in metrics.OBJECTIVES)


def test_roles_include_the_ones_below() -> None:
    included = [[other.value for other in Role if role.includes(other)] for role in Role]
    assert included == [["read"], ["read", "write"], ["read", "write", "admin"]]


def test_a_key_is_named_by_the_beginning_of_its_digest() -> None:
    key = ApiKey(digest="0123456789abcdef" * 4, username="ann", name="", created_at=START)
    assert key.key_id == "0123456789ab"


@pytest.mark.parametrize(
    ("name", "normalised"), [("./a", "a"), ("a//b/./c", "a/b/c"), ("a/", "a"), ("...", "..."), ("a b", "a b")]
)
def test_file_names_are_normalised(name: str, normalised: str) -> None:
    assert normalised_file_name(name) == normalised


@pytest.mark.parametrize("name", ["", ".", "./", "/a", "..", "a/../b", "a\0", "a" * 1025])
def test_file_names_that_leave_their_folder_are_refused(name: str) -> None:
    with pytest.raises(RequestInvalid, match="relative path inside its folder"):
        normalised_file_name(name)


def test_texts() -> None:
    check_texts({"a": "fine \U0001f600 \u05d0", "b": None})
    assert is_unicode("\0")
    assert not is_unicode("\udc00")
    with pytest.raises(RequestInvalid) as refused:
        check_texts({"a": "\0", "b": "fine", "c": "\udc00"})
    assert [violation.where for violation in refused.value.violations] == ["a", "c"]


def test_a_front_is_what_nothing_else_beats() -> None:
    objectives = [Objective("loss"), Objective("accuracy", Goal.MAXIMIZE)]
    rows = [(0.5, 0.5), (0.4, 0.4), (0.6, 0.6), (0.5, 0.4), (0.5, 0.5)]
    assert pareto_front(objectives, rows) == [0, 1, 2, 4]
    assert pareto_front([Objective("loss")], [(2.0,), (1.0,), (1.0,)]) == [1, 2]
    assert pareto_front(objectives, []) == []


def test_values_of_an_objective_are_summed_up_as_they_come() -> None:
    values = ObjectiveValues.of([3.0, math.nan, 1.0, math.inf, 2.0])
    assert values == ObjectiveValues(3, 1.0, 3.0, 6.0, 2.0)
    assert (values.best(Objective("m")), values.best(Objective("m", Goal.MAXIMIZE))) == (1.0, 3.0)
    assert ObjectiveValues().best(Objective("m")) is None


@pytest.mark.parametrize("name", ["fox-1", " a ", "\u05e9\u05dc\u05d5\u05dd", "\U0001f98a", "\u3164x", "-", "e\u0301"])
def test_a_name_that_shows_something_is_shown(name: str) -> None:
    assert shown_name(name, "id7") == name


@pytest.mark.parametrize(
    "name", [None, "", "   ", "\t\n", "\u00a0\u2003", "\u200b\u2060\ufeff", "\u202e", "\u3164", "\u2800", "\ufe0f"]
)
def test_where_a_name_shows_nothing_its_id_is_shown(name: str | None) -> None:
    assert shown_name(name, "id7") == "id7"
