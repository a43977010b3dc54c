"""What stands for a script of the client: `starting.py python -c SCRIPT ...`, `python FILE ...` or `wandb ...`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from sweepyard.agents.warm import client
from sweepyard.agents.warm.place import OWNER_VARIABLE

_PYTHONPATH = "PYTHONPATH"


def main(program: str, *arguments: str) -> int:
    """Have the script forked, and leave as it leaves."""
    session = os.environ.get("TESTS_SESSION")
    begins_script = program == "wandb" or arguments[:1] == ("-c",) or not "".join(arguments[:1]).startswith("-")
    if session is None or not begins_script:
        return _be(program, *arguments)
    root = str(Path(__file__).parents[3])
    given = {name: os.environ.get(name) for name in (_PYTHONPATH, OWNER_VARIABLE)}
    found = {_PYTHONPATH: os.pathsep.join(filter(None, [root, given[_PYTHONPATH]])), OWNER_VARIABLE: session}
    code = client.run(
        [json.dumps(given), program, *arguments],
        {**os.environ, **found},
        server="tests.parts.ready_client.forking",
    )
    return _be(program, *arguments) if code is None else code


def _be(program: str, *arguments: str) -> int:
    command = [sys.executable, *(["-m", "wandb"] if program == "wandb" else []), *arguments]
    os.execv(sys.executable, command)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
