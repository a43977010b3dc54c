"""What TensorFlow says for information while it is imported is dropped; everything else is told."""

from __future__ import annotations

import os

import pytest

from sweepyard.training import backend

SAID = (
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n",
    b"I0000 00:00:1795344267.274939   13538 port.cc:153] custom operations are on\n",
    b"E0000 00:00:1795344267.274939   13538 platform.cc:51] no device\n",
    b"a warning of Python's\n",
)


@pytest.mark.parametrize(("level", "told"), [("3", SAID[2:]), ("1", SAID[2:]), ("0", SAID)])
def test_information_alone_is_dropped_where_nobody_wants_it(
    level: str, told: tuple[bytes, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    with backend._without_chatter({"TF_CPP_MIN_LOG_LEVEL": level}):
        for line in SAID:
            os.write(2, line)
    assert capfd.readouterr().err.encode() == b"".join(told)


def test_what_an_import_that_fails_has_said_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with backend._without_chatter({"TF_CPP_MIN_LOG_LEVEL": "3"}):
            os.write(2, b"symbol not found\n")
            raise ImportError

    with pytest.raises(ImportError):
        fail()
    assert capfd.readouterr().err == "symbol not found\n"
