"""The command line: parse, one call, print; errors become exit codes."""

from __future__ import annotations

# Each command, the module that defines it, and its line in `sweepyard --help`, which imports none of them.
_COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("sweepyard.cli.demo", "See it work: a sweep on real digits, from hub to predictions."),
    "train": ("sweepyard.cli.train", "Train one model; the arguments are Hydra overrides."),
    "sweep": ("sweepyard.cli.sweep", "Check a sweep file, register it, and start agents."),
    "agent": ("sweepyard.cli.agent", "Work on a sweep with all devices of this host."),
    "fleet": ("sweepyard.cli.fleet", "Start a sweep's agents on this host, on Slurm or on Ray."),
    "watch": ("sweepyard.cli.watch", "Watch a sweep in the terminal, live."),
    "check": ("sweepyard.cli.check", "Check a sweep file completely, without starting anything."),
    "runs": ("sweepyard.cli.runs", "List, show and compare runs."),
    "reproduce": ("sweepyard.cli.reproduce", "Train a finished run again and compare the weights."),
    "report": ("sweepyard.cli.report", "Make a report of a sweep, on the server or as a file."),
    "push": ("sweepyard.cli.push", "Send runs and sweeps to wandb.ai or another W&B server."),
    "evaluate": ("sweepyard.cli.evaluate", "Score a saved model, or a run's, on a split."),
    "predict": ("sweepyard.cli.predict", "Classify images with a saved model."),
    "serve": ("sweepyard.cli.serve", "Serve a model over HTTP: an API, and a page to draw on."),
    "predictions": ("sweepyard.cli.predictions", "Look at stored predictions: accuracy, confusion, disagreements."),
    "convert": ("sweepyard.cli.convert", "Write a saved model as .keras or .h5."),
    "data": ("sweepyard.cli.data", "Fetch, verify and describe data sets."),
    "hub": ("sweepyard.cli.hub", "Serve the hub, look at it, reach it with plain `wandb` commands."),
    "db": ("sweepyard.cli.db", "Try out a database."),
    "env": ("sweepyard.cli.env", "Show what results depend on: versions, machine, data; compare runs in it."),
    "completion": ("sweepyard.cli.completion", "Print the completion script of a shell."),
}


def commands() -> tuple[str, ...]:
    """The names of all commands, in the order of `sweepyard --help`."""
    return tuple(_COMMANDS)


def module_of(command: str) -> str:
    """The module that defines `command`; it has a click command named `command`."""
    return _COMMANDS[command][0]


def summary_of(command: str) -> str:
    """One line on what `command` does."""
    return _COMMANDS[command][1]
