"""What runs have streamed, in the wire's shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sweepyard.domain.run import RunPath
from sweepyard.hub.wandb_api.codec import history_spec_from_wire
from sweepyard.hub.wandb_api.context import Context
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.services.history import ConsoleLine, KeySummary

_DEFAULT_SAMPLES = 500


@dataclass(frozen=True, slots=True)
class ParquetHistoryNode:
    """History as files (there are none), and the first row that is not in them."""

    live_data: list[JsonValue]
    parquet_urls: list[str] = field(default_factory=list)


class LogLineNode:
    """A line of the console."""

    def __init__(self, line: ConsoleLine) -> None:
        self.number = line.number
        self.line = line.text
        self.timestamp = line.timestamp or None
        self.level = line.level or None
        self.label = line.label or None


def sampled(context: Context, spec: str, paths: Sequence[RunPath]) -> dict[RunPath, tuple[JsonObject, ...]]:
    """The rows that a spec asks for, of each run."""
    wanted = history_spec_from_wire(spec)
    return context.services.history.sampled_of(
        paths,
        wanted.keys,
        wanted.samples if wanted.samples is not None else _DEFAULT_SAMPLES,
        min_step=wanted.min_step,
        max_step=None if wanted.max_step is None else wanted.max_step + 1,
    )


def keys(context: Context, path: RunPath) -> JsonValue:
    """Which keys were logged."""
    found = context.services.history.keys(path)
    described: JsonObject = {key: _key_to_wire(summary) for key, summary in found.keys.items()}
    return {"keys": described, "lastStep": found.last_step, "sets": []}


def parquet(context: Context, path: RunPath) -> ParquetHistoryNode:
    """No files: all of the history is live."""
    rows = context.services.history.rows(path, limit=1)
    return ParquetHistoryNode(live_data=[{"_step": row.step} for row in rows])


def _key_to_wire(summary: KeySummary) -> JsonValue:
    counts: list[JsonValue] = [{"type": kind, "count": count} for kind, count in summary.type_counts.items()]
    return {"typeCounts": counts, "monotonic": summary.monotonic, "previousValue": summary.last}
