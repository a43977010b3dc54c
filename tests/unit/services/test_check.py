"""The check of a sweep file against a config, here a small one that says what it was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import pytest

from sweepyard.config.validation import UNKNOWN_KEY
from sweepyard.errors import ConfigInvalid, Violation
from sweepyard.jsonvalue import JsonValue, dumps, loads
from sweepyard.services.check import RANDOM_POINTS, CheckReport, Target, check_sweep

TARGETS: tuple[Target, ...] = ("hub", "wandb")
COMMAND = 'command: [sweepyard, train, --parameters, "${args_json_file}"]\n'
METRIC = "metric: {name: epoch/val_accuracy, goal: maximize}\n"


def overrides_of(parameters: Mapping[str, JsonValue]) -> list[str]:
    flat: dict[str, JsonValue] = {}
    for key, value in parameters.items():
        flat |= {f"{key}.{inner}": item for inner, item in value.items()} if isinstance(value, dict) else {key: value}
    return [f"{key}={dumps(value)}" for key, value in flat.items()]


class SmallConfig:
    """Knows `model` (mlp or convnet), `model.units` (mlp alone), `epochs` from 1 and `rate` below 1."""

    def __init__(self) -> None:
        self.asked: list[dict[str, JsonValue]] = []
        self.fixed: set[str] = set()

    def compose(self, overrides: Sequence[str]) -> object:
        values: dict[str, JsonValue] = {"model": "mlp"}
        for override in overrides:
            key, _, text = override.partition("=")
            if override.startswith("data="):
                self.fixed.add(override)
            else:
                values[key] = loads(text)
        self.asked.append(values)
        unknown = [key for key in values if key not in self._known(values)]
        violations = [Violation(UNKNOWN_KEY, f"`{key}` = {values[key]}", where=key) for key in unknown]
        if values["model"] not in {"mlp", "convnet"}:
            raise ConfigInvalid([Violation("must be one of its options", str(values["model"]), where="model")])
        for key, legal in (("epochs", lambda value: value >= 1), ("rate", lambda value: value < 1)):
            if key in values and not legal(values[key]):
                violations.append(Violation("out of range", str(values[key]), where=key))
        if values.get("epochs") == 3 and values.get("width") == 3:
            violations.append(Violation("not 3 of both"))
        if violations:
            raise ConfigInvalid(violations)
        return values

    @staticmethod
    def _known(values: Mapping[str, JsonValue]) -> set[str]:
        return {"model", "epochs", "rate", "width"} | ({"model.units"} if values["model"] == "mlp" else set())


@pytest.fixture
def config() -> SmallConfig:
    return SmallConfig()


def check(
    config: SmallConfig, parameters: str, *, head: str = "method: random\n", target: Literal["hub", "wandb"] = "hub"
) -> CheckReport:
    text = f"{head}{METRIC}{COMMAND}parameters:\n{parameters}"
    return check_sweep(text, source="s.yaml", compose=config.compose, overrides_of=overrides_of, target=target)


def said(report: CheckReport) -> list[str]:
    return [str(violation) for violation in report.violations]


def test_a_right_grid_is_composed_point_by_point(config: SmallConfig) -> None:
    report = check(config, "  model: {values: [mlp, convnet]}\n  epochs: {values: [1, 2]}\n", head="method: grid\n")
    assert report == CheckReport((), (), expected_runs=4, points=4)
    points = [(asked["model"], asked["epochs"]) for asked in config.asked]
    assert sorted(points) == [("convnet", 1), ("convnet", 2), ("mlp", 1), ("mlp", 2)]


def test_a_random_sweep_is_composed_at_its_extremes_and_at_a_bounded_number_of_points(config: SmallConfig) -> None:
    report = check(config, "  rate: {min: 0.0, max: 0.5}\n", head="method: random\nrun_cap: 5\n")
    assert (report.violations, report.expected_runs, report.points) == ((), 5, RANDOM_POINTS + 2)
    rates = [asked["rate"] for asked in config.asked]
    assert rates[:2] == [0.0, 0.5]
    assert all(0 < rate < 0.5 for rate in rates[2:])  # type: ignore[operator]


def test_a_large_grid_is_composed_at_a_bounded_number_of_points(config: SmallConfig) -> None:
    report = check(config, "  epochs: {min: 1, max: 1000}\n  width: {min: 4, max: 999}\n", head="method: grid\n")
    assert report.violations == ()
    assert report.expected_runs == 996_000
    assert 40 < report.points <= RANDOM_POINTS + 4


def test_a_long_list_of_values_is_composed_at_both_ends(config: SmallConfig) -> None:
    values = ", ".join(str(value) for value in range(1, 200))
    check(config, f"  width: {{values: [{values}]}}\n")
    extremes = [asked["width"] for asked in config.asked[:64]]
    assert extremes == [*range(1, 33), *range(168, 200)]


def test_constants_alone_are_composed_once(config: SmallConfig) -> None:
    assert check(config, "  epochs: {value: 3}\n").points == 1


def test_an_unknown_key_is_said_once(config: SmallConfig) -> None:
    report = check(config, "  hight: {values: [1, 2, 3]}\n  epochs: {value: 2}\n")
    assert said(report) == ["s.yaml:5: hight: unknown key; received `hight` = 1"]


@pytest.mark.parametrize("limit", ["{values: [2, 0]}", "{min: 0, max: 3}", "{value: 0}"])
def test_a_value_out_of_range_is_said_with_its_line(config: SmallConfig, limit: str) -> None:
    report = check(config, f"  rate: {{value: 0.5}}\n  epochs: {limit}\n")
    assert said(report) == ["s.yaml:6: epochs: out of range; received 0"]
    assert report.expected_runs is None


def test_every_wrong_value_is_said(config: SmallConfig) -> None:
    report = check(config, "  rate: {values: [0.1, 0.2]}\n  epochs: {values: [0, 1, -1, -2]}\n")
    assert said(report) == [f"s.yaml:6: epochs: out of range; received {value}" for value in (0, -1, -2)]


def test_what_is_wrong_in_the_command_is_said_once_and_there(config: SmallConfig) -> None:
    text = (
        f"method: random\n{METRIC}command: [sweepyard, train, epochs=0, wdth=1, --parameters, "
        '"${args_json_file}"]\nparameters:\n  rate: {values: [0.1, 2]}\n  model: {values: [mlp, convnet]}\n'
    )
    report = check_sweep(text, source="s.yaml", compose=config.compose, overrides_of=overrides_of)
    assert sorted(said(report)) == [
        "s.yaml:3: epochs: out of range; received 0",
        "s.yaml:3: wdth: unknown key; received `wdth` = 1",
        "s.yaml:5: rate: out of range; received 2",
    ]


def test_each_parameter_is_judged_for_itself(config: SmallConfig) -> None:
    report = check(config, "  epochs: {values: [0]}\n  rate: {min: 0.5, max: 2.0}\n  ephocs: {values: [1, 2]}\n")
    assert said(report) == [
        "s.yaml:5: epochs: out of range; received 0",
        "s.yaml:6: rate: out of range; received 2.0",
        "s.yaml:7: ephocs: unknown key; received `ephocs` = 1",
    ]


def test_a_wrong_choice_of_a_group_says_nothing_about_the_keys_below_it(config: SmallConfig) -> None:
    report = check(config, "  model: {values: [mpl]}\n  model.units: {values: [1]}\n  epochs: {values: [0]}\n")
    assert said(report) == [
        "s.yaml:5: model: must be one of its options; received mpl",
        "s.yaml:7: epochs: out of range; received 0",
    ]


def test_a_key_that_one_choice_lacks_is_found(config: SmallConfig) -> None:
    report = check(config, "  model: {values: [mlp, convnet]}\n  model.units: {values: [1]}\n")
    assert said(report) == ["s.yaml:6: model.units: unknown key; received `model.units` = 1"]


def test_nested_parameters_are_composed_too(config: SmallConfig) -> None:
    report = check(config, "  model: {parameters: {units: {values: [1]}, depth: {value: 2}}}\n")
    assert said(report) == ["s.yaml:5: model.depth: unknown key; received `model.depth` = 2"]


def test_a_rule_between_two_parameters_is_found_at_some_point(config: SmallConfig) -> None:
    report = check(config, "  epochs: {values: [1, 2, 3]}\n  width: {values: [1, 2, 3]}\n", head="method: grid\n")
    assert said(report) == ["not 3 of both"]


def test_two_parameters_for_one_key_are_refused(config: SmallConfig) -> None:
    report = check(config, "  model.units: {values: [1]}\n  model: {parameters: {units: {values: [2]}}}\n")
    assert "s.yaml:5: a key of the config must be varied by one parameter; received model.units" in said(report)[0]


def test_schema_and_config_are_said_at_once_in_the_files_order(config: SmallConfig) -> None:
    report = check(config, "  epochs: {values: [0]}\n  rate: {min: 2, max: 1}\n", head="method: random\nrun_cpa: 3\n")
    assert [violation.where.split(": ")[0] for violation in report.violations] == ["s.yaml:2", "s.yaml:6", "s.yaml:7"]


@pytest.mark.parametrize("head", ["method: gird\n", "name: n\n"])
def test_a_file_without_a_legal_method_is_checked_all_the_same(config: SmallConfig, head: str) -> None:
    messages = said(check(config, "  epochs: {values: [0]}\n", head=head))
    assert len(messages) == 2
    assert "method" in messages[0]
    assert messages[1] == "s.yaml:5: epochs: out of range; received 0"


def test_a_file_that_cannot_be_read_is_said_alone(config: SmallConfig) -> None:
    report = check_sweep("a: [", source="s.yaml", compose=config.compose, overrides_of=overrides_of)
    assert len(report.violations) == 1
    assert config.asked == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("epoch/val_acc", "must be one that training logs; received epoch/val_acc. Did you mean `epoch/val_accuracy`?"),
        ("val_acuracy", "must be one that training logs; received val_acuracy. Did you mean `epoch/val_accuracy`?"),
        ("zzz/x", "must be one that training logs; received zzz/x. Training logs batch/accuracy, "),
        (
            "test/accuracy",
            "must not be of the test split, which search must not see; received test/accuracy. Use epoch/",
        ),
    ],
)
def test_the_metric_must_be_one_that_a_fit_logs(config: SmallConfig, name: str, message: str) -> None:
    text = f"method: random\nmetric:\n  goal: maximize\n  name: {name}\n{COMMAND}parameters: {{epochs: {{value: 1}}}}\n"
    report = check_sweep(text, source="s.yaml", compose=config.compose, overrides_of=overrides_of)
    assert len(report.violations) == 1
    assert said(report)[0].startswith(f"s.yaml:4: a sweep's metric {message}")


def test_a_grid_may_do_without_a_metric(config: SmallConfig) -> None:
    text = f"method: grid\n{COMMAND}parameters: {{epochs: {{value: 1}}}}\n"
    assert check_sweep(text, source="s", compose=config.compose, overrides_of=overrides_of).violations == ()


def test_the_hub_refuses_what_it_lacks_and_wandb_what_is_ours(config: SmallConfig) -> None:
    head = "method: custom\nseed: 3\njob: j\n"
    parameters = "  rate: {min: 0.0, max: 0.5}\n"
    assert [violation.where for violation in check(config, parameters, head=head).violations] == [
        "s.yaml:1",
        "s.yaml:3",
    ]
    assert said(check(config, parameters, head=head, target="wandb")) == [
        "s.yaml:2: wandb.ai knows no key `seed` in a sweep file"
    ]


def test_coupled_and_conditional_parameters_are_composed_only_where_they_mean_something(config: SmallConfig) -> None:
    text = "  model: {values: [mlp, convnet]}\n  width: {values: [4, 8]}\n"
    text += "  rate: {value: 0.5, when: {epochs: 2}}\n  epochs: {values: [1, 2], when: {model: convnet}}\n"
    report = check(config, text, head="method: grid\nzip: [[model, width]]\n")
    assert (report.violations, report.expected_runs, report.points) == ((), 3, 3)
    assert sorted(config.asked, key=len) == [
        {"model": "mlp", "width": 4},
        {"model": "convnet", "width": 8, "epochs": 1},
        {"model": "convnet", "width": 8, "epochs": 2, "rate": 0.5},
    ]


def test_a_conditional_parameter_is_checked_at_its_extremes(config: SmallConfig) -> None:
    text = "  model: {values: [mlp, convnet]}\n  epochs: {values: [2, 0], when: {model: convnet}}\n"
    assert said(check(config, text)) == ["s.yaml:6: epochs: out of range; received 0"]


def test_each_of_several_metrics_must_be_one_that_training_logs(config: SmallConfig) -> None:
    text = f"method: random\nmetrics: [{{name: epoch/val_loss}}, {{name: speed}}]\n{COMMAND}"
    report = check_sweep(
        text + "parameters: {epochs: {value: 1}}\n",
        source="s.yaml",
        compose=config.compose,
        overrides_of=overrides_of,
    )
    [message] = said(report)
    assert message.startswith("s.yaml:2: a sweep's metric must be one that training logs; received speed")


def test_warnings_of_the_file_are_passed_on(config: SmallConfig) -> None:
    report = check(config, "  rate: {distribution: log_uniform, min: -9, max: -1}\n")
    assert report.violations == ()
    assert [warning.where for warning in report.warnings] == ["s.yaml:5"]


def with_command(command: str, config: SmallConfig, more: str = "") -> CheckReport:
    text = f"method: random\n{METRIC}{more}parameters: {{epochs: {{value: 1}}}}\ncommand: {command}\n"
    return check_sweep(text, source="s.yaml", compose=config.compose, overrides_of=overrides_of)


@pytest.mark.parametrize(
    "command",
    [
        '[sweepyard, train, --parameters, "${args_json_file}", data=mnist5k]',
        '["${env}", "${interpreter}", -m, sweepyard, train, data=mnist5k, --parameters, "${args_json_file}"]',
        '[/opt/bin/sweepyard, train, --config-dir, a=b, --parameters, "${args_json_file}", data=mnist5k]',
    ],
)
def test_overrides_that_the_command_fixes_hold_at_every_point(config: SmallConfig, command: str) -> None:
    report = with_command(command, config)
    assert (report.violations, report.warnings) == ((), ())
    assert config.fixed == {"data=mnist5k"}
    assert config.asked == [{"model": "mlp", "epochs": 1}]


def test_a_key_that_is_varied_and_fixed_is_warned_of(config: SmallConfig) -> None:
    report = with_command('[sweepyard, train, --parameters, "${args_json_file}", epochs=3]', config)
    assert report.violations == ()
    assert [str(warning) for warning in report.warnings] == [
        "s.yaml:3: the command fixes a key that the sweep varies; received epochs=3. Leave one of the two out"
    ]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            '[sweepyard, train, --parameters, "${args_json_fil}"]',
            "received ${args_json_fil}. Did you mean `args_json_file`?",
        ),
        (
            '[sweepyard, train, "--parameters=${args_json_file}"]',
            "agents leave it as it stands; received --parameters=${args_json_file}. Make it an item of its own",
        ),
        (
            "[sweepyard, train]",
            "the command must pass the parameters on, or every run is the same. Add --parameters",
        ),
        (
            '[python, "${program}", "${args}"]',
            "a sweep file must name a `program`, or a `command` that needs none. For",
        ),
    ],
)
def test_a_command_that_cannot_work_is_refused(config: SmallConfig, command: str, message: str) -> None:
    messages = said(with_command(command, config))
    assert len(messages) == 1
    assert messages[0].startswith("s.yaml:4: ")
    assert message in messages[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ('"${args_json_file}"', "`${args_json_file}` must stand directly behind --parameters. Write --parameters,"),
        ('--config-dir, "${args_json_file}"', "must pass the parameters on, or every run is the same"),
        ('--parameters, "${args_json}"', "must be followed by the macro that names a file; received ${args_json}"),
        ('--parameters, p.json, "${args_json}"', "cannot read what this macro becomes; received ${args_json}"),
        ('"${args}"', "cannot read what this macro becomes; received ${args}. Pass --parameters and"),
        ('--parameter, "${args_json_file}"', "no such option; received --parameter. Did you mean `--parameters`?"),
        ("FILE, --nosuch", "no such option; received --nosuch. Keys of the config are set without dashes"),
        ("FILE, --epochs=3", "no such option; received --epochs=3. Keys of the config are set without dashes"),
        ("FILE, --cfg, job", "must not have this option of `sweepyard train`; received --cfg. It prints the config"),
        ("FILE, --cfg=job", "must not have this option of `sweepyard train`; received --cfg=job. It prints"),
        ("FILE, --help", "must not have this option of `sweepyard train`; received --help. It prints the help"),
        ("-m, FILE", "must not have this option of `sweepyard train`; received -m. The sweep's parameters vary"),
        ("FILE, --resume, ab12cd34", "received --resume. Agents go on with the runs of their sweep without it"),
        ("FILE, --config-dir", "`--config-dir` must have its value behind it"),
        ("FILE, mnist5k", "must be an option or an override; received mnist5k. Write key=value or group=option"),
    ],
)
def test_words_that_train_cannot_take_from_an_agent_are_refused(config: SmallConfig, words: str, message: str) -> None:
    words = words.replace("FILE", '--parameters, "${args_json_file}"')
    messages = said(with_command(f"[sweepyard, train, {words}]", config))
    assert any(each.startswith("s.yaml:4: ") and message in each for each in messages), messages


@pytest.mark.parametrize("key", ["project", "entity"])
def test_a_name_that_the_hub_refuses_is_refused_with_its_line(config: SmallConfig, key: str) -> None:
    text = f"method: random\n{COMMAND}parameters: {{epochs: {{value: 1}}}}\n{key}: a b/c\n"
    reports = [
        check_sweep(text, source="s.yaml", compose=config.compose, overrides_of=overrides_of, target=target)
        for target in TARGETS
    ]
    rule = f"`{key}` is 1 to 128 of A-Z a-z 0-9 _ . - and spaces, and does not begin with - or a space"
    assert [said(report) for report in reports] == [[f"s.yaml:4: {rule}; received 'a b/c'"], []]


def test_a_file_without_program_and_command_is_refused(config: SmallConfig) -> None:
    text = "method: random\nparameters: {epochs: {value: 1}}\n"
    report = check_sweep(text, source="s.yaml", compose=config.compose, overrides_of=overrides_of)
    assert said(report)[0].startswith("s.yaml:1: a sweep file must name a `program`, or a `command` that needs none")


def test_an_almost_empty_file_is_refused_with_all_that_it_lacks(config: SmallConfig) -> None:
    report = check_sweep("name: n\n", source="s.yaml", compose=config.compose, overrides_of=overrides_of)
    assert [violation.rule.split(" must ")[1] for violation in report.violations] == [
        "name a `program`, or a `command` that needs none",
        "have `method` (grid, random, bayes, custom)",
        "have `parameters`",
    ]


def test_text_macros_lose_types_and_are_warned_of(config: SmallConfig) -> None:
    report = with_command('[sweepyard, train, "${args_no_hyphens}"]', config)
    assert report.violations == ()
    assert [warning.received for warning in report.warnings] == ["${args_no_hyphens}"]


@pytest.mark.parametrize(
    "command",
    ['[python, "${program}", "${args}", "${envvar:HOME}"]', '[sweepyard, evaluate, "${args}"]', "[sweepyard]"],
)
def test_another_program_is_not_composed_and_that_is_said(config: SmallConfig, command: str) -> None:
    report = with_command(command, config, more="program: train.py\n")
    assert report.violations == ()
    assert [warning.rule for warning in report.warnings] == [
        "the command is not `sweepyard train`: parameters and metric were not checked against conf/"
    ]
    assert config.asked == []


@pytest.mark.parametrize("start", ["sweepyard", '"${env}", sweepyard', '"${interpreter}", -m, sweepyard'])
def test_a_misspelt_train_is_refused(config: SmallConfig, start: str) -> None:
    report = with_command(f'[{start}, trian, --parameters, "${{args_json_file}}"]', config)
    assert said(report) == ["s.yaml:4: sweepyard has no such command; received trian. Did you mean `train`?"]


def test_a_misspelt_train_hides_no_other_fault(config: SmallConfig) -> None:
    text = (
        "method: random\nmetric: {name: val_acuracy}\n"
        + COMMAND.replace("train,", "trian,")
        + "parameters:\n  epochs: {values: [0]}\n"
    )
    report = check_sweep(text, source="s.yaml", compose=config.compose, overrides_of=overrides_of)
    messages = "\n".join(said(report))
    for expected in ("received trian", "val_acuracy", "out of range"):
        assert expected in messages
    assert report.warnings == ()


def test_a_word_of_another_program_is_its_own(config: SmallConfig) -> None:
    assert with_command('[python, fit.py, --project, sweepyard, trained, "${args}"]', config).violations == ()


def test_a_misspelt_key_hides_no_other_fault(config: SmallConfig) -> None:
    text = (
        "method: random\n"
        "metrik: {name: val_acuracy}\n"
        + COMMAND.replace("command", "comand")
        + "paramters:\n  epochs: {values: [0]}\n  wdth: {value: 1}\n"
    )
    report = check_sweep(text, source="s.yaml", compose=config.compose, overrides_of=overrides_of)
    messages = said(report)
    for expected in ("`comand`", "`metrik`", "`paramters`", "val_acuracy", "out of range", "wdth"):
        assert any(expected in message for message in messages), (expected, messages)
    assert not any("must have" in message for message in messages)
