"""The places of a host at which runs work side by side: its devices, and a share of its processors for each."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from sweepyard.errors import ArgumentInvalid, Violation
from sweepyard.settings import SHARED_DEVICE_VARIABLE

_LIST_SECONDS = 30
_VISIBLE_VARIABLE = "CUDA_VISIBLE_DEVICES"
_NEEDS_GPU = "--gpus all needs a GPU"
_NAME_THEM = "Name them, for example --gpus 0,1 or --gpus MIG-..."
_DEVICE_FILES = ("nvidia[0-9]*", "dxg", "kfd")
# Lines of `nvidia-smi -L`: "GPU 0: NVIDIA H200 (UUID: GPU-...)", and indented below it, where the device is split,
# "  MIG 1g.18gb     Device  0: (UUID: MIG-...)".
_GPU = re.compile(r"^GPU \d+: .*\(UUID: (?P<uuid>[^)]+)\)")
_MIG = re.compile(r"^\s+MIG .*\(UUID: (?P<uuid>[^)]+)\)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one run at a time works.

    Attributes:
        name: For people: the device, or `cpu`, with a number where several runs share it.
        device: What `CUDA_VISIBLE_DEVICES` is to say; an opaque string; None to leave it alone.
        processors: The numbers of the processors that runs here may use.
        shared: Whether other places are on the same device.
    """

    name: str
    device: str | None
    processors: tuple[int, ...]
    shared: bool = False

    def environ(self, *, shared: bool) -> dict[str, str]:
        """What a run here has in its environment.

        Args:
            shared: Whether it is to go back to its queue if it finds too little memory.
        """
        if self.device is None:
            return {}
        # Without growth, the first of several runs on a device would take all of its memory.
        variables = {_VISIBLE_VARIABLE: self.device, "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
        return {**variables, SHARED_DEVICE_VARIABLE: "1"} if shared else variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """How a host is to be divided.

    Attributes:
        devices: Device ids; empty for none.
        per_device: How many runs share a device.
        cpus: Processors for each run; None for an equal share of all.
        processors: Those there are.
    """

    devices: Sequence[str] = ()
    per_device: int = 1
    cpus: int | None = None
    processors: Sequence[int] = field(default_factory=lambda: sorted(os.sched_getaffinity(0)))

    def places(self) -> list[Place]:
        """The places: as many a device as asked for; without devices, as many as the processors allow.

        Raises:
            ArgumentInvalid: There are fewer processors than one run is to have.
        """
        total = len(self.processors)
        if self.cpus is not None and self.cpus > total:
            raise ArgumentInvalid(
                [Violation("--cpus must be at most what this host has", str(self.cpus), f"It has {total}")]
            )
        names: list[tuple[str | None, int]]
        if self.devices:
            names = [(device, number) for device in self.devices for number in range(1, self.per_device + 1)]
        else:
            names = [(None, number) for number in range(1, (total // self.cpus if self.cpus else 1) + 1)]
        each = self.cpus or max(1, total // len(names))
        several = self.per_device > 1 or (not self.devices and len(names) > 1)
        return [
            Place(
                name=(device or "cpu") + (f"/{number}" if several else ""),
                device=device,
                shared=device is not None and self.per_device > 1,
                processors=share_of(self.processors, index, each),
            )
            for index, (device, number) in enumerate(names)
        ]


def share_of(processors: Sequence[int], index: int, each: int) -> tuple[int, ...]:
    """The `index`th share of so many processors `each`; where there are too few, they are shared out again."""
    return tuple(sorted(processors[(index * each + k) % len(processors)] for k in range(each)))


def devices_of(text: str, environ: Mapping[str, str]) -> list[str]:
    """The device ids that `--gpus` names: `all` that this process may use, or some with commas between.

    Raises:
        ArgumentInvalid: None is named, one is named twice, or there is none to be used.
    """
    if text == "all":
        return _all_devices(environ)
    devices = [part.strip() for part in text.split(",")]
    if not all(devices) or len(set(devices)) < len(devices):
        rule = "--gpus must be `all` or different device ids with commas between"
        raise ArgumentInvalid([Violation(rule, repr(text), f"{_NAME_THEM}; leave --gpus out to train on processors")])
    return devices


def has_gpu(folder: Path = Path("/dev")) -> bool:
    """Whether a driver has a GPU here: NVIDIA's (also in WSL) and AMD's put a device file into `folder`."""
    return any(next(folder.glob(pattern), None) is not None for pattern in _DEVICE_FILES)


def listed(text: str) -> list[str]:
    """The device ids in what `nvidia-smi -L` prints: the parts of a device that is split, else the device."""
    found: list[str] = []
    whole = None
    for line in text.splitlines():
        if gpu := _GPU.match(line):
            found += [whole] if whole else []
            whole = gpu["uuid"]
        elif part := _MIG.match(line):
            found.append(part["uuid"])
            whole = None
    return found + ([whole] if whole else [])


def _all_devices(environ: Mapping[str, str]) -> list[str]:
    visible = environ.get(_VISIBLE_VARIABLE)
    program = shutil.which("nvidia-smi")
    if visible is not None:
        # CUDA itself heeds none from the first on that cannot be: `-1` is a way to say so.
        devices = list(takewhile(lambda part: part not in {"", "-1"}, map(str.strip, visible.split(","))))
        received = f"{_VISIBLE_VARIABLE}={visible!r}, which names none"
    elif program is not None:
        devices = listed(_output(program))
        received = "a host whose nvidia-smi names none"
    else:
        devices, received = [], "a host without nvidia-smi"
    if not devices:
        raise ArgumentInvalid([Violation(_NEEDS_GPU, received, "Leave --gpus out to train on processors")])
    return devices


def _output(program: str) -> str:
    try:
        command = [program, "-L"]
        return subprocess.run(command, capture_output=True, text=True, timeout=_LIST_SECONDS, check=False).stdout
    except subprocess.TimeoutExpired as error:
        received = f"an nvidia-smi that said nothing for {_LIST_SECONDS} s"
        raise ArgumentInvalid([Violation(_NEEDS_GPU, received, _NAME_THEM)]) from error
