"""What a `_target_` names is found, or the reason is said."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sweepyard.config.schema import CustomModelConfig, ExperimentConfig, OptimizerConfig
from sweepyard.config.targets import MODELS, find_target, missing_targets, target_raised
from sweepyard.errors import ConfigInvalid


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package with entry points, as pip would lay it out."""
    (tmp_path / "towers_of_theirs.py").write_text("def tower(): ...\nheight = 3\n")
    metadata = tmp_path / "towers-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: towers\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[sweepyard.models]\ntower = towers_of_theirs:tower\nruin = towers_of_theirs:gone\nlost = nowhere_at_all:x\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return iter(())


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("target", ["towers_of_theirs.tower", "entry_point:tower"])
def test_both_ways_lead_to_the_same(target: str) -> None:
    import importlib

    assert find_target(target, group=MODELS, where="m") is importlib.import_module("towers_of_theirs").tower


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("towers_of_theirs.towr", "m: towers_of_theirs must hold `towr`.*`tower`"),
        ("towers_of_theirs.height", "a target must be a class or function"),
        ("nowhere_at_all.x", "nowhere_at_all must be importable.*Install the package"),
        ("tower", "a target must be a class path"),
        ("a b.c", "a target must be a class path"),
        ("entry_point:towr", "must be an entry point of the group sweepyard.models; received 'towr'.*`tower`"),
        ("entry_point:ruin", "the entry point ruin must load"),
        ("entry_point:lost", "the entry point lost must load"),
    ],
)
def test_what_a_wrong_target_is_told(target: str, rule: str) -> None:
    with pytest.raises(ConfigInvalid, match=rule):
        find_target(target, group=MODELS, where="m")


def test_a_group_that_nobody_offers() -> None:
    with pytest.raises(ConfigInvalid, match="No installed package offers any"):
        find_target("entry_point:x", group="sweepyard.nothing", where="m")


@pytest.mark.usefixtures("installed")
def test_what_is_not_installed_is_told_without_importing_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "towers_of_theirs", raising=False)

    def missing(model: str, optimizer: str | None = None) -> list[str]:
        config = ExperimentConfig(
            model=CustomModelConfig(name="mine", target=model), optimizer=OptimizerConfig(name="mine", target=optimizer)
        )
        return [str(violation) for violation in missing_targets(config)]

    assert missing("entry_point:ruin", "towers_of_theirs.anything") == []
    rule = "what a run needs must be installed where it runs; received"
    assert missing("entry_point:towr") == [f"model._target_: {rule} 'towr'. Did you mean `tower`?"]
    advice = "Install the package that holds gone_package, or put it on PYTHONPATH"
    assert missing("entry_point:tower", "gone_package.optimizer") == [
        f"optimizer._target_: {rule} 'gone_package.optimizer'. {advice}"
    ]
    assert "towers_of_theirs" not in sys.modules


def raising() -> None:
    json.loads(3)  # type: ignore[arg-type]


def test_a_target_that_raises_is_told_with_its_own_last_line() -> None:
    with pytest.raises(TypeError) as caught:
        raising()
    told = str(target_raised(caught.value, "mine.raising", "model"))
    line = raising.__code__.co_firstlineno + 1
    assert told.startswith("model: mine.raising must not raise; received TypeError: the JSON object must be str")
    assert f"It comes from {__file__}, line {line}; SWEEPYARD_DEBUG=1" in told


def test_a_call_that_is_refused_raised_nothing_in_the_target() -> None:
    with pytest.raises(TypeError) as caught:
        raising(1)  # type: ignore[call-arg]
    assert target_raised(caught.value, "mine.raising", "model") is None
