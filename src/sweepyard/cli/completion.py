"""`sweepyard completion`: the script that completes commands and options in a shell."""

from __future__ import annotations

import click

from sweepyard.cli.style import CONTEXT, examples


@click.command(
    "completion",
    context_settings=CONTEXT,
    epilog=examples('eval "$(sweepyard completion bash)"', "sweepyard completion fish | source"),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    from sweepyard.cli.group import root

    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    print(completion(root, {}, "sweepyard", "_SWEEPYARD_COMPLETE").source())
