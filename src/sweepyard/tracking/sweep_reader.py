"""One sweep, looked at again and again: its runs, the curves of some of them, and its agents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sweepyard.domain.run import RunState
from sweepyard.jsonvalue import dumps, is_finite_number
from sweepyard.tracking.probe import Advice, check_server
from sweepyard.tracking.push.connection import Connection
from sweepyard.tracking.reader import Reader
from sweepyard.tracking.records import AgentRecord, RunRecord, SweepRecord, SweepSight
from sweepyard.tracking.server import Server

MOST_CURVES = 60
_SAMPLES = 60
_PAGE = 200
_QUERY = """
query SweepSight(
  $entity: String!, $project: String!, $sweep: String!, $curves: JSONString, $killed: JSONString, $specs: [JSONString!]!
) {
  project(name: $project, entityName: $entity) {
    sweep(sweepName: $sweep) {
      agents { edges { node {
        name host state heartbeatAt totalRuns %(agent)s
        runs(order: "-created_at", first: 1) { edges { node { name state } } }
      } } }
    }
    curves: runs(filters: $curves, first: %(most)d) { edges { node { name sampledHistory(specs: $specs) } } }
    killed: runs(filters: $killed, first: %(page)d) { edges { node { name %(run)s } } }
  }
}
"""
_ADVICE = Advice(away="`sweepyard hub serve` starts it", other="Look at that server's log")
# What this project's hub says beyond W&B.
_OURS = {"agent": "failures putAside", "run": "stoppedEarly"}


class SweepReader:
    """Reads one sweep; what has come to its end is read once."""

    def __init__(self, server: Server | None, name: str) -> None:
        """Connect to the hub, or to the server that the user is logged in to.

        Args:
            name: The sweep, as entity/project/id or project/id.

        Raises:
            TrackingError: The server is away, refuses the key, or there is no login.
        """
        self._server = server
        self._reader = Reader(server)
        self._connection = Connection(self._reader)
        self._name = name
        ours = {"agent": "", "run": ""} if server is None else _OURS
        self._query = _QUERY % {**ours, "most": MOST_CURVES, "page": _PAGE}
        self._final_curves: dict[str, list[float]] = {}
        self._asked_why: dict[str, str] = {}

    def look(self, shown: Callable[[SweepRecord], Sequence[RunRecord]]) -> SweepSight:
        """The sweep now.

        Args:
            shown: Which of its runs to bring curves of; at most `MOST_CURVES` are.

        Raises:
            TrackingError: There is no such sweep (NotTracked), or the server is away or refuses.
        """
        if self._server is not None:
            # The client would go on trying a hub that is away for half a minute.
            check_server(self._server.url, self._server.api_key, patience_seconds=0.0, advice=_ADVICE)
        sweep = self._reader.sweep(self._name)
        wanted = shown(sweep)[:MOST_CURVES] if sweep.objective else []
        curved = [run.path.run_id for run in wanted if run.path.run_id not in self._final_curves]
        unexplained = [
            run.path.run_id
            for run in sweep.runs
            if run.state == RunState.KILLED.value and run.path.run_id not in self._asked_why
        ]
        answer = self._ask(sweep, curved, unexplained[:_PAGE])
        curves = self._curves(sweep, answer["curves"]) | self._final_curves
        self._asked_why |= {node["name"]: node.get("stoppedEarly") or "" for node in _nodes(answer["killed"])}
        return SweepSight(
            sweep=sweep,
            agents=tuple(_agent(node) for node in _nodes((answer["sweep"] or {}).get("agents"))),
            curves={run.path.run_id: curves[run.path.run_id] for run in wanted if run.path.run_id in curves},
            stopped_early={run_id: why for run_id, why in self._asked_why.items() if why},
        )

    def _ask(self, sweep: SweepRecord, curved: Sequence[str], unexplained: Sequence[str]) -> dict[str, Any]:
        path = sweep.path
        metric = sweep.objective.metric if sweep.objective else ""
        variables = {
            "entity": path.entity,
            "project": path.project,
            "sweep": path.sweep_id,
            "curves": dumps({"name": {"$in": list(curved)}}),
            "killed": dumps({"name": {"$in": list(unexplained)}}),
            "specs": [dumps({"keys": ["_step", metric], "samples": _SAMPLES})],
        }
        answer: dict[str, Any] = self._connection.query(self._query, variables, f"the sweep {path}")["project"]
        return answer

    def _curves(self, sweep: SweepRecord, answer: Any) -> dict[str, list[float]]:
        """The curves in an answer; those of runs that are over are kept."""
        metric = sweep.objective.metric if sweep.objective else ""
        over = {run.path.run_id for run in sweep.runs if RunState(run.state).is_over}
        found: dict[str, list[float]] = {}
        for node in _nodes(answer):
            rows = node["sampledHistory"][0] if node["sampledHistory"] else []
            found[node["name"]] = [row[metric] for row in rows if is_finite_number(row.get(metric))]
        self._final_curves |= {run_id: curve for run_id, curve in found.items() if run_id in over}
        return found


def _agent(node: dict[str, Any]) -> AgentRecord:
    newest = next(iter(_nodes(node.get("runs"))), None)
    at_work = newest is not None and RunState(newest["state"]).is_live
    heartbeat = node.get("heartbeatAt")
    return AgentRecord(
        agent_id=node["name"],
        host=node.get("host") or "",
        is_here=node.get("state") == "RUNNING",
        run_id=newest["name"] if newest is not None and at_work else None,
        heartbeat_at=datetime.fromisoformat(heartbeat.replace("Z", "+00:00")) if heartbeat else None,
        total_runs=node.get("totalRuns") or 0,
        failures=node.get("failures"),
        put_aside=bool(node.get("putAside")),
    )


def _nodes(connection: Any) -> list[dict[str, Any]]:
    return [edge["node"] for edge in (connection or {}).get("edges", [])]
