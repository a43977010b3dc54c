"""What a run was made from: program, code, packages, data, machine; as far as the client and our training tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sweepyard.domain.comparison import differ, side_by_side
from sweepyard.domain.fields import descend
from sweepyard.domain.run_config import CODE, PROVENANCE
from sweepyard.jsonvalue import JsonObject, JsonValue, flatten


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a run was made from. Empty texts, None and 0 stand for what nobody tells.

    Attributes:
        command: The program and its arguments.
        dirty: Whether files under version control differed from the commit.
        code_version: Of this package, where it trained the run.
        packages: Versions by name, of those that can change a result; only where this package trained the run.
        data: The data set: its name, its digest, the sizes of its splits.
        gpus: The names of the GPUs, one each.
    """

    command: tuple[str, ...] = ()
    commit: str = ""
    remote: str = ""
    dirty: bool | None = None
    code_version: str = ""
    python: str = ""
    packages: Mapping[str, str]
    data: Mapping[str, JsonValue]
    host: str = ""
    os: str = ""
    cpu: str = ""
    cpu_count: int = 0
    memory_bytes: int = 0
    gpus: tuple[str, ...] = ()


def origin_of(machine: JsonObject, config: JsonObject) -> Origin:
    """What is told of a run's origin.

    Args:
        machine: What the client says of a process and where it ran: `wandb-metadata.json`, and the same in its part of
            the config.
        config: The run's.
    """
    provenance, code = _object(config.get(PROVENANCE)), _object(config.get(CODE))
    git = _object(machine.get("git"))
    dirty = code.get("dirty")
    return Origin(
        command=tuple(filter(None, (_text(machine.get("program")), *_texts(machine.get("args"))))),
        commit=_text(git.get("commit")) or _text(code.get("commit")),
        remote=_text(git.get("remote")) or _text(git.get("remoteUrl")),
        dirty=dirty if isinstance(dirty, bool) else None,
        code_version=_text(provenance.get("code_version")),
        python=_text(machine.get("python")) or _text(provenance.get("python")),
        packages={name: _text(value) for name, value in _object(provenance.get("packages")).items()},
        data=_object(provenance.get("data")),
        host=_text(machine.get("host")),
        os=_text(machine.get("os")),
        cpu=_text(descend(machine, "cpu.model")),
        cpu_count=_count(machine.get("cpu_count_logical")) or _count(machine.get("cpu_count")),
        memory_bytes=_count(descend(machine, "memory.total")),
        gpus=_gpus(machine),
    )


def origin_differences(one: JsonObject, other: JsonObject) -> dict[str, list[JsonValue]]:
    """Where two runs were made from different things, as far as training recorded it in their configs.

    Returns:
        By dotted name, such as `packages.keras`, what was recorded of the one and of the other; None for nothing.
    """
    rows = side_by_side([_recorded(config) for config in (one, other)])
    return {name: values for name, values in rows.items() if differ(values)}


def _recorded(config: JsonObject) -> JsonObject:
    code: JsonObject = {CODE: _object(config.get(CODE))}
    leaves = flatten({**_object(config.get(PROVENANCE)), **code})
    return {name: value for name, value in leaves if value != {}}


def _gpus(machine: JsonObject) -> tuple[str, ...]:
    for kind in ("gpu_nvidia", "gpu_amd"):
        listed = machine.get(kind)
        if isinstance(listed, list):
            return tuple(_text(_object(item).get("name")) or "GPU" for item in listed)
    name = _text(machine.get("gpu"))
    return (name,) * max(1, min(_count(machine.get("gpu_count")), 64)) if name else ()


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _texts(value: JsonValue) -> Sequence[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else ()


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _count(value: JsonValue) -> int:
    """A whole number, which the client writes as text where it may be large; 0 for anything else."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
