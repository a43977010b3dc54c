from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepyard import jsonvalue
from sweepyard.domain.agent import Command, CommandKind
from sweepyard.domain.run import RunPath, RunState
from sweepyard.domain.sweep import SweepPath, SweepState
from sweepyard.errors import NotFound, RequestInvalid
from sweepyard.hub.wandb_api import codec

NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.\- ]{0,20}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(NAMES, NAMES, NAMES)
def test_ids_of_runs_and_sweeps_come_back(entity: str, project: str, name: str) -> None:
    run, sweep = RunPath(entity, project, name), SweepPath(entity, project, name)
    assert codec.run_from_id(codec.run_to_id(run)) == run
    assert codec.sweep_from_id(codec.sweep_to_id(sweep)) == sweep


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_a_file_name_may_hold_colons_and_any_letter(name: str) -> None:
    path = RunPath("e", "p", "r")
    assert codec.run_file_from_id(codec.run_file_to_id(path, name)) == (path, name)


NUL = codec.run_to_id(RunPath("e", "p", "r\0"))


@pytest.mark.parametrize(
    "text", ["", "no base64!", codec.node_id("Sweep", "v1", "a", "b", "c"), NUL, "////", "UnVuOg=="]
)
def test_an_id_of_something_else_is_not_found(text: str) -> None:
    with pytest.raises(NotFound, match="is not the id of a run"):
        codec.run_from_id(text)


@pytest.mark.parametrize("text", [codec.node_id("Artifact", "x"), codec.node_id("Artifact", "9" * 30), "QXJ0aWZhY3Q="])
def test_a_number_in_an_id_is_a_number(text: str) -> None:
    with pytest.raises(NotFound):
        codec.number_of_id("Artifact", text)


def test_a_number_comes_back() -> None:
    assert codec.number_of_id("Artifact", codec.node_id("Artifact", 17)) == 17


def test_a_moment_is_written_in_utc_to_the_second() -> None:
    moment = datetime(2026, 1, 31, 13, 0, 5, 999, tzinfo=timezone(timedelta(hours=1)))
    assert codec.moment_to_wire(moment) == "2026-01-31T12:00:05Z"
    assert codec.moment_to_wire(moment.astimezone(UTC)) == "2026-01-31T12:00:05Z"


@given(st.dictionaries(st.text().filter(lambda key: key != "_wandb"), VALUES, max_size=4))
def test_a_config_comes_back_unwrapped(config: jsonvalue.JsonObject) -> None:
    wire = codec.config_to_wire(config, {"t": [1]})
    assert codec.config_from_wire(wire) == (config, {"t": [1]})


def test_a_config_without_the_clients_part_has_none() -> None:
    assert codec.config_to_wire({"a": 1}, {}) == '{"a":{"value":1}}'
    assert codec.config_from_wire('{"a": {"value": NaN, "desc": null}}')[1] == {}


def test_every_key_that_is_not_wrapped_is_named() -> None:
    with pytest.raises(RequestInvalid) as caught:
        codec.config_from_wire('{"a": 1, "b": {"value": 2}, "c": {"desc": "x"}}')
    assert [violation.where for violation in caught.value.violations] == ["a", "c"]


@pytest.mark.parametrize("text", ["[]", "{", "1", "{" * 100_000])
def test_a_config_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(RequestInvalid, match="a config is a JSON object"):
        codec.config_from_wire(text)


def test_chosen_keys_of_what_the_client_keeps() -> None:
    assert codec.chosen_to_wire({"t": 1, "e": 2}, ["t", "x"]) == '{"t":1}'
    assert codec.chosen_to_wire({"t": 1}, None) == '{"t":1}'


def test_states_come_in_the_words_of_the_wire() -> None:
    assert codec.run_state_from_wire("crashed") is RunState.CRASHED
    assert codec.sweep_state_from_wire("PAUSED") is SweepState.PAUSED
    assert codec.sweep_state_from_wire("canceled") is SweepState.CANCELED
    with pytest.raises(RequestInvalid, match="pending, running"):
        codec.run_state_from_wire("done")
    with pytest.raises(RequestInvalid, match="PENDING, RUNNING"):
        codec.sweep_state_from_wire("CANCELLED")


def test_commands_carry_what_their_kind_needs() -> None:
    commands = [
        Command(CommandKind.RUN, "r1", "train.py", {"a.b": 1.5, "n": {"x": None}}),
        Command(CommandKind.STOP, "r2"),
        Command(CommandKind.EXIT),
    ]
    assert json.loads(codec.commands_to_wire(commands)) == [
        {
            "type": "run",
            "run_id": "r1",
            "program": "train.py",
            "args": {"a.b": {"value": 1.5}, "n": {"value": {"x": None}}},
            "logs": [],
        },
        {"type": "stop", "run_id": "r2"},
        {"type": "exit"},
    ]


def test_what_an_agent_runs() -> None:
    assert codec.running_from_wire('{"a": true, "b": false}') == ("a",)
    assert codec.running_from_wire(None) == ()
    with pytest.raises(RequestInvalid):
        codec.running_from_wire("[]")


def test_a_history_spec() -> None:
    spec = codec.history_spec_from_wire('{"keys": ["_step", "loss"], "samples": 10, "minStep": 1.0, "maxStep": 5}')
    assert spec == codec.HistorySpec(("_step", "loss"), 10, 1, 5)
    assert codec.history_spec_from_wire("{}") == codec.HistorySpec((), None, None, None)


@pytest.mark.parametrize("text", ['{"keys": "loss"}', '{"keys": [1]}', '{"samples": "3"}', '{"minStep": 0.5}', "[]"])
def test_a_malformed_history_spec_is_refused(text: str) -> None:
    with pytest.raises(RequestInvalid):
        codec.history_spec_from_wire(text)


def test_nan_stays_a_bare_word_in_text() -> None:
    assert codec.strings_to_wire(['{"a":NaN}']) == '["{\\"a\\":NaN}"]'
    assert codec.config_to_wire({"a": math.inf}, {}) == '{"a":{"value":Infinity}}'


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("/srv/me/.venv/bin/wandb", True),
        ("wb", True),
        ("C:\\venv\\wandb.exe", True),
        ("-m wandb.__main__", True),
        ("-m wandb", True),
        ("train.py", False),
        ("/srv/wandb/train.py", False),
        ("-m wandb_tricks", False),
        ("", False),
        (None, False),
    ],
)
def test_the_program_tells_a_sync_from_a_run(program: str | None, expected: bool) -> None:
    assert codec.is_sync(program) is expected
