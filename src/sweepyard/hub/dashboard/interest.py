"""Which metrics tell most: what charts and tables show where nobody chose."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sweepyard.domain.metrics import BATCH, EPOCH, EPOCH_NUMBER, TEST

_LATER = (f"{BATCH}/", f"{TEST}/", "best/")


def by_interest(metrics: Iterable[str], objectives: Sequence[str], rare: Collection[str] = ()) -> tuple[str, ...]:
    """Metrics, the most telling first: what a search is for, then validation, then what is logged every epoch.

    Args:
        rare: Those that few runs have; but for what a search is for, they come last.
    """

    def rank(metric: str) -> tuple[int, bool, bool, bool, str]:
        place = objectives.index(metric) if metric in objectives else len(objectives)
        is_validation = metric.rpartition("/")[2].startswith("val")
        kind = 2 if metric.startswith(_LATER) else 0 if is_validation else 1
        is_rare = metric in rare and metric not in objectives
        return place, is_rare, kind == 2, not metric.startswith(f"{EPOCH}/"), f"{kind} {metric}"

    counters = {EPOCH, EPOCH_NUMBER}
    return tuple(sorted({metric for metric in metrics if metric not in counters}, key=rank))
