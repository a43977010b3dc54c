"""The root command: knows the names of all others, and imports only the one that is called."""

from __future__ import annotations

import importlib

import click

from sweepyard import __version__
from sweepyard.cli import commands, module_of, summary_of
from sweepyard.cli.style import CONTEXT


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in commands():
            return None
        command = importlib.import_module(module_of(cmd_name)).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{module_of(cmd_name)}.command must be a click command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not args[0].startswith("-") and args[0] not in commands():
            # click would look for the nearest name among commands that are imported already.
            raise click.NoSuchCommand(args[0], possibilities=commands(), ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary_of(name)) for name in commands()])


@click.group(
    cls=LazyGroup,
    context_settings=CONTEXT,
    epilog="Begin with `sweepyard demo`. State is kept under $SWEEPYARD_HOME; errors show their traceback with "
    "SWEEPYARD_DEBUG=1.",
)
@click.version_option(__version__, prog_name="sweepyard", message="%(prog)s %(version)s")
def root() -> None:
    """Hyper-parameter sweeps of Keras models with the Weights & Biases client, anywhere."""
