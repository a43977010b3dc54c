from __future__ import annotations

import math
import re
import sys
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweepyard import errors, jsonvalue
from sweepyard.clock import SystemClock
from sweepyard.ids import RandomIds, is_legal_name, new_api_key
from sweepyard.settings import Settings, own_command, own_command_at

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_json_values_survive_writing_and_reading(value: jsonvalue.JsonValue) -> None:
    assert jsonvalue.loads(jsonvalue.dumps(value)) == value


def test_bare_nan_and_infinities_are_read_and_written() -> None:
    row = jsonvalue.loads_object('{"a":NaN,"b":-Infinity,"c":Infinity}')
    assert math.isnan(row["a"])  # type: ignore[arg-type]
    assert jsonvalue.dumps(row) == '{"a":NaN,"b":-Infinity,"c":Infinity}'
    assert jsonvalue.strict([row]) == [{"a": "NaN", "b": "-Infinity", "c": "Infinity"}]


@pytest.mark.parametrize(("text", "message"), [("[1]", "received list"), ("{", "Expecting"), ("[" * 100_000, "nested")])
def test_what_is_not_a_json_object_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        jsonvalue.loads_object(text)


def test_half_a_surrogate_pair_is_read_as_the_replacement_character() -> None:
    written = r'{"caf\udce9":["\uD800 x","\ud83d\ude42","\\ud800"]}'
    meant = {"caf\ufffd": ["\ufffd x", "\U0001f642", r"\ud800"]}
    assert jsonvalue.loads(written) == jsonvalue.loads(written.encode()) == jsonvalue.loads_stored(written) == meant
    assert jsonvalue.loads('["\ud800"]') == jsonvalue.loads('["\ud800"]'.encode("utf-8", "surrogatepass")) == ["\ufffd"]


def test_equal_values_have_one_canonical_text() -> None:
    left = {"b": 3e6, "a": [1.0, (2, 0.5)], "c": None}
    right = {"a": [1, [2.0, 0.5]], "c": None, "b": 3_000_000}
    assert jsonvalue.dumps_canonical(left) == jsonvalue.dumps_canonical(right)
    assert jsonvalue.dumps_canonical({"a": 1}) != jsonvalue.dumps_canonical({"a": True})
    assert jsonvalue.dumps_canonical({"a": "1"}) != jsonvalue.dumps_canonical({"a": 1})


def test_a_nested_leaf_counts_over_a_dotted_key_of_its_name() -> None:
    swept = {"trainer.epochs": 9, "trainer": {"epochs": 3, "batch": 1}, "a.b": {"c": 2}}
    assert list(jsonvalue.flattened(swept).items()) == [("a.b.c", 2), ("trainer.batch", 1), ("trainer.epochs", 3)]
    assert jsonvalue.flattened(dict(reversed(swept.items()))) == jsonvalue.flattened(swept)


def test_flattening_gives_dotted_leaves_and_keeps_empty_mappings() -> None:
    assert dict(jsonvalue.flatten({"a": {"b": 1, "c": {}}, "d": [1]})) == {"a.b": 1, "a.c": {}, "d": [1]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, True), (1.5, True), (True, False), (math.nan, False), (-math.inf, False), (-(10**400), False), ("1", False)],
)
def test_a_finite_number_is_an_int_or_a_finite_float(value: object, expected: bool) -> None:
    assert jsonvalue.is_finite_number(value) is expected


def test_keys_have_the_form_that_the_client_accepts() -> None:
    key = new_api_key()
    assert re.fullmatch(r"[A-Za-z0-9_-]{40,}", key.split("-", 1)[1])
    assert key != new_api_key()


def test_short_ids_look_like_those_of_wandb() -> None:
    ids = RandomIds()
    assert re.fullmatch("[a-z0-9]{8}", ids.short())
    assert len(ids.token()) >= 40


@pytest.mark.parametrize("name", ["a", "my-project", "a.b_c", "with space", "0"])
def test_legal_names(name: str) -> None:
    assert is_legal_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-a", " a", "a\n", "x" * 129, "ä"])
def test_illegal_names(name: str) -> None:
    assert not is_legal_name(name)


def test_settings_come_from_the_environment() -> None:
    settings = Settings.from_environment(
        {
            "SWEEPYARD_HOME": "/somewhere",
            "SWEEPYARD_CACHE": "/elsewhere",
            "SWEEPYARD_OFFLINE": "yes",
            "SWEEPYARD_HEARTBEAT_TIMEOUT": "2.5",
            "SWEEPYARD_DATABASE": "postgresql://ann:secret@host/name",
        }
    )
    assert settings == Settings(
        Path("/somewhere"),
        Path("/elsewhere"),
        offline=True,
        heartbeat_timeout_seconds=2.5,
        database="postgresql://ann:secret@host/name",
    )
    assert "secret" not in repr(settings)
    default = Settings.from_environment({"SWEEPYARD_OFFLINE": "0"})
    assert default.home.is_absolute()
    assert not default.offline


@pytest.mark.parametrize(
    ("name", "value"),
    [("SWEEPYARD_OFFLINE", "maybe"), ("SWEEPYARD_HEARTBEAT_TIMEOUT", "soon"), ("SWEEPYARD_HEARTBEAT_TIMEOUT", "-1")],
)
def test_settings_of_the_wrong_type_are_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{name}.*{value}"):
        Settings.from_environment({name: value})


def test_violations_are_told_all_at_once() -> None:
    first = errors.Violation("epochs must be at least 1", "0", "Say trainer.epochs=1", "trainer.epochs")
    second = errors.Violation("a sweep needs a method")
    error = errors.ConfigInvalid([first, second])
    assert str(error).splitlines() == [
        "trainer.epochs: epochs must be at least 1; received 0. Say trainer.epochs=1",
        "a sweep needs a method",
    ]
    with pytest.raises(ValueError, match="at least one"):
        errors.InvalidInput([])


def test_the_system_clock_tells_utc_and_never_jumps_back() -> None:
    clock = SystemClock()
    before = clock.monotonic_seconds()
    clock.sleep(0.001)
    assert clock.monotonic_seconds() > before
    assert clock.now().tzinfo is UTC


def test_a_command_is_named_as_it_can_be_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = tmp_path / "my clone"
    (clone / ".venv" / "bin").mkdir(parents=True)
    monkeypatch.setattr(sys, "executable", str(clone / ".venv" / "bin" / "python"))
    monkeypatch.chdir(tmp_path)
    assert own_command({"PATH": f"/bin:{clone / '.venv' / 'bin'}"}) == "sweepyard"
    assert own_command({"PATH": "/bin"}) == "'my clone/.venv/bin/sweepyard'"
    monkeypatch.chdir(clone)
    assert own_command({"SWEEPYARD_HOME": "/a b"}) == "SWEEPYARD_HOME='/a b' .venv/bin/sweepyard"
    assert own_command_at(Path("/h"), {"SWEEPYARD_HOME": "/a b"}) == "SWEEPYARD_HOME=/h .venv/bin/sweepyard"
    assert own_command_at(Settings.from_environment({}).home, {}) == ".venv/bin/sweepyard"
    monkeypatch.chdir("/proc")
    assert own_command({"PATH": ""}) == f"'{clone}/.venv/bin/sweepyard'"
