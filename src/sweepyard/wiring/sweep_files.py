"""Sweep files: checked against the configs that they vary, planned, and written for wandb.ai."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sweepyard.errors import SweepFileInvalid, Violation
from sweepyard.settings import DEFAULT_PROJECT

if TYPE_CHECKING:
    from sweepyard.agents.sweeping import AgentPlan, SweepPlan
    from sweepyard.services.check import CheckReport, Target
    from sweepyard.sweeps.export import Exported


def check_sweep_file(file: Path, *, target: Target, config_folder: Path | None = None) -> CheckReport:
    """Everything that is wrong with a sweep file, and what it is warned about; nothing is started.

    Args:
        config_folder: The user's own `conf/`, in place of the one that the file's command names.

    Raises:
        SweepFileInvalid: The file cannot be read.
        ConfigInvalid: There is no such `config_folder`.
    """
    from sweepyard.config.compose import PRIMARY, Composer, Composition, overrides_of
    from sweepyard.config.schema import UNTRACKED
    from sweepyard.config.targets import missing_targets
    from sweepyard.services.check import check_file, check_sweep, options_of_train

    text, source = _read_sweep_file(file), str(file)
    options, where = options_of_train(text, source=source)
    named = options.get("--config-dir", "")
    if config_folder is None and named and "${" not in named:
        config_folder = Path(named)
        if not config_folder.expanduser().is_dir():
            rule = "the command's --config-dir must name a folder, seen from where agents start"
            hint = "Call this from there, or say --config-dir DIR here too"
            report = check_file(text, source=source, target=target)
            missing_folder = Violation(rule, named, hint, where)
            return replace(report, violations=(missing_folder, *report.violations), expected_runs=None)
    composer = Composer(config_folder=config_folder, config_name=options.get("--config-name", PRIMARY))
    warned: dict[str, Violation] = {}

    def compose(overrides: Sequence[str]) -> Composition:
        composition = composer.compose(overrides)
        found = missing_targets(composition.config)
        if composition.config.tracking.mode in UNTRACKED:
            rule = "under an agent the agent's server wins, so this changes nothing"
            found.append(Violation(rule, f"tracking.mode={composition.config.tracking.mode}", "Leave it out", source))
        warned.update({str(each): each for each in found})
        return composition

    report = check_sweep(
        text,
        source=source,
        compose=compose,
        overrides_of=partial(overrides_of, config_folder=config_folder),
        target=target,
    )
    # No more than a warning: agents on other hosts may have what is not here.
    return replace(report, warnings=(*report.warnings, *warned.values()))


def _read_sweep_file(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SweepFileInvalid(
            [Violation("a sweep file must be a readable text file", reason, where=str(file))]
        ) from error


def plan_sweep(
    file: Path, work: AgentPlan, *, target: Target, config_folder: Path | None = None
) -> tuple[SweepPlan, tuple[Violation, ...]]:
    """Check a sweep file and say what is to be run; gives the check's warnings too.

    Raises:
        SweepFileInvalid: The file breaks rules; all of them are named.
    """
    from sweepyard.agents.sweeping import SweepPlan
    from sweepyard.sweeps.config import parse
    from sweepyard.sweeps.engine import expected_runs

    report = check_sweep_file(file, target=target, config_folder=config_folder)
    if report.violations:
        raise SweepFileInvalid(report.violations)
    config = parse(file.read_text(encoding="utf-8"), source=str(file))
    project = config.project or DEFAULT_PROJECT
    plan = SweepPlan(file=file.absolute(), project=project, expected=expected_runs(config), work=work)
    return plan, tuple(report.warnings)


def export_sweep_file(file: Path) -> tuple[Exported, str]:
    """A sweep file as wandb.ai takes it, and its YAML.

    Raises:
        SweepFileInvalid: The file cannot be read, or breaks rules.
    """
    import yaml

    from sweepyard.sweeps.config import parse
    from sweepyard.sweeps.export import for_wandb

    exported = for_wandb(parse(_read_sweep_file(file), source=str(file)))
    return exported, yaml.safe_dump(
        exported.document, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110
    )
