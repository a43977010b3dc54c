"""What stands for a program of the client's: `starting.py wandb ...`, or `starting.py python` and what names one.

That is `-c SCRIPT`, `FILE` or `-P -m MODULE`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from sweepyard.agents.warm import client
from sweepyard.agents.warm.place import OWNER_VARIABLE

_PYTHONPATH = "PYTHONPATH"
_TEMPORARY = "TMPDIR"


def main(program: str, *arguments: str) -> int:
    """Have the program forked, and leave as it leaves."""
    session = os.environ.get("TESTS_SESSION")
    names_program = (
        program == "wandb" or arguments[0] == "-c" or arguments[:2] == ("-P", "-m") or arguments[0][0] != "-"
    )
    if session is None or not names_program:
        return _be(program, *arguments)
    root = str(Path(__file__).parents[3])
    # The program's own come back with it: the process that forks serves other tests, too, and outlives this one's.
    given = {name: os.environ.pop(name, None) for name in (_PYTHONPATH, OWNER_VARIABLE, _TEMPORARY)}
    found = {_PYTHONPATH: os.pathsep.join(filter(None, [root, given[_PYTHONPATH]])), OWNER_VARIABLE: session}
    code = client.run(
        [json.dumps(given), program, *arguments],
        {**os.environ, **found},
        server="tests.parts.ready_client.forking",
    )
    if code is None:
        # Begun anew, what a fork has half done would be done twice.
        sys.exit("the client could not be forked")
    return code


def _be(program: str, *arguments: str) -> int:
    command = [sys.executable, *(["-m", "wandb"] if program == "wandb" else []), *arguments]
    os.execv(sys.executable, command)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
