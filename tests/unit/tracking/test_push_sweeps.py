"""What becomes of a sweep at the destination."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.sweep_side import SweepsInMemory

from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import TrackingError
from sweepyard.tracking.push.journal import Journal
from sweepyard.tracking.push.side_sweeps import SweepFacts
from sweepyard.tracking.push.sweeps import SweepPusher

PLAIN = "method: grid\nparameters:\n  lr: {values: [1, 2]}\n"
OWN = f"seed: 3\nmax_retries: 1\n{PLAIN}"
SWEEP = SweepFacts(SweepPath("e", "p", "here"), "id", "shown", "described", "FINISHED", PLAIN)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path, source="hub", destination="http://memory", entity="e", project=None) as journal:
        yield journal


def pusher(there: SweepsInMemory, journal: Journal, here: SweepsInMemory | None = None) -> SweepPusher:
    side: Any = here or SweepsInMemory()
    destination: Any = there
    return SweepPusher(side, destination, journal)


def test_a_sweep_is_registered_once(journal: Journal) -> None:
    there = SweepsInMemory()
    made, warnings = pusher(there, journal).ensure(SWEEP, "e", "p", [])
    assert (made.config, warnings) == (PLAIN, ("a warning",))
    assert pusher(there, journal).ensure(SWEEP, "e", "p", []) == (made, ())
    assert there.made == [PLAIN]


def test_one_that_is_gone_at_the_destination_is_registered_anew(journal: Journal) -> None:
    there = SweepsInMemory()
    made, _ = pusher(there, journal).ensure(SWEEP, "e", "p", [])
    del there.stored[made.path]
    pusher(there, journal).ensure(SWEEP, "e", "p", [])
    assert there.made == [PLAIN, PLAIN]


def test_a_registration_that_was_cut_off_is_found_unless_it_has_runs(journal: Journal) -> None:
    there = SweepsInMemory()
    journal.begin_sweep(str(SWEEP.path))
    other, _ = there.register(replace(SWEEP, name="other"), "e", "p")
    used, _ = there.register(SWEEP, "e", "p")
    there.runs[used.path] = [RunPath("e", "p", "r")]
    right, _ = there.register(SWEEP, "e", "p")
    found, _ = pusher(there, journal).ensure(SWEEP, "e", "p", [])
    assert found.path == right.path != other.path
    assert journal.sweep(str(SWEEP.path)) == right.path.sweep_id


def test_a_server_that_refuses_our_keys_gets_the_file_without_them(journal: Journal) -> None:
    there = SweepsInMemory(refuses=lambda config: "seed" in config)
    sweep = replace(SWEEP, config=OWN)
    made, warnings = pusher(there, journal).ensure(sweep, "e", "p", [])
    assert "seed" not in made.config
    assert "lr" in made.config
    assert "refused as it is: an unknown key" in warnings[0]
    assert any("`max_retries`" in warning for warning in warnings)
    # And is known again, whatever was noted of it.
    journal.begin_sweep(str(sweep.path))
    assert pusher(there, journal).find(sweep, "e", "p", []) == made


def test_a_server_that_takes_our_keys_gets_them(journal: Journal) -> None:
    there = SweepsInMemory()
    made, _ = pusher(there, journal).ensure(replace(SWEEP, config=OWN), "e", "p", [])
    assert made.config == OWN


@pytest.mark.parametrize("config", [PLAIN, "method: of another server"])
def test_a_refusal_of_a_plain_file_stands(journal: Journal, config: str) -> None:
    there = SweepsInMemory(refuses=lambda config: True)
    with pytest.raises(TrackingError, match="an unknown key"):
        pusher(there, journal).ensure(replace(SWEEP, config=config), "e", "p", [])


@pytest.mark.parametrize(
    ("state", "expected", "note"),
    [
        ("FINISHED", "FINISHED", None),
        ("CANCELED", "CANCELED", None),
        ("PAUSED", "PAUSED", None),
        ("RUNNING", "PAUSED", "it is running at the source, and paused at the destination"),
    ],
)
def test_the_state_follows_and_nothing_runs_twice(
    journal: Journal, state: str, expected: str, note: str | None
) -> None:
    there = SweepsInMemory()
    sweep = replace(SWEEP, state=state)
    push = pusher(there, journal)
    made, _ = push.ensure(sweep, "e", "p", [])
    for _ in range(2):
        result = push.settle(sweep, made, ())
        assert (result.state, result.destination, result.notes) == (expected, made.path, (note,) if note else ())
    assert there.stored[made.path].state == expected


def test_a_state_that_is_refused_is_said(journal: Journal) -> None:
    there = SweepsInMemory()
    there.refuses_states = True
    push = pusher(there, journal)
    made, _ = push.ensure(SWEEP, "e", "p", [])
    result = push.settle(SWEEP, made, ("w",))
    assert (result.state, result.notes) == ("PENDING", ("w", "it stays pending: no such transition"))


def test_a_sweep_that_is_gone_at_the_source(journal: Journal) -> None:
    here = SweepsInMemory()
    here.stored[SWEEP.path] = SWEEP
    assert pusher(SweepsInMemory(), journal, here).source_sweep(SWEEP.path) == SWEEP
    with pytest.raises(TrackingError, match="no such sweep"):
        pusher(SweepsInMemory(), journal).source_sweep(SWEEP.path)
