"""What a server holds of runs and artifacts, for deciding what a push does with them."""

from __future__ import annotations

from typing import Any

from sweepyard.domain.run import RunPath, RunState
from sweepyard.tracking.push.facts import ArtifactFacts, RunFacts


def artifact_facts(**changes: Any) -> ArtifactFacts:
    """A version of a model, without a word about it."""
    plain: dict[str, Any] = {
        "node_id": "1",
        "collection": "c",
        "kind": "model",
        "digest": "d",
        "version": 0,
        "description": "",
        "metadata": {},
        "aliases": (),
        "tags": (),
        "created_at": "2026",
    }
    return ArtifactFacts(**plain | changes)


def run_facts(**changes: Any) -> RunFacts:
    """A finished run with a name, tags and a group, and without lines, files and artifacts."""
    plain: dict[str, Any] = {
        "path": RunPath("e", "p", "r"),
        "node_id": "n",
        "name": "shown",
        "notes": "",
        "tags": ("a", "b"),
        "group": "g",
        "job_type": "j",
        "commit": "abc",
        "state": RunState.FINISHED,
        "exit_code": 0,
        "created_at": "2026-01-02T03:04:05Z",
        "config": {},
        "client_config": {},
        "summary": {},
        "sweep_id": "s",
        "history_lines": 0,
        "event_lines": 0,
        "console_lines": 0,
        "files": {},
        "artifacts": (),
        "used": (),
    }
    return RunFacts(**plain | changes)
