from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.fakes.deterministic import START

from sweepyard.domain.run import Run, RunPath, RunState


@pytest.fixture
def make_run() -> Callable[..., Run]:
    blank = Run(path=RunPath("lab", "digits", "one"), state=RunState.RUNNING, created_at=START, updated_at=START)

    def make(run_id: str = "one", **fields: object) -> Run:
        return replace(blank, path=RunPath("lab", "digits", run_id), **fields)

    return make
