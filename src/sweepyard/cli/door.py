"""The door: runs one command and turns whatever leaves it into an exit code and a line or two."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sweepyard import exitcodes
from sweepyard.errors import InvalidInput, SweepyardError, Violation

if TYPE_CHECKING:
    from sweepyard.wiring.starting import Start

DEBUG_VARIABLE = "SWEEPYARD_DEBUG"


def enter(arguments: Sequence[str], start: Start | None = None) -> int:
    """Run the command line `arguments`.

    Args:
        start: How a run of `train` starts in a process that was forked for it.

    Returns:
        The exit code: 0 done; 1 it did not work, and a message says why; 2 the command line makes no sense;
        130 interrupted. `train` may return others, see `sweepyard train --help`.
    """
    if sys.stdout is None:  # Closed by whoever started this; what is printed goes nowhere.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open as long as the process lives
    try:
        code = _dispatch(list(arguments), start)
        sys.stdout.flush()  # Here: what the interpreter flushes at its end, and cannot, is no exception anyone meets.
        return code
    except SweepyardError as error:
        _show_traceback_if_wanted()
        for told in error.violations if isinstance(error, InvalidInput) else [error]:
            # What is shown under a line of the user's begins on a line of its own.
            separator = "\n" if isinstance(told, Violation) and "\n" in told.where else " "
            _say(f"error:{separator}{told}")
        return error.exit_code
    except KeyboardInterrupt:
        _show_traceback_if_wanted()
        _say("interrupted")
        return exitcodes.INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has left (`sweepyard runs list | head`); what is buffered has nowhere to go.
        _drop_output()
        return 0
    except Exception as error:  # noqa: BLE001 - the outermost door: shown to the user, with the way to all of it
        _show_traceback_if_wanted()
        if isinstance(error, OSError) and _output_is_lost():
            _say(f"error: standard output cannot be written: {error.strerror or error}")
            return 1
        _say(
            f"unexpected error: {type(error).__name__}: {error}\n"
            f"This is a fault in Sweepyard, or in its surroundings; {DEBUG_VARIABLE}=1 shows the traceback."
        )
        return 1


def _dispatch(arguments: list[str], start: Start | None) -> int:
    if arguments and arguments[0] == "train":
        # Agents start this command for every run: it goes without click.
        from sweepyard.cli.train import run

        return run(arguments[1:], start)
    import click

    from sweepyard.cli.group import root

    stdout = sys.stdout
    try:
        code = root.main(args=arguments, prog_name="sweepyard", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:  # its text is the whole help
        _say(error.format_message())
        return error.exit_code
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            _say(f"{error.ctx.get_usage()}\nTry '{error.ctx.command_path} --help' for help.\n")
        _say(f"error: {error.format_message()}")
        return error.exit_code
    except click.Abort:
        _say("interrupted")
        return exitcodes.INTERRUPTED
    except SystemExit as end:
        if sys.stdout is stdout:
            raise
        # click puts a stream of its own there when the reader of a pipe has left, and leaves with 1.
        sys.stdout = stdout
        raise BrokenPipeError from end
    return code if isinstance(code, int) else 0


def _show_traceback_if_wanted() -> None:
    if os.environ.get(DEBUG_VARIABLE, "") not in {"", "0"}:
        traceback.print_exc()


def _output_is_lost() -> bool:
    """Whether standard output takes nothing, as on a full disk; then nothing more is tried."""
    try:
        os.write(sys.stdout.fileno(), b"\n")  # A buffer that failed once is empty, and flushing it proves nothing.
    except OSError:
        _drop_output()
        return True
    return False


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> None:
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)
