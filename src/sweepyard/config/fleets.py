"""The shape of a fleet's config: which engine starts how many agents, and what each of them gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sweepyard.config.schema import rule
from sweepyard.config.validation import VARIANTS, build_as, keys_of
from sweepyard.errors import Violation

Login = Literal["file", "host"]
_LOGIN = (
    "`file`: the key stands in a file in the fleet's folder that you alone can read; "
    "`host`: each host has a login of its own (`~/.netrc`, `WANDB_API_KEY`)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """What all engines share; each adds its own keys."""

    name: str
    gpus: int = rule(0, "GPUs of each agent", minimum=0)

    @property
    def gives_devices(self) -> bool:
        """Whether each agent gets devices."""
        return self.gpus > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalConfig(EngineConfig):
    """Agents on this host."""

    name: Literal["local"] = "local"
    cpus: int | None = rule(None, "processors of each agent; null for an equal share of all", minimum=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterConfig(EngineConfig):
    """What the engines share whose agents work on other hosts."""

    cpus: int = rule(1, "processors of each agent", minimum=1)
    login: Login = rule("file", _LOGIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlurmConfig(ClusterConfig):
    """Agents as one job array of Slurm."""

    name: Literal["slurm"] = "slurm"
    gres: str | None = rule(
        None, "what each agent gets in Slurm's own words, `gpu:a100:2` for instance; not with `gpus`"
    )
    memory_gb: float | None = rule(None, "memory of each agent in GB; null for the partition's default", above=0)
    minutes: int = rule(60, "time limit of an agent, after which it goes back into Slurm's queue", minimum=1)
    notice_seconds: int = rule(90, "how long before the limit its runs save and go back to theirs", minimum=10)
    at_once: int | None = rule(None, "how many agents work at a time; null for all", minimum=1)
    partition: str | None = rule(None, "Slurm's partition")
    account: str | None = rule(None, "whom Slurm charges")
    qos: str | None = rule(None, "Slurm's quality of service")
    constraint: str | None = rule(None, "features that a node must have, in Slurm's own words")

    @property
    def gives_devices(self) -> bool:
        return self.gpus > 0 or self.gres is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RayConfig(ClusterConfig):
    """Agents as detached actors of a Ray cluster."""

    name: Literal["ray"] = "ray"
    address: str = rule("auto", "the cluster: `auto` for the one of this host, `HOST:PORT`, or `ray://HOST:PORT`")
    restarts: int = rule(3, "how often an agent whose host is lost is started on another", minimum=0)


ENGINE_CONFIGS: dict[str, type[EngineConfig]] = {"local": LocalConfig, "slurm": SlurmConfig, "ray": RayConfig}


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetConfig:
    """Agents on one sweep, started by an engine."""

    agents: int = rule(2, "how many agents", minimum=1, maximum=10_000)
    per_gpu: int = rule(1, "runs at a time on a GPU", minimum=1, maximum=64)
    output: str = rule("outputs", "where logs and runs go; a folder that all hosts see")
    fleet: EngineConfig = field(
        default_factory=LocalConfig, metadata={VARIANTS: ENGINE_CONFIGS, "doc": "the engine, and what each agent gets"}
    )


def build_fleet(mapping: Mapping[str, Any]) -> FleetConfig:
    """The fleet config that a composed mapping describes; keys left out take their defaults.

    Raises:
        ConfigInvalid: With all violations at once.
    """
    return build_as(FleetConfig, mapping, _cross_field_violations)


def legal_fleet_keys(engine: str) -> list[str]:
    """Every dotted key of a fleet config with the engine of that name."""
    return [*keys_of(FleetConfig, ""), *keys_of(ENGINE_CONFIGS[engine], "fleet.")]


def _cross_field_violations(config: FleetConfig) -> Iterator[Violation]:
    engine = config.fleet
    gres = engine.gres if isinstance(engine, SlurmConfig) else None
    if engine.gpus and gres:
        yield Violation(
            "gpus and gres exclude each other", f"{engine.gpus} and {gres!r}", "Leave one out", "fleet.gres"
        )
    if config.per_gpu > 1 and not engine.gpus and not gres:
        rule_, hint = "several runs at a time on a GPU need GPUs", "Set fleet.gpus"
        yield Violation(rule_, f"per_gpu = {config.per_gpu}, no GPUs", hint, "per_gpu")
    if isinstance(engine, SlurmConfig) and engine.notice_seconds >= 60 * engine.minutes:
        yield Violation(
            f"the notice must be shorter than the limit of {engine.minutes} min",
            str(engine.notice_seconds),
            where="fleet.notice_seconds",
        )
