"""How a host is divided among runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweepyard.agents.devices import Division, devices_of, has_gpu, listed
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
        devices_of(text)


def test_device_ids_are_taken_as_they_are() -> None:
    assert devices_of("1, MIG-8f2/3") == ["1", "MIG-8f2/3"]
