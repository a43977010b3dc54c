"""`sweepyard sweep export` and `sweepyard sweep edit`: a sweep file for wandb.ai, and a running sweep that grows."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from sweepyard.cli.environment import settings_now
from sweepyard.cli.options import CONFIG_DIR
from sweepyard.cli.reading import path_of
from sweepyard.cli.style import CONTEXT, examples
from sweepyard.wiring.sweep_files import export_sweep_file
from sweepyard.wiring.sweeps import edit_sweep


@click.command(
    "export",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard sweep export my_sweep.yaml --target wandb > for_wandb.yaml",
        "sweepyard sweep export my_sweep.yaml --output for_wandb.yaml --json",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--target", type=click.Choice(["wandb"]), default="wandb", show_default=True, help="For whom.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to; by default standard output.")
@click.option("--json", "as_json", is_flag=True, help="Print the file, the changes and the losses as JSON.")
def export(file: Path, target: str, output: Path | None, as_json: bool) -> int:
    """Write FILE as wandb.ai takes it: what only the hub knows is expanded or stripped.

    What was said in another way, and what is lost, stands on standard error. Exit code 1 if FILE breaks a rule.
    """
    from sweepyard.cli.output import print_json, write_text

    exported, text = export_sweep_file(file)
    for change in exported.changes:
        print(f"changed: {change}", file=sys.stderr)
    for loss in exported.losses:
        print(f"lost: {loss}", file=sys.stderr)
    if output is not None:
        write_text(output, text)
        print(f"wrote {output}; check it with: sweepyard check {output} --target {target}", file=sys.stderr)
    if as_json:
        print_json({"file": exported.document, "changes": list(exported.changes), "losses": list(exported.losses)})
    elif output is None:
        print(text, end="")
    return 0


@click.command(
    "edit",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard sweep edit k3x9q2ab sweeps/first.yaml", "sweepyard sweep edit sweepyard/k3x9q2ab bigger.yaml"
    ),
)
@click.argument("sweep")
@click.argument("file", type=click.Path(path_type=Path))
@CONFIG_DIR
def edit(sweep: str, file: Path, config_dir: Path | None) -> int:
    """Let the registered SWEEP go on by the rules of FILE, its agents and all.

    Before its first run FILE may say anything. After that a sweep may only grow: more values, wider ranges, a higher
    run_cap, other names, targets, budgets and retries. A grid goes on with the points that no run has; random and
    Bayesian search go on with their sequence. What cannot be done is refused, all of it at once. Exit code 1 then.
    """
    warnings = edit_sweep(path_of(sweep, "sweep"), file, settings_now(), os.environ, config_folder=config_dir)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"sweep {path_of(sweep, 'sweep')} goes on by {file}")
    return 0
