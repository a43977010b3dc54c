"""Checkpoint files: whole or not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.parts.disks import disk_of

from sweepyard.errors import CheckpointError
from sweepyard.training.checkpoint_folders import LocalFolder
from sweepyard.training.checkpoints import Checkpoint, Checkpoints, read


def checkpoint(step: int, size: int = 10) -> Checkpoint:
    return Checkpoint(
        step, {"epoch": 1, "rows": [[step, {"a": 0.1}]]}, {"model/0000": np.arange(size, dtype=np.float32)}
    )


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    name = Checkpoints(LocalFolder(tmp_path), keep=1).write(checkpoint(7))
    again = read(tmp_path / name)
    assert again.step == 7
    assert again.state["rows"] == [[7, {"a": 0.1}]]
    np.testing.assert_array_equal(again.arrays["model/0000"], np.arange(10, dtype=np.float32))
    assert set(again.arrays) == {"model/0000"}


def test_the_last_ones_are_kept_and_the_latest_found(tmp_path: Path) -> None:
    store = Checkpoints(LocalFolder(tmp_path), keep=2)
    assert store.latest() is None
    for step in (9, 10, 100):
        store.write(checkpoint(step))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-000000010.npz", "step-000000100.npz"]
    latest = store.latest()
    assert latest is not None
    assert latest.step == 100
    store.clear()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_checkpoint_before_and_no_rest(tmp_path: Path) -> None:
    store = Checkpoints(LocalFolder(tmp_path), keep=1)
    store.write(checkpoint(1))
    large = Checkpoint(2, {}, {"a": np.random.default_rng(0).random(100_000)})
    with pytest.raises(CheckpointError) as caught, disk_of(20_000):
        store.write(large)
    assert "could not be written: File too large" in str(caught.value)
    assert "Resume once it can be written" in str(caught.value)
    assert "the checkpoint before, if any, stays" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000001.npz"]
    assert read(tmp_path / "step-000000001.npz").step == 1


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04 cut off"])
def test_damage_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "step-000000001.npz"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="cannot be read"):
        Checkpoints(LocalFolder(tmp_path), keep=1).latest()


def test_a_missing_state_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "step-000000001.npz"
    np.savez(path, a=np.zeros(3))
    with pytest.raises(CheckpointError, match="cannot be read"):
        read(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [('{"format": 99}', "must be of format 1; received 99"), ('{"format": 1, "step": "x"}', "must name its step")],
)
def test_another_format_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "step-000000001.npz"
    np.savez(path, state=np.frombuffer(text.encode(), dtype=np.uint8))
    with pytest.raises(CheckpointError, match=message):
        read(path)
