"""What surrounds a fit and can change its result: packages, machine, flags; told without importing anything heavy."""

from __future__ import annotations

import ctypes
import os
import platform
import re
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from sweepyard.jsonvalue import JsonObject

# What can change a digest or a metric; CUDA's parts come as packages.
DECISIVE = (
    "sweepyard",
    "keras",
    "tensorflow",
    "tensorflow-cpu",
    "jax",
    "jaxlib",
    "numpy",
    "h5py",
    "pillow",
    "wandb",
    "hydra-core",
    "omegaconf",
    "nvidia-cublas-cu12",
    "nvidia-cuda-runtime-cu12",
    "nvidia-cudnn-cu12",
)
"""The packages whose versions are recorded with each run."""

FLAGS = (
    "CUBLAS_WORKSPACE_CONFIG",
    "JAX_DEFAULT_MATMUL_PRECISION",
    "JAX_PLATFORMS",
    "KERAS_BACKEND",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
    "PYTHONHASHSEED",
    "TF_CUDNN_DETERMINISTIC",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
    "XLA_FLAGS",
)
"""Variables by which the backends choose other arithmetic, or another order of it."""

_PROC = Path("/proc")
_DRIVER_VERSION = re.compile(r"Kernel Module(?: for \S+)?\s+(\d+(?:\.\d+)+)")


def surroundings(packages: Iterable[str] = DECISIVE, environ: Mapping[str, str] = os.environ) -> JsonObject:
    """The record, as JSON: versions of those packages that are installed, machine, flags that are set.

    Args:
        packages: Names of distributions.
    """
    versions = {name: version for name in packages if (version := _version(name)) is not None}
    return {
        "code_version": _version("sweepyard"),
        "python": platform.python_version(),
        "packages": {**versions},
        "machine": machine(),
        "flags": {name: environ[name] for name in FLAGS if environ.get(name)},
    }


def machine(proc: Path = _PROC) -> JsonObject:
    """Operating system, processors, memory and GPUs; None for what there is not.

    Args:
        proc: Where Linux and NVIDIA's driver tell of themselves; asking them starts no process.
    """
    return {
        "os": f"{platform.system()} {platform.release()}",
        "cpu": _first(r"model name\s*: (.+)", _text(proc / "cpuinfo")) or platform.machine(),
        "processors": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "gpus": [
            _first(r"Model:\s*(.+)", _text(file)) or "unknown"
            for file in sorted(proc.glob("driver/nvidia/gpus/*/information"))
        ],
        "driver": _first(_DRIVER_VERSION, _text(proc / "driver/nvidia/version")),
        "cuda": _cuda_of_driver(),
    }


def direct_dependencies() -> list[str]:
    """The distributions that Sweepyard asks for, with those of its extras."""
    named = (re.match(r"[\w.-]+", line) for line in metadata.requires("sweepyard") or ())
    return sorted({match[0].lower() for match in named if match})


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cuda_of_driver() -> str | None:
    """The newest CUDA that the driver serves; asking for it initialises no device."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    number = ctypes.c_int()
    if driver.cuDriverGetVersion(ctypes.byref(number)) != 0:
        return None
    return f"{number.value // 1000}.{number.value % 1000 // 10}"


def _text(file: Path) -> str:
    """What a file of the kernel's says; nothing where the machine has none such."""
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def _first(pattern: str | re.Pattern[str], text: str) -> str | None:
    found = re.search(pattern, text)
    return found[1].strip() if found else None
