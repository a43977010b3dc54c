"""Two real clients that hold one run of a sweep: the second one's agent was given it when the first one's vanished."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from sweepyard.domain.agent import AGENT_HEADER

pytestmark = pytest.mark.slow

SWEEP = "{method: grid, max_retries: 3, parameters: {x: {values: [1]}}}"
CREATE = """mutation ($project: String, $config: String) {
  upsertSweep(input: {projectName: $project, config: $config}) { sweep { name } } }"""
JOIN = """mutation ($project: String!, $sweep: String!) {
  createAgent(input: {host: "h", projectName: $project, sweep: $sweep}) { agent { id } } }"""
BEAT = "mutation ($id: ID!, $running: JSONString) { agentHeartbeat(input: {id: $id, runState: $running}) { commands } }"
CRASH = 'mutation ($id: ID!) { updateRunState(input: {id: $id, state: "crashed"}) { success } }'
RUN = """query ($project: String!, $run: String!) { project(name: $project) { run(name: $run) {
  id displayName state config summaryMetrics historyLineCount } } }"""

WORKING = """
import pathlib, time, wandb
with wandb.init() as run:
    for step in range({rows}):
        run.log({{"by": {who!r}, "step": step}})
    deadline = time.monotonic() + 60
    while not pathlib.Path("{who} goes on").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    run.log({{"by": {who!r}, "step": {rows}}})
    run.summary["by"] = {who!r}
    run.config.update({{"who": {who!r}}})
    run.name, run.notes = "{who} name", "{who} note"
    time.sleep(2)
"""


def asked(client: Any, query: str, token: str = "", **variables: str) -> dict[str, Any]:
    headers = {AGENT_HEADER: token} if token else {}
    with client.hub.http() as http:
        answer = http.post("/graphql", json={"query": query, "variables": variables}, headers=headers).json()
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


def beat(client: Any, agent: str, *running: str) -> list[dict[str, Any]]:
    answer = asked(client, BEAT, id=agent, running=json.dumps(dict.fromkeys(running, True)))
    commands: list[dict[str, Any]] = json.loads(answer["agentHeartbeat"]["commands"])
    return commands


def wait_until(told: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not told():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.parametrize("tokens", [("one", "two"), ("", "")], ids=["tokens", "no-tokens"])
def test_a_late_process_changes_nothing_of_the_run_that_another_goes_on_with(
    client: Any, project: str, tokens: tuple[str, str]
) -> None:
    sweep = asked(client, CREATE, project=project, config=SWEEP)["upsertSweep"]["sweep"]["name"]
    first, second = (
        asked(client, JOIN, token, project=project, sweep=sweep)["createAgent"]["agent"]["id"] for token in tokens
    )
    run_id = beat(client, first)[0]["run_id"]

    def work(who: str, token: str, rows: int) -> Any:
        headers = json.dumps({AGENT_HEADER: token} if token else {})
        told = {"WANDB_PROJECT": project, "WANDB_SWEEP_ID": sweep, "WANDB_RUN_ID": run_id}
        script = WORKING.format(who=who, rows=rows)
        return client.start("python", "-c", script, WANDB_X_EXTRA_HTTP_HEADERS=headers, **told)

    def stored() -> dict[str, Any]:
        run: dict[str, Any] = asked(client, RUN, project=project, run=run_id)["project"]["run"]
        return run

    def machines() -> int:
        """How many processes have described their machine, some seconds after they began."""
        return len(json.loads(stored()["config"]).get("_wandb", {"value": {}})["value"].get("e", {}))

    beat(client, first, run_id)
    old = work("old", tokens[0], rows=5)
    wait_until(lambda: machines() == 1)
    asked(client, CRASH, id=stored()["id"])
    assert beat(client, second)[0]["run_id"] == run_id
    beat(client, second, run_id)
    new = work("new", tokens[1], rows=1)
    try:
        wait_until(lambda: machines() == 2)
        (client.folder / "old goes on").touch()
        old.communicate(timeout=120)
        if tokens[0]:
            assert stored()["state"] == "running"
            late = work("old", tokens[0], rows=0)
            said, _ = late.communicate(timeout=120)
            assert late.returncode == 1
            assert "was given to another agent meanwhile" in said
        (client.folder / "new goes on").touch()
        output, _ = new.communicate(timeout=120)
    finally:
        old.kill()
        new.kill()
    assert new.returncode == 0, output
    run = stored()
    assert (run["displayName"], run["state"], run["historyLineCount"]) == ("new name", "finished", 2)
    assert json.loads(run["config"])["who"] == {"value": "new"}
    assert json.loads(run["summaryMetrics"])["by"] == "new"
    rows = client.python(f"""
import json, wandb
print("RESULT " + json.dumps([row["by"] for row in wandb.Api().run("local/{project}/{run_id}").scan_history()]))
""")
    assert rows == ["new", "new"]
