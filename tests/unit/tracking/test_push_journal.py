"""What pushes remember."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sweepyard.errors import TrackingError
from sweepyard.tracking.push.journal import Journal, Verified


def journal(folder: Path, project: str | None = None) -> Journal:
    return Journal(folder, source="hub", destination="http://there", entity="e", project=project)


def test_what_is_noted_is_there_the_next_time(tmp_path: Path) -> None:
    with journal(tmp_path) as first:
        assert first.verified("r") is None
        assert not first.run_is_begun("r")
        first.begin_run("r")
        assert first.run_is_begun("r")
        assert first.verified("r") is None
        first.verify("r", Verified("a", "b"))
        first.begin_run("r")
        first.begin_sweep("s")
        assert first.sweep_is_begun("s")
        first.end_sweep("t", "there")
    with journal(tmp_path) as second:
        assert second.verified("r") == Verified("a", "b")
        assert second.sweep_is_begun("s")
        assert second.sweep("s") is None
        assert second.sweep("t") == "there"
        assert not second.sweep_is_begun("t")
    with journal(tmp_path, "elsewhere") as other:
        assert other.verified("r") is None
    (path, *_) = tmp_path.glob("*/journal.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_push_at_a_time(tmp_path: Path) -> None:
    with journal(tmp_path), pytest.raises(TrackingError, match="another one is running"), journal(tmp_path):
        pass
    with journal(tmp_path), journal(tmp_path, "elsewhere"):
        pass


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 9, "sweeps": {}, "runs": {}}'])
def test_a_journal_of_another_kind_is_refused(tmp_path: Path, text: str) -> None:
    with journal(tmp_path) as first:
        first.begin_run("r")
    (path,) = tmp_path.glob("*/journal.json")
    path.write_text(text)
    with pytest.raises(TrackingError, match="Remove it"), journal(tmp_path):
        pass
    path.unlink()
    with journal(tmp_path) as again:
        assert not again.run_is_begun("r")
