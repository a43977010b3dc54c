"""A fork server that imports already while its agent asks for the first run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise

from sweepyard.agents.warm import client


@contextmanager
def started_ahead(
    command: Sequence[object], environ: Mapping[str, str], *, server: str = client.SERVER_MODULE
) -> Iterator[None]:
    """The fork server of an agent's runs from the start of the block, if they want one, to its end at the latest.

    Whatever goes wrong goes wrong again, and is told, with the first run.

    Args:
        command: The sweep's `command`, with its macros.
        environ: That of its runs.
        server: The module to start where no fork server listens.
    """
    started: list[subprocess.Popen[bytes]] = []
    arguments = _arguments_of_train([str(word) for word in command])
    if arguments is not None and client.is_wanted(arguments, environ):
        with suppress(client.Unserved, OSError):
            client.connect(environ, server=server, on_start=started.append).close()
    try:
        yield
    finally:
        for process in started:
            process.terminate()
            process.wait()


def _arguments_of_train(words: Sequence[str]) -> Sequence[str] | None:
    """Those of `sweepyard train` in a command line, which may begin with other programs' words."""
    for number, (first, second) in enumerate(pairwise(words)):
        if os.path.basename(first) == "sweepyard" and second == "train":
            return words[number + 2 :]
    return None
