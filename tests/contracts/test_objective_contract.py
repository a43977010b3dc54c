from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.deterministic import START

from sweepyard.domain.objective import Mark, ObjectiveRecord, ObjectiveValues
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.domain.sweep import Sweep, SweepPath, SweepState
from sweepyard.errors import NotFound
from sweepyard.services.ports import Database

SWEEP = SweepPath("lab", "digits", "sweep1")
ONE = RunPath("lab", "digits", "one")
TWO = RunPath("lab", "digits", "two")
FOREIGN = RunPath("lab", "digits", "foreign")
RECORD = ObjectiveRecord("m", 2**40, ObjectiveValues.of([0.1, -1.5e300, 3.0, 0.1 + 0.2]))
MARK = Mark(0.1, -0.2, 5e-324, 1 / 3)


@pytest.fixture
def stored(database: Database) -> Database:
    run = Run(path=ONE, state=RunState.RUNNING, created_at=START, updated_at=START, sweep_id="sweep1")
    with database.writing() as unit:
        unit.projects.ensure("lab", "digits", START)
        unit.sweeps.add(
            Sweep(path=SWEEP, state=SweepState.RUNNING, config_yaml="", seed=0, created_at=START, updated_at=START)
        )
        unit.runs.add(run)
        unit.runs.add(replace(run, path=TWO))
        unit.runs.add(replace(run, path=FOREIGN, sweep_id=None))
    return database


def test_a_record_survives_to_the_last_bit_and_is_overwritten_whole(stored: Database) -> None:
    empty = ObjectiveRecord("m", 3)
    with stored.writing() as unit:
        assert unit.objectives.get(ONE, "m") is None
        unit.objectives.save(ONE, empty)
        unit.objectives.save(ONE, replace(RECORD, metric="other"))
    with stored.reading() as unit:
        assert unit.objectives.get(ONE, "m") == empty
        assert unit.objectives.get(ONE, "other") == replace(RECORD, metric="other")
    with stored.writing() as unit:
        unit.objectives.save(ONE, RECORD)
        assert unit.objectives.get(ONE, "m") == RECORD


def test_records_of_a_sweep(stored: Database) -> None:
    with stored.writing() as unit:
        for path in (ONE, FOREIGN):
            unit.objectives.save(path, RECORD)
        unit.objectives.save(TWO, replace(RECORD, metric="other"))
    with stored.reading() as unit:
        assert unit.objectives.of_sweep(SWEEP, "m") == {"one": RECORD}
        assert unit.objectives.of_sweep(replace(SWEEP, project="else"), "m") == {}


def test_marks_are_ordered_as_they_were_made(stored: Database) -> None:
    with stored.writing() as unit:
        unit.objectives.add_marks(TWO, "m", {1: MARK})
        unit.objectives.add_marks(ONE, "m", {1: MARK, 3: replace(MARK, value=2.0)})
        unit.objectives.add_marks(ONE, "m", {})
        unit.objectives.add_marks(ONE, "other", {1: MARK})
        unit.objectives.add_marks(FOREIGN, "m", {1: MARK})
    with stored.reading() as unit:
        found = unit.objectives.marks(SWEEP, "m", [1, 3, 9])
        assert unit.objectives.marks(SWEEP, "m", []) == {}
        assert unit.objectives.marks(SWEEP, "m", [3]).keys() == {"one"}
    assert {run: {place: replace(mark, order=0) for place, mark in marks.items()} for run, marks in found.items()} == {
        "one": {1: MARK, 3: replace(MARK, value=2.0)},
        "two": {1: MARK},
    }
    assert found["two"][1].order < found["one"][1].order


def test_records_and_marks_go_when_told_and_with_their_run(stored: Database) -> None:
    with stored.writing() as unit:
        for path in (ONE, TWO):
            unit.objectives.save(path, RECORD)
            unit.objectives.add_marks(path, "m", {1: MARK})
        unit.objectives.save(TWO, replace(RECORD, metric="other"))
        unit.objectives.add_marks(TWO, "other", {1: MARK})
        unit.objectives.forget(TWO, "other")
        assert unit.objectives.get(TWO, "other") is None
        assert unit.objectives.marks(SWEEP, "other", [1]) == {}
        unit.objectives.forget(ONE)
        unit.objectives.forget(RunPath("lab", "digits", "nobody"))
        assert unit.objectives.of_sweep(SWEEP, "m").keys() == {"two"}
        assert unit.objectives.marks(SWEEP, "m", [1]).keys() == {"two"}
        unit.runs.delete(TWO)
        unit.runs.add(Run(path=TWO, state=RunState.RUNNING, created_at=START, updated_at=START, sweep_id="sweep1"))
        assert unit.objectives.of_sweep(SWEEP, "m") == {}
        assert unit.objectives.marks(SWEEP, "m", [1]) == {}


def test_a_run_that_does_not_exist_has_no_record(stored: Database) -> None:
    nobody = RunPath("lab", "digits", "nobody")
    with stored.writing() as unit:
        with pytest.raises(NotFound):
            unit.objectives.save(nobody, RECORD)
        with pytest.raises(NotFound):
            unit.objectives.add_marks(nobody, "m", {1: MARK})
        assert unit.objectives.get(nobody, "m") is None
