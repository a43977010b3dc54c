"""What `sweepyard train` says of arguments before it trains."""

from __future__ import annotations

import pytest

from sweepyard.cli import door


@pytest.mark.parametrize(
    ("file", "lacks"), [("old.h5", "no optimiser state"), ("m/model.keras", "neither generator states nor a position")]
)
def test_a_run_is_not_resumed_from_a_model_file(file: str, lacks: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.enter(["train", "--resume", file]) == 1
    assert f"received {file}, which holds {lacks}. Name the run's folder" in capsys.readouterr().err
