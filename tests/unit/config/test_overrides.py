"""Swept parameters become overrides that give back exactly what was swept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweepyard.config.compose import Composer, compose, overrides_of, read_parameters
from sweepyard.errors import ConfigInvalid
from sweepyard.jsonvalue import JsonValue

AWKWARD = "=#',\" {}[]()${\\:~+-.\n\tab1é?"
AWKWARD_VALUES: list[JsonValue] = [
    *(None, "None", "null", "true", True, "1e-5", 1e-5, "3", 3, 3.0, "a,b", "a=b", "#", "it's", '"'),
    *("${x}", r"\${x}", "\\", "\\'", "", " ", "{", "[1]", "x\ny", "ü", 10**30, -0.5, "???!"),
    *([], {}, [[]], [None, "a,b"], {"a": {"b": [1, {"c.d": "'"}]}}),
]
texts = (st.text(max_size=12) | st.text(alphabet=AWKWARD, max_size=14)).filter(lambda text: text != "???")
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
keys = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,6}[a-z]", fullmatch=True).filter(
    lambda key: key.lower() not in {"true", "false", "null", "nan", "inf"}
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=5, deadline=None)
@given(st.lists(values, min_size=8, max_size=8))
def test_any_value_survives_hydra(composer: Composer, swept: list[JsonValue]) -> None:
    overrides = overrides_of({f"optimizer.arguments.x{index}": value for index, value in enumerate(swept)})
    arguments = composer.compose(overrides).config.optimizer.arguments
    assert arguments == {f"x{index}": value for index, value in enumerate(swept)}
    assert [type(arguments[f"x{index}"]) for index in range(len(swept))] == [type(value) for value in swept]


def test_values_known_to_be_awkward_survive_hydra(composer: Composer) -> None:
    overrides = overrides_of({f"optimizer.arguments.x{index}": value for index, value in enumerate(AWKWARD_VALUES)})
    got = list(composer.compose(overrides).config.optimizer.arguments.values())
    assert [(type(value), value) for value in got] == [(type(value), value) for value in AWKWARD_VALUES]


def test_swept_keys_of_a_model_of_the_users(own_conf: Path) -> None:
    overrides = overrides_of({"model": "tower", "model.label": "a=b", "model.side": {"a": 2}}, config_folder=own_conf)
    assert overrides == ["model=tower", "++model.label='a=b'", "++model.side.a=2"]
    model = compose(overrides, config_folder=own_conf).config.model
    assert getattr(model, "arguments", None) == {"depth": 3, "side": {"a": 2}, "label": "a=b"}


def test_groups_are_chosen_first_and_nested_mappings_flattened(composer: Composer) -> None:
    parameters: dict[str, JsonValue] = {
        "trainer": {"epochs": 3, "early_stopping": {"patience": 1}},
        "model.units": [64],
        "model": "mlp",
        "experiment": None,
    }
    overrides = overrides_of(parameters)
    assert overrides == [
        "model=mlp",
        "++trainer.epochs=3",
        "++trainer.early_stopping.patience=1",
        "++model.units=[64]",
    ]
    config = composer.compose(overrides).config
    assert (config.trainer.epochs, config.trainer.early_stopping.patience) == (3, 1)


def test_an_option_that_is_no_plain_word_is_quoted() -> None:
    assert overrides_of({"model": "a b"}) == ["model='a b'"]
    assert overrides_of({"model": "null"}) == ["model='null'"]


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [
        ({"a b": 1}, "a parameter's name"),
        ({"": 1}, "a parameter's name"),
        ({"seed": 3}, "`seed` is a config group"),
        ({"model": None}, "`model` is a config group"),
        ({"model": ["mlp"]}, "`model` is a config group"),
        ({"x": "???"}, "stands for a missing value"),
        ({"x": ["???"]}, "stands for a missing value"),
        ({"x": {"é": 1}}, "a nested key"),
        ({"x": {"true": 1, "a b": 2}}, "a nested key"),
    ],
)
def test_what_hydra_cannot_express_is_refused(parameters: dict[str, JsonValue], rule: str) -> None:
    with pytest.raises(ConfigInvalid, match=rule):
        overrides_of(parameters)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        overrides_of({"seed": 3, "a b": 1, "x": {"é": "???"}})
    assert len(caught.value.violations) == 4


def test_a_swept_key_outside_the_schema_is_refused_when_composed(composer: Composer) -> None:
    with pytest.raises(ConfigInvalid, match=r"Did you mean `trainer.epochs`"):
        composer.compose(overrides_of({"trainer.epoch": 3}))


def test_reading_the_agents_file(tmp_path: Path) -> None:
    path = tmp_path / "parameters.json"
    path.write_text(json.dumps({"model": "mlp", "rate": 1e-05, "_wandb": {"t": 1}, "versions": {}}))
    assert read_parameters(path) == {"model": "mlp", "rate": 1e-05, "versions": {}}
    assert read_parameters(path, swept={"model", "rate"}) == {"model": "mlp", "rate": 1e-05}


@pytest.mark.parametrize("content", ["", "[1]", "{"])
def test_a_file_of_parameters_that_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "parameters.json"
    path.write_text(content)
    with pytest.raises(ConfigInvalid, match="must hold a JSON object"):
        read_parameters(path)


def test_a_file_of_parameters_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="No such file"):
        read_parameters(tmp_path / "none.json")
