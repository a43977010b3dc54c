"""Composing: what overrides do, what a user's own folder does, what a wrong one is told."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from omegaconf import OmegaConf

from sweepyard.config import compose as composing
from sweepyard.config.compose import Composer, Launcher, compose, launcher, multirun, overrides_of, read_ahead
from sweepyard.config.schema import ConvnetConfig, CustomModelConfig
from sweepyard.config.validation import build
from sweepyard.errors import ConfigInvalid


def refusal(*overrides: str, by: Composer) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        by.compose(overrides)
    return [str(violation) for violation in caught.value.violations]


def test_overrides_choose_change_add_and_remove(composer: Composer) -> None:
    composed = composer.compose(
        ["model=convnet", "optimizer.learning_rate=1e-5", "+optimizer.arguments.beta_1=0.8", "++notes=hi", "~output"]
    )
    config = composed.config
    assert config.model == ConvnetConfig()
    assert config.optimizer.learning_rate == 1e-5
    assert config.optimizer.arguments == {"beta_1": 0.8}
    assert (config.notes, config.output) == ("hi", "outputs")


def test_the_record_is_whole_and_composes_to_the_same_config(tmp_path: Path) -> None:
    composed = compose(["model=lenet5", "notes='a=b'"])
    composed.write(tmp_path)
    assert yaml.safe_load((tmp_path / ".hydra/config.yaml").read_text()) == composed.resolved
    assert yaml.safe_load((tmp_path / ".hydra/overrides.yaml").read_text()) == ["model=lenet5", "notes='a=b'"]
    assert compose(composed.overrides).config == composed.config


def test_composing_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    compose(["model=mlp"])
    multirun(["trainer.epochs=1,2"])
    assert list(tmp_path.iterdir()) == []


def test_interpolations_are_resolved(composer: Composer) -> None:
    assert composer.compose(["notes='${model.name} for ${trainer.epochs}'"]).config.notes == "mlp for 12"


def test_threads_compose_one_after_another() -> None:
    results: list[int] = []
    work = [
        threading.Thread(target=lambda n=n: results.append(compose([f"trainer.epochs={n}"]).config.trainer.epochs))
        for n in range(1, 4)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert sorted(results) == [1, 2, 3]


def test_a_composer_gives_each_run_what_hydra_gives_it_alone(conf: Path) -> None:
    runs = [
        ["model=convnet", "++trainer.epochs=4", "++model.filters=[8]", "notes='${model.name} ${trainer.epochs}'"],
        ["~trainer.epochs", "trainer={batch_size: 7}", "model=convnet", "+optimizer.arguments={a: {b: 1}}"],
        ["model=resnet", "seed.value=4", "experiment=deterministic", "hydra.job.name=mine"],
    ]
    with initialize_config_dir(str(conf), version_base="1.3"):
        whole = [OmegaConf.to_container(hydra_compose("train", overrides=run), resolve=True) for run in runs]
    composer = Composer()
    for run, alone in zip([*runs, *runs], [*whole, *whole], strict=True):
        assert composer.compose(run).config == build(alone), run  # type: ignore[arg-type]


def test_what_was_read_once_is_read_again_when_its_file_has_changed(
    conf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "conf"
    shutil.copytree(conf, copy)
    monkeypatch.setattr(composing, "conf_folder", lambda: copy)
    read_ahead(["model=mlp"])
    before = compose(["model=mlp", "trainer.batch_size=7"])
    assert (before.choices, before.config.seed.value) == (("model=mlp",), 0)
    seed = copy / "seed" / "default.yaml"
    seed.write_text(seed.read_text().replace("value: 0", "value: 11"))
    assert compose(["model=mlp", "trainer.batch_size=7"]).config.seed.value == 11
    assert compose(["model=mlp"], config_folder=copy).choices == ()


def test_a_folder_of_the_users_adds_options_and_wins(own_conf: Path) -> None:
    config = compose(["model=tower", "model.depth=5"], config_folder=own_conf).config
    assert config.model == CustomModelConfig(
        name="tower", target="my_package.models.tower", arguments={"depth": 5, "side": {"a": 1}}
    )
    assert config.seed.value == 7


def test_a_primary_config_of_the_users(own_conf: Path) -> None:
    (own_conf / "night.yaml").write_text("defaults:\n  - train\n  - _self_\n\ntrainer:\n  epochs: 40\n")
    assert compose([], config_folder=own_conf, config_name="night").config.trainer.epochs == 40


@pytest.mark.parametrize(
    ("override", "rule", "hint"),
    [
        ("model=mlpp", "must be one of its options; received 'mlpp'", "`mlp`"),
        ("model=towr", "must be one of its options; received 'towr'", "Legal: `cnn_classic`"),
        ("modle=mlp", "unknown key; received modle=mlp", "`model`"),
        ("trainer.epoch=3", "unknown key; received trainer.epoch=3", "`trainer.epochs`"),
        ("epochs=3", "unknown key", "Did you mean `trainer.epochs`?"),
        ("learning_rte=3", "unknown key", "Did you mean `optimizer.learning_rate`?"),
        ("zzz=3", "unknown key", "Legal: `data`, "),
        ("wxyz.qqq.jjj=3", "unknown key", "A new key is added with +"),
        ("model.filters=[3]", "unknown key", "The chosen model has no such key; `convnet`, `cnn_classic`, "),
        ("+trainer.epoch=3", "unknown key; received `trainer.epoch` = 3", "`trainer.epochs`"),
        ("+trainer.epochs=3", "is there already", "Write trainer.epochs=3"),
        ("~trainer.epochz", "unknown key", "`trainer.epochs`"),
        ("~name", "`name` has no value", "Leave the override out"),
        ("seed=3", "takes an option's name; received 3", "seed.KEY=3"),
        ("model=[mlp,3]", "takes an option's name; received ['mlp', 3]", "Options"),
        ("model=null", "takes an option's name; received null", "Options"),
        ("a b=c", "Hydra's grammar; received 'a b=c'", "quotes"),
        ("notes=a=b", "Hydra's grammar", "quotes"),
        ("--verbose", "Hydra's grammar", "before the overrides"),
        ("trainer.epochs=1,2", "one value a key", "Use -m"),
        ("notes=${nope}", "must compose; received Interpolation key 'nope' not found", ""),
        ("data=idx", "data.folder: a value is required", "Set data.folder=..."),
        ("model=entry_point", "model.name: a value is required", "Set model.name=..."),
        ("trainer.epochs=???", "trainer.epochs: a value is required", ""),
        ("trainer.epochs=0", "must be at least 1; received 0", ""),
        ("trainer.early_stopping.patience.x=0", "unknown key", ""),
    ],
)
def test_what_a_wrong_override_is_told(composer: Composer, override: str, rule: str, hint: str) -> None:
    (told,) = refusal(override, by=composer)
    assert rule in told
    assert hint in told


def test_everything_that_is_wrong_is_said_at_once(composer: Composer) -> None:
    told = refusal(
        *("model=mlpp", "trainer.epoch=3", "a b", "data.train_limit=0", "optimizer.momentum=2", "trainer.epochs=1,2"),
        by=composer,
    )
    assert len(told) == 6
    assert {line.partition(":")[0] for line in told} >= {
        "model",
        "trainer.epoch",
        "data.train_limit",
        "optimizer.momentum",
    }


def test_a_key_that_a_file_leaves_out_asks_for_pluses(own_conf: Path) -> None:
    own = Composer(config_folder=own_conf)
    (told,) = refusal("trainer=quick", "trainer.batch_size=3", by=own)
    assert "Write ++trainer.batch_size=3" in told
    assert own.compose(["trainer=quick", "++trainer.batch_size=3"]).config.trainer.batch_size == 3


def test_a_removed_key_takes_its_default(composer: Composer, own_conf: Path) -> None:
    (told,) = refusal("trainer=quick", "~trainer.batch_size", by=Composer(config_folder=own_conf))
    assert "leave `trainer.batch_size` out" in told
    assert composer.compose(["~trainer.batch_size"]).config.trainer.batch_size == 128


def test_a_primary_config_that_is_not_there() -> None:
    (told,) = refusal(by=Composer(config_name="tran"))
    assert "--config-name" in told
    assert "`train`" in told


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="--config-dir must name a folder"):
        compose([], config_folder=tmp_path / "none")


@pytest.mark.parametrize("content", ["name: [", "defaults:\n  - /nope: x\nname: a\n", "- 1\n"])
def test_a_broken_file_of_the_users(own_conf: Path, content: str) -> None:
    (own_conf / "model" / "broken.yaml").write_text(content)
    (told,) = refusal("model=broken", by=Composer(config_folder=own_conf))
    assert told


def test_a_file_that_is_no_yaml_is_named_with_its_line(own_conf: Path) -> None:
    broken = own_conf / "model" / "broken.yaml"
    broken.write_text("name: b\na: : 3\n")
    (told,) = refusal("model=broken", "trainer.epochs=3", by=Composer(config_folder=own_conf))
    assert told == f"{broken}:2: a config file must be YAML: mapping values are not allowed here"
    primary = own_conf / "train.yaml"
    primary.write_text("name: [\n")
    with pytest.raises(ConfigInvalid, match=f"{primary}:2: a config file must be YAML: "):
        overrides_of({"trainer.epochs": 3}, config_folder=own_conf)


def test_a_multirun_varies_the_last_key_fastest() -> None:
    assert multirun(["model=mlp,lenet5", "trainer.epochs=range(1,3)", "hydra/launcher=joblib", "notes='a,b'"]) == [
        ["model=mlp", "trainer.epochs=1", "notes='a,b'"],
        ["model=mlp", "trainer.epochs=2", "notes='a,b'"],
        ["model=lenet5", "trainer.epochs=1", "notes='a,b'"],
        ["model=lenet5", "trainer.epochs=2", "notes='a,b'"],
    ]


def test_a_multirun_globs_over_a_groups_options(own_conf: Path) -> None:
    assert multirun(["model=glob(*et)"]) == [["model=convnet"], ["model=resnet"]]
    assert multirun(["model=glob(to*)"], config_folder=own_conf) == [["model=tower"]]


@pytest.mark.parametrize(
    ("override", "rule"),
    [
        ("optimizer.learning_rate=interval(0,1)", "a multirun takes lists of values"),
        ("model=glob(x*)", "must match at least one option"),
        ("trainer.epochs=1,{", "Hydra's grammar"),
        ("trainer.epochs=0,1", "must be at least 1; received 0"),
    ],
)
def test_what_a_wrong_multirun_is_told(override: str, rule: str) -> None:
    with pytest.raises(ConfigInvalid, match="(?s)" + rule.replace("(", r"\(")):
        multirun([override])


def test_the_launcher() -> None:
    assert launcher(["model=mlp"]) == Launcher("basic", 1)
    assert launcher(["hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "model=mlp"]) == Launcher("joblib", 2)


@pytest.mark.parametrize("override", ["hydra/launcher=nope", "hydra.launcher.n_jobs=many"])
def test_a_launcher_that_is_not_there(override: str) -> None:
    with pytest.raises(ConfigInvalid, match=r"the launcher must be .*pip install .sweepyard\[joblib\]"):
        launcher([override])
