from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sweepyard.datasets.idx import write_idx
from sweepyard.datasets.true_labels import read_true_labels
from sweepyard.errors import DataError, IdxInvalid


def test_labels_are_places_among_the_classes(tmp_path: Path) -> None:
    write_idx(tmp_path / "labels.gz", np.array([1, 0, 1], np.uint8))
    assert read_true_labels(tmp_path / "labels.gz", 3, ["cat", "dog"]) == ["dog", "cat", "dog"]


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (np.zeros((3, 1), np.uint8), r"whole numbers of shape \(n,\); received uint8 \(3, 1\)"),
        (np.zeros(3, np.float32), "received float32"),
        (np.zeros(2, np.uint8), "a label for each picture; received 2 for 3"),
        (np.array([0, 1, 2], np.uint8), r"must lie in 0\.\.1, the model's classes; received 0 to 2"),
        (np.array([0, 1, -1], np.int8), "received -1 to 1"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, labels: np.ndarray, told: str) -> None:
    write_idx(tmp_path / "labels", labels)
    with pytest.raises(DataError, match=told):
        read_true_labels(tmp_path / "labels", 3, ["cat", "dog"])


def test_a_file_that_is_no_idx_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("1\n2\n")
    with pytest.raises(IdxInvalid):
        read_true_labels(tmp_path / "labels", 2, ["cat", "dog"])
