"""What happened to a run, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sweepyard.domain.run import RunEvent, RunState

_BEGUN = re.compile(r"attempt (?P<attempt>\d+) on (?P<where>.*)", re.DOTALL)
_GIVEN = re.compile(r"attempt (?P<attempt>\d+) to agent (?P<agent>\S+) on (?P<where>.*)", re.DOTALL)
_STATES = {
    RunState.FINISHED.value: "Finished",
    RunState.FAILED.value: "Failed",
    RunState.CRASHED.value: "Taken for crashed",
    RunState.KILLED.value: "Stopped",
    RunState.PREEMPTED.value: "Preempted",
    RunState.PREEMPTING.value: "About to be preempted",
    RunState.PENDING.value: "Waits for its process",
    RunState.RUNNING.value: "Runs again",
    "stop requested": "Asked to stop",
    "late process": "A late process",
}


def told(events: Iterable[RunEvent]) -> Iterator[tuple[RunEvent, str]]:
    """Each event with a sentence; how often a run was begun is counted over all of them, which are in order."""
    begun = 0
    for event in events:
        yield event, _sentence(event, begun)
        begun += event.kind == "started"


def _sentence(event: RunEvent, begun: int) -> str:
    if event.kind == "started" and (match := _BEGUN.fullmatch(event.detail)):
        return _start(int(match["attempt"]), match["where"], begun)
    if event.kind == "handed out" and (match := _GIVEN.fullmatch(event.detail)):
        again = f", as attempt {match['attempt']}" if int(match["attempt"]) > 1 else ""
        return f"Given to agent {match['agent']} on {match['where']}{again}"
    if event.kind.startswith("alert "):
        return f"Alert ({event.kind.removeprefix('alert ')}): {event.detail}"
    what = _STATES.get(event.kind, event.kind.capitalize())
    return f"{what}: {event.detail}" if event.detail else what


def _start(attempt: int, where: str, begun: int) -> str:
    if attempt > 1:
        return f"Retried on {where} (attempt {attempt})"
    return f"Resumed on {where}" if begun else f"Started on {where}"
