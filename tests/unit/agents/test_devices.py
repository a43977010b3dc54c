"""How a host is divided among runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweepyard.agents import devices
from sweepyard.agents.devices import Division, devices_of, has_gpu, listed
from sweepyard.cli.door import enter
from sweepyard.errors import InvalidInput

WHOLE_AND_SPLIT = """\
GPU 0: NVIDIA H200 (UUID: GPU-aaaa)
GPU 1: NVIDIA H200 (UUID: GPU-bbbb)
  MIG 1g.18gb     Device  0: (UUID: MIG-1111)
  MIG 1g.18gb     Device  1: (UUID: MIG-2222)
GPU 2: NVIDIA H200 (UUID: GPU-cccc)
"""


def test_the_parts_of_a_split_device_stand_for_it() -> None:
    assert listed(WHOLE_AND_SPLIT) == ["GPU-aaaa", "MIG-1111", "MIG-2222", "GPU-cccc"]
    assert listed("No devices found.\n") == []


@pytest.mark.parametrize(("file", "is_gpu"), [("nvidia0", True), ("kfd", True), ("nvidiactl", False), ("null", False)])
def test_a_gpu_is_known_by_its_device_file(file: str, is_gpu: bool, tmp_path: Path) -> None:
    (tmp_path / file).touch()
    assert has_gpu(tmp_path) is is_gpu


def test_each_run_on_a_device_has_its_share_of_the_processors() -> None:
    places = Division(devices=["0", "MIG-1"], per_device=2, processors=range(8)).places()
    assert [place.name for place in places] == ["0/1", "0/2", "MIG-1/1", "MIG-1/2"]
    assert [place.processors for place in places] == [(0, 1), (2, 3), (4, 5), (6, 7)]
    assert places[2].environ(shared=False) == {"CUDA_VISIBLE_DEVICES": "MIG-1", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


def test_without_devices_as_many_runs_as_the_processors_allow() -> None:
    (place,) = Division(processors=[3, 5]).places()
    assert (place.name, place.processors, place.environ(shared=False)) == ("cpu", (3, 5), {})
    places = Division(cpus=2, processors=range(5)).places()
    assert [(place.name, place.processors) for place in places] == [("cpu/1", (0, 1)), ("cpu/2", (2, 3))]


def test_more_devices_than_processors_share_them_in_turn() -> None:
    places = Division(devices=["0", "1", "2"], processors=[0, 1]).places()
    assert [place.processors for place in places] == [(0,), (1,), (0,)]


def test_more_processors_than_there_are_cannot_be_had() -> None:
    with pytest.raises(InvalidInput, match=r"--cpus must be at most what this host has; received 3\. It has 2"):
        Division(cpus=3, processors=[0, 1]).places()


@pytest.mark.parametrize("text", ["", "0,,1", "0,0"])
def test_devices_are_named_once_each(text: str) -> None:
    with pytest.raises(InvalidInput, match="--gpus must be `all` or different device ids"):
        devices_of(text, {})


def test_device_ids_are_taken_as_they_are() -> None:
    assert devices_of("1, MIG-8f2/3", {}) == ["1", "MIG-8f2/3"]


def test_all_devices_are_those_that_this_process_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_nvidia_smi(tmp_path, f"cat <<'END'\n{WHOLE_AND_SPLIT}END\n", monkeypatch)
    assert devices_of("all", {}) == ["GPU-aaaa", "MIG-1111", "MIG-2222", "GPU-cccc"]
    assert devices_of("all", {"CUDA_VISIBLE_DEVICES": "1, MIG-8f2/3"}) == ["1", "MIG-8f2/3"]
    for none in ("", "-1", "-1,0"):
        with pytest.raises(InvalidInput, match=f"needs a GPU; received CUDA_VISIBLE_DEVICES='{none}', which names"):
            devices_of("all", {"CUDA_VISIBLE_DEVICES": none})


def test_a_driver_that_hangs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_nvidia_smi(tmp_path, "exec sleep 60", monkeypatch)
    monkeypatch.setattr(devices, "_LIST_SECONDS", 0.1)
    with pytest.raises(InvalidInput, match=r"received an nvidia-smi that said nothing for 0.1 s\. Name them, for"):
        devices_of("all", {})


def fake_nvidia_smi(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_a_variable_that_is_not_set_names_no_device(capsys: pytest.CaptureFixture[str]) -> None:
    assert enter(["agent", "digits/ab12cd34", "--gpus", ""]) == 2
    assert "--gpus must be `all` or different device ids with commas between; received ''" in capsys.readouterr().err
