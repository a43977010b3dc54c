"""What surrounds a fit, told by files of the kernel's and by the environment."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest

from sweepyard.training import surroundings

INFORMATION = "Model: \t\t {}\nIRQ:   \t\t 42\nGPU UUID: \t GPU-1\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A machine with two GPUs."""
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: AMD EPYC 9654\nflags\t: fpu\n\nprocessor\t: 1\n")
    for place, name in {"0000:01:00.0": "NVIDIA H200", "0000:02:00.0": "NVIDIA A100-SXM4-40GB"}.items():
        folder = tmp_path / "driver" / "nvidia" / "gpus" / place
        folder.mkdir(parents=True)
        (folder / "information").write_text(INFORMATION.format(name))
    return tmp_path


class Driver:
    """NVIDIA's driver library, as far as it is asked."""

    status = 0

    def cuDriverGetVersion(self, number: Any) -> int:  # noqa: N802 - its name
        number._obj.value = 12040
        return self.status


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n", "550.54.15"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build\n", "570.86.15"),
        ("something else\n", None),
    ],
)
def test_gpus_and_their_driver_are_told(
    proc: Path, monkeypatch: pytest.MonkeyPatch, line: str, version: str | None
) -> None:
    (proc / "driver" / "nvidia" / "version").write_text(line)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Driver())
    found = surroundings.machine(proc)
    assert found["cpu"] == "AMD EPYC 9654"
    assert found["gpus"] == ["NVIDIA H200", "NVIDIA A100-SXM4-40GB"]
    assert (found["driver"], found["cuda"]) == (version, "12.4")
    monkeypatch.setattr(Driver, "status", 999)
    assert surroundings.machine(proc)["cuda"] is None


def test_a_machine_that_tells_nothing_has_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_library(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", no_library)
    found = surroundings.machine(tmp_path)
    assert (found["gpus"], found["driver"], found["cuda"]) == ([], None, None)
    assert found["cpu"]
    memory = found["memory_bytes"]
    assert isinstance(memory, int)
    assert memory > 1 << 28


def test_a_gpu_whose_name_is_not_told_is_counted(proc: Path) -> None:
    (proc / "driver/nvidia/gpus/0000:01:00.0/information").write_text("IRQ: 1\n")
    assert surroundings.machine(proc)["gpus"] == ["unknown", "NVIDIA A100-SXM4-40GB"]


def test_packages_that_are_there_and_flags_that_are_set_are_recorded() -> None:
    environ = {"TF_DETERMINISTIC_OPS": "1", "XLA_FLAGS": "", "HOME": "/somewhere"}
    found = surroundings.surroundings(["numpy", "no-such-package"], environ)
    assert found["flags"] == {"TF_DETERMINISTIC_OPS": "1"}
    assert list(found["packages"]) == ["numpy"]  # type: ignore[arg-type]


def test_what_sweepyard_asks_for_is_known_by_name() -> None:
    found = surroundings.direct_dependencies()
    assert {"keras", "sqlalchemy", "psycopg", "pyarrow", "numpy"} <= set(found)
    assert found == sorted(found)
    assert not [name for name in found if not name.replace("-", "").isalnum()]
