"""Help is quick because nothing heavy is imported for it, and it shows examples."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sweepyard.cli import commands, summary_of

HEAVY = (
    "keras tensorflow jax wandb hydra omegaconf numpy sqlalchemy alembic starlette uvicorn graphql ariadne rich "
    "yaml PIL h5py psutil pyarrow fsspec"
)
SUBCOMMANDS: list[tuple[str, ...]] = [
    ("hub", "serve"),
    ("hub", "status"),
    ("hub", "stop"),
    ("hub", "env"),
    ("hub", "backup"),
    ("hub", "restore"),
    ("hub", "gc"),
    ("hub", "export"),
    ("hub", "users", "list"),
    ("hub", "users", "add"),
    ("hub", "users", "revoke"),
    ("hub", "teams", "list"),
    ("hub", "keys", "list"),
    ("hub", "keys", "add"),
    ("sweep", "run"),
    ("sweep", "edit"),
    ("sweep", "export"),
    ("fleet", "run"),
    ("fleet", "status"),
    ("fleet", "cancel"),
    ("runs", "list"),
    ("runs", "show"),
    ("runs", "compare"),
    ("data", "fetch"),
    ("data", "verify"),
    ("data", "describe"),
    ("predictions", "list"),
    ("predictions", "accuracy"),
    ("predictions", "confusion"),
    ("predictions", "disagreements"),
    ("predictions", "export"),
    ("db", "check"),
]
PROBE = f"""
import sys
from sweepyard.__main__ import main
try:
    main()
except SystemExit as end:
    code = end.code
heavy = [name for name in {HEAVY.split()!r} if name in sys.modules]
print("code", code, "heavy", heavy, "click" in sys.modules, file=sys.stderr)
"""


def probe(*arguments: str) -> tuple[str, str]:
    done = subprocess.run([sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, check=True)
    return done.stdout, done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("arguments", [(), *((name,) for name in commands()), *SUBCOMMANDS], ids=" ".join)
def test_help_imports_nothing_heavy_and_shows_examples(arguments: tuple[str, ...]) -> None:
    text, verdict = probe(*arguments, "--help")
    assert verdict.startswith("code 0 heavy [] ")
    assert arguments == () or "examples:" in text.lower()


@pytest.mark.parametrize("group", [("hub", "users"), ("hub", "teams")], ids=" ".join)
def test_a_command_of_two_names_stands_there_once_with_both(group: tuple[str, ...]) -> None:
    listed = probe(*group, "--help")[0].partition("Commands:")[2]
    assert listed.count("revoke") == listed.count("remove, revoke") == 1


def test_train_goes_without_click() -> None:
    assert probe("train", "--help")[1] == "code 0 heavy [] False"


@pytest.mark.parametrize(
    "group", [("hub",), ("hub", "keys"), ("runs",), ("data",), ("sweep",), ("predictions",), ("db",)], ids=" ".join
)
def test_a_group_cuts_no_sentence_short(group: tuple[str, ...]) -> None:
    listed = probe(*group, "--help")[0].partition("Commands:")[2].partition("Examples:")[0]
    assert listed.strip()
    assert "..." not in listed


@pytest.mark.parametrize(
    "arguments",
    [
        *((name,) for name in ("demo", "train", "runs", "evaluate", "predict", "convert")),
        *(("sweep", "run"), ("runs", "list"), ("runs", "show"), ("data", "fetch"), ("data", "describe")),
        *(("predictions",), ("db", "check"), ("env",)),
    ],
    ids=" ".join,
)
def test_help_names_the_exit_codes(arguments: tuple[str, ...]) -> None:
    assert "exit codes:" in probe(*arguments, "--help")[0].lower()


def test_the_root_lists_every_command_with_its_summary() -> None:
    text, _ = probe("--help")
    for name in commands():
        assert name in text
        assert summary_of(name).split()[0] in text


def test_version() -> None:
    assert probe("--version")[0].startswith("sweepyard ")


def test_the_commands_that_read_give_json() -> None:
    readers = ("check", "sweep", "evaluate", "predict", "env"), SUBCOMMANDS
    for name in readers[0]:
        assert "--json" in probe(name, "--help")[0]
    for arguments in readers[1]:
        if arguments[-1] not in {"serve", "stop", "fetch", "edit", "revoke"}:
            assert "--json" in probe(*arguments, "--help")[0]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str) -> None:
    text, verdict = probe("completion", shell)
    assert "_SWEEPYARD_COMPLETE" in text
    assert verdict.startswith("code 0 ")
