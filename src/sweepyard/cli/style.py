"""How every command's help looks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 110}

_LONGEST_SENTENCE = 400


class CommandGroup(click.Group):
    """A group whose help has the first sentence of each command's whole, over several lines where it is long.

    Args:
        other_names: Further names of commands, each with the command's own.
    """

    def __init__(self, *args: Any, other_names: Mapping[str, str] = MappingProxyType({}), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._other_names = other_names

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, self._other_names.get(cmd_name, cmd_name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [
            (", ".join([name, *self._others_of(name)]), command.get_short_help_str(_LONGEST_SENTENCE))
            for name, command in sorted(self.commands.items())
            if not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _others_of(self, name: str) -> list[str]:
        return [other for other, own in self._other_names.items() if own == name]


class RunByDefault(CommandGroup):
    """A group that takes what is no command of its own, and no word at all, for the arguments of `run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # A shell that completes the first word asks with none: the group's own commands are among what it may be.
        is_named = args[0] in {*self.commands, "-h", "--help"} if args else ctx.resilient_parsing
        if not is_named:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        own = super().shell_complete(ctx, incomplete)
        if not incomplete.startswith("-"):
            return own
        known = {item.value for item in own}
        return [
            *(item for item in self.commands["run"].shell_complete(ctx, incomplete) if item.value not in known),
            *own,
        ]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = [option.get_help_record(ctx) for option in self.commands["run"].params]
        with formatter.section("Options of run"):
            formatter.write_dl([record for record in records if record is not None])
        super().format_options(ctx, formatter)


def examples(*lines: str) -> str:
    """An epilog with one example a line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
