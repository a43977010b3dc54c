"""The options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

from sweepyard.cli.environment import settings_now
from sweepyard.settings import Settings


def _settings(_context: click.Context, _option: click.Parameter, home: str | None) -> Settings:
    return settings_now(home=home)


HOME = click.option(
    "--home",
    "settings",
    callback=_settings,
    metavar="DIR",
    help="Where the hub keeps its state, in place of $SWEEPYARD_HOME.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
CONFIG_DIR = click.option(
    "--config-dir", type=click.Path(path_type=Path), metavar="DIR", help="A conf/ folder of your own."
)
TARGET = click.option(
    "--target",
    type=click.Choice(["hub", "wandb"]),
    default="hub",
    show_default=True,
    help="The hub, or the server that you are logged in to.",
)
OUTPUT = click.option("--output", default="outputs", show_default=True, metavar="DIR", help="Where logs and runs go.")
