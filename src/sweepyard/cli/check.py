"""`sweepyard check`: a sweep file, completely, before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sweepyard.cli.options import CONFIG_DIR, JSON
from sweepyard.cli.style import CONTEXT, examples
from sweepyard.jsonvalue import JsonValue
from sweepyard.wiring.sweep_files import check_sweep_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sweepyard.errors import Violation
    from sweepyard.services.check import Target


@click.command(
    "check",
    context_settings=CONTEXT,
    epilog=examples("sweepyard check sweeps/first.yaml", "sweepyard check my_sweep.yaml --target wandb --json"),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--target",
    type=click.Choice(["hub", "wandb"]),
    default="hub",
    show_default=True,
    help="Whose rules beside W&B's schema: this hub's, or wandb.ai's.",
)
@CONFIG_DIR
@JSON
def command(file: Path, target: Target, config_dir: Path | None, as_json: bool) -> int:
    """Check FILE: schema, every parameter against conf/, the metric. Exit code 1 if a rule is broken."""
    from sweepyard.cli.output import counted, print_json

    report = check_sweep_file(file, target=target, config_folder=config_dir)
    if as_json:
        print_json({"violations": _as_json(report.violations), "warnings": _as_json(report.warnings)})
        return 1 if report.violations else 0
    for violation in report.violations:
        print(f"error: {violation}")
    for warning in report.warnings:
        print(f"warning: {warning}")
    if not report.violations:
        count = len(report.warnings)
        print(f"{file} is sound" + (f" ({counted(count, 'warning')})" if count else ""))
    return 1 if report.violations else 0


def _as_json(violations: Sequence[Violation]) -> list[JsonValue]:
    return [
        {"rule": each.rule, "received": each.received, "hint": each.hint, "where": each.where} for each in violations
    ]
