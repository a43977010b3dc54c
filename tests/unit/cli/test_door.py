"""Errors become exit codes and a line or two."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click
import pytest
from click.shell_completion import ShellComplete

from sweepyard.cli import door
from sweepyard.errors import ConfigInvalid, HubUnreachable, Violation


def enter_raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    def dispatch(_arguments: list[str], _start: object) -> int:
        raise error

    monkeypatch.setattr(door, "_dispatch", dispatch)
    return door.enter(["anything"])


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (HubUnreachable("no hub"), 1, "error: no hub\n"),
        (ConfigInvalid([Violation("a", "b", "C"), Violation("d")]), 1, "error: a; received b. C\nerror: d\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_what_is_expected_is_said_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    assert enter_raising(monkeypatch, error) == code
    assert capsys.readouterr() == ("", said)


def test_what_is_unexpected_says_how_to_see_all_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert enter_raising(monkeypatch, ZeroDivisionError("oh")) == 1
    said = capsys.readouterr().err
    assert "unexpected error: ZeroDivisionError: oh" in said
    assert "SWEEPYARD_DEBUG=1" in said
    assert "Traceback" not in said


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SWEEPYARD_DEBUG", "1")
    assert enter_raising(monkeypatch, HubUnreachable("no hub")) == 1
    assert "Traceback" in capsys.readouterr().err


def test_usage_errors_are_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.enter(["nonsense"]) == 2
    usage, hint, empty, told = capsys.readouterr().err.splitlines()
    assert (usage, empty) == ("Usage: sweepyard [OPTIONS] COMMAND [ARGS]...", "")
    assert hint == "Try 'sweepyard --help' for help."
    assert told == "error: No such command 'nonsense'."


@pytest.mark.parametrize("arguments", [[], ["hub"], ["hub", "keys"], ["predictions"], ["db"]])
def test_a_group_without_a_command_says_once_which_there_are(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.enter(arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith(" ".join(["Usage: sweepyard", *arguments, "[OPTIONS] COMMAND [ARGS]...\n"]))
    assert told.count("Usage:") == 1
    assert "\nCommands:\n" in told


@pytest.mark.parametrize(
    ("arguments", "command", "missing"),
    [
        (["sweep"], "sweep run", "FILE|SWEEP"),
        (["fleet"], "fleet run", "SWEEP"),
        (["predictions", "confusion"], "predictions confusion", "VERSION"),
        (["predict", "model.keras"], "predict", "IMAGES..."),
    ],
)
def test_a_command_without_what_it_needs_says_in_a_line_what_that_is(
    arguments: list[str], command: str, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.enter(arguments) == 2
    usage, hint, empty, told = capsys.readouterr().err.splitlines()
    assert usage.startswith(f"Usage: sweepyard {command} ")
    assert (hint, empty) == (f"Try 'sweepyard {command} --help' for help.", "")
    assert told == f"error: Missing argument '{missing}'."


def test_a_shell_completes_the_commands_of_a_group_that_goes_without_one() -> None:
    from sweepyard.cli.group import root

    found = ShellComplete(root, {}, "sweepyard", "_SWEEPYARD_COMPLETE").get_completions(["sweep"], "e")
    assert [each.value for each in found] == ["edit", "export"]


@pytest.mark.parametrize(
    ("words", "incomplete", "found"),
    [
        (["train"], "--c", ["--cfg", "--config-dir", "--config-name"]),
        (["train", "model=mlp"], "--res", ["--resume"]),
        (["sweep"], "--co", ["--count", "--config-dir"]),
        (["sweep"], "--h", ["--help"]),
        (["sweep", "s.yaml"], "--ag", ["--agents"]),
    ],
)
def test_a_shell_completes_options(words: list[str], incomplete: str, found: list[str]) -> None:
    from sweepyard.cli.group import root

    completion = ShellComplete(root, {}, "sweepyard", "_SWEEPYARD_COMPLETE")
    assert [each.value for each in completion.get_completions(words, incomplete)] == found


def test_an_aborted_command_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    from sweepyard.cli.group import root

    def main(**_options: object) -> int:
        raise click.Abort

    monkeypatch.setattr(root, "main", main)
    assert door.enter(["hub"]) == 130


@pytest.fixture
def left_pipe() -> Iterator[TextIO]:
    """The writing end of a pipe whose reader has left."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        yield stream


def leads_to_nowhere(stream: TextIO) -> bool:
    """Whether the interpreter may flush what is left in the stream's buffer."""
    return os.fstat(stream.fileno()).st_rdev == Path(os.devnull).stat().st_rdev


def test_a_reader_that_leaves_before_the_buffer_is_flushed_is_no_error(
    monkeypatch: pytest.MonkeyPatch, left_pipe: TextIO
) -> None:
    def dispatch(_arguments: list[str], _start: object) -> int:
        print("a line that stays in the buffer")
        return 0

    monkeypatch.setattr(door, "_dispatch", dispatch)
    monkeypatch.setattr(sys, "stdout", left_pipe)
    assert door.enter(["anything"]) == 0
    assert leads_to_nowhere(left_pipe)


def test_a_reader_that_leaves_while_click_prints_is_no_error(
    monkeypatch: pytest.MonkeyPatch, left_pipe: TextIO
) -> None:
    monkeypatch.setattr(sys, "stdout", left_pipe)
    monkeypatch.setattr(sys, "stderr", sys.stderr)  # click wraps both
    assert door.enter(["--version"]) == 0
    assert leads_to_nowhere(left_pipe)


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        ("> /dev/full", 1, "error: standard output cannot be written: No space left on device\n"),
        (">&-", 0, ""),
    ],
)
def test_an_output_that_takes_nothing_is_told_if_it_can_be(redirection: str, code: int, said: str) -> None:
    command = f"{shlex.quote(sys.executable)} -P -m sweepyard data describe {redirection}"
    done = subprocess.run(["bash", "-c", command], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, said)
