"""Sweep files are checked against the configs that their own command composes."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweepyard.wiring.sweep_files import check_sweep_file

TOWER = "name: tower\n_target_: nosuch_package.tower\n"


def sweep_file(folder: Path, words: str) -> Path:
    file = folder / "sweep.yaml"
    command = f'command: [sweepyard, train, --parameters, "${{args_json_file}}", {words}]\n'
    file.write_text(f"method: random\n{command}parameters: {{model.depth: {{value: 3}}}}\n", encoding="utf-8")
    return file


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "my_conf"
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "tower.yaml").write_text(TOWER, encoding="utf-8")
    (folder / "mine.yaml").write_text("defaults: [train, _self_]\nmodel: {width: 2}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("words", ["--config-dir, my_conf", "--config-dir=my_conf, --config-name, mine"])
def test_a_sweep_is_composed_with_the_folder_of_its_command(conf: Path, words: str) -> None:
    file = sweep_file(conf.parent, f"{words}, model=tower")
    assert check_sweep_file(file, target="hub").violations == ()


def test_a_folder_that_is_asked_for_wins_over_the_command_s(conf: Path) -> None:
    file = sweep_file(conf.parent, "--config-dir, elsewhere, model=tower")
    assert check_sweep_file(file, target="hub", config_folder=conf).violations == ()


def test_a_folder_of_the_command_that_is_not_there_is_refused(conf: Path) -> None:
    file = sweep_file(conf.parent, "--config-dir, nosuch, model=tower, --cfg, job")
    report = check_sweep_file(file, target="hub")
    folder, option = report.violations
    assert str(folder) == (
        f"{file}:2: the command's --config-dir must name a folder, seen from where agents start; received nosuch. "
        "Call this from there, or say --config-dir DIR here too"
    )
    assert option.received == "--cfg"
    assert report.expected_runs is None


@pytest.mark.parametrize("words", ["tracking=disabled", "debug=untracked", "tracking.mode=disabled"])
def test_a_run_that_no_server_would_hear_of_is_warned_of(conf: Path, words: str) -> None:
    file = sweep_file(conf.parent, f"--config-dir, my_conf, model=tower, {words}")
    report = check_sweep_file(file, target="hub")
    assert report.violations == ()
    rule = "under an agent the agent's server wins, so this changes nothing"
    assert f"{file}: {rule}; received tracking.mode=disabled" in [
        str(warning).partition(". ")[0] for warning in report.warnings
    ]
