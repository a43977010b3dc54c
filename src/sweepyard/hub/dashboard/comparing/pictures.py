"""Confusion matrices of runs side by side, and the predictions on which their records disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sweepyard.domain.fields import descend
from sweepyard.domain.logged_media import TableFile, logged, media_in
from sweepyard.domain.predictions import Prediction, confusion_matrix_of, disagreements, predictions_of
from sweepyard.domain.run import Run
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.run_sections.pictures import Matrix, Shown, matrix_of, shown
from sweepyard.services.bundle import Services
from sweepyard.services.media import LoadedTable, NoTable

_MOST_TABLES = 10
_MOST_BYTES = 2 << 20
_MOST_EXAMPLES = 60


@dataclass(frozen=True, slots=True)
class Example:
    """An example, and what each run took it for: class and confidence; empty where a run has no record of it."""

    index: int
    true: str
    picture: Shown | None
    seen: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What runs recorded of single predictions under one key.

    Attributes:
        places: The runs that have such a record, by their places.
        counts: How many predictions each of these recorded.
        same_data: Whether these runs used the same data; None where that is not known of all.
        agreed: How many examples all of them took for the same.
        unlike: How many have other true classes in other runs' records.
        more: How many examples are not shown.
    """

    key: str
    places: tuple[int, ...]
    counts: tuple[int, ...]
    same_data: bool | None
    examples: tuple[Example, ...] = ()
    agreed: int = 0
    unlike: int = 0
    more: int = 0


@dataclass(frozen=True, slots=True)
class Pictures:
    """By key, each run's matrix (None for a run without one); and the records of predictions."""

    matrices: tuple[tuple[str, tuple[Matrix | None, ...]], ...]
    records: tuple[Records, ...]


def pictures_of(services: Services, runs: Sequence[Run]) -> Pictures:
    """What the tables that the runs logged last say of their predictions."""
    tables = [dict(_tables(services, run)) for run in runs]
    keys = sorted({key for of_run in tables for key in of_run})
    matrices, records = [], []
    for key in keys:
        loaded = [of_run.get(key) for of_run in tables]
        drawn = tuple(_matrix(table) for table in loaded)
        if any(drawn):
            matrices.append((texts.shortened(key), drawn))
        predictions = {
            place: found
            for place, table in enumerate(loaded)
            if table is not None and (found := predictions_of(table.columns, table.rows)) is not None
        }
        if len(predictions) > 1:
            records.append(_records(key, runs, loaded, predictions))
    return Pictures(tuple(matrices), tuple(records))


def _tables(services: Services, run: Run) -> list[tuple[str, LoadedTable]]:
    found: list[tuple[str, LoadedTable]] = []
    for key, value in media_in(run.summary):
        table = logged(value)
        if isinstance(table, TableFile) and len(found) < _MOST_TABLES:
            loaded = services.media.table(run.path, table, limit_bytes=_MOST_BYTES)
            if not isinstance(loaded, NoTable):
                found.append((key, loaded))
    return found


def _matrix(table: LoadedTable | None) -> Matrix | None:
    counts = confusion_matrix_of(table.columns, table.rows) if table else None
    return matrix_of(counts) if counts else None


def _records(
    key: str,
    runs: Sequence[Run],
    loaded: Sequence[LoadedTable | None],
    predictions: Mapping[int, Sequence[Prediction]],
) -> Records:
    places = tuple(predictions)
    digests = [descend(runs[place].config, "provenance.data.digest") for place in places]
    same = len(set(map(str, digests))) == 1 if all(digests) else None
    records = Records(
        key=texts.shortened(key),
        places=places,
        counts=tuple(len(predictions[place]) for place in places),
        same_data=same,
    )
    if same is False:
        return records
    found = disagreements([predictions[place] for place in places])
    shown_ones = found.found[:_MOST_EXAMPLES]
    return replace(
        records,
        examples=tuple(
            Example(
                index=each.index,
                true=texts.shortened(each.true),
                picture=_picture(runs, loaded, places, each.seen),
                seen=tuple(_seen(prediction) for prediction in each.seen),
            )
            for each in shown_ones
        ),
        agreed=found.agreed,
        unlike=found.unlike,
        more=len(found.found) - len(shown_ones),
    )


def _picture(
    runs: Sequence[Run],
    loaded: Sequence[LoadedTable | None],
    places: Sequence[int],
    seen: Sequence[Prediction | None],
) -> Shown | None:
    """The example's picture, from the first run that recorded it with one."""
    for place, prediction in zip(places, seen, strict=True):
        table = loaded[place]
        if prediction is not None and prediction.picture is not None and table is not None:
            name = prediction.picture.path
            url = urls.logged_file_url(runs[place].path, table.artifact, name)
            return shown(prediction.picture, url, f"example {prediction.index}")
    return None


def _seen(prediction: Prediction | None) -> tuple[str, str]:
    if prediction is None:
        return "", ""
    sure = "" if prediction.confidence is None else f"{prediction.confidence:.0%}"
    return texts.shortened(prediction.predicted), sure
