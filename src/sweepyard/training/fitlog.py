"""The fit log as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

DIGITS = 2
_FIRST = ("loss", "accuracy", "val_loss", "val_accuracy")


def ordered(names: Iterable[str]) -> list[str]:
    """Metrics as people read them: training before validation, loss before accuracy, then all others as given."""
    given = list(names)
    return [name for name in _FIRST if name in given] + [name for name in given if name not in _FIRST]


def rounded(fit_log: Mapping[str, list[float]], digits: int = DIGITS) -> str:
    """A table with a line an epoch, metrics rounded to `digits`; a learning rate keeps three significant ones."""
    names = ordered(fit_log)
    lines = [["epoch", *names]]
    epochs = max((len(values) for values in fit_log.values()), default=0)
    for epoch in range(epochs):
        lines.append([str(epoch + 1), *(_cell(name, fit_log[name][epoch], digits) for name in names)])
    widths = [max(len(line[column]) for line in lines) for column in range(len(names) + 1)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def _cell(name: str, value: float, digits: int) -> str:
    return f"{value:.3g}" if name == "learning_rate" else f"{value:.{digits}f}"
