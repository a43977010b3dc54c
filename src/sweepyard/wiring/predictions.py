"""The predictions database: opened for who stores and for who looks, and its tables as files and DataFrames."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sweepyard.errors import InvalidInput, Violation
from sweepyard.settings import Settings
from sweepyard.wiring.hub import require_storage

if TYPE_CHECKING:
    import pandas

    from sweepyard.services.predictions import PredictionsService
    from sweepyard.storage.checking import DatabaseCheck
    from sweepyard.storage.export_folder import ExportFormat

FORMATS: dict[str, ExportFormat] = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl"}
"""What tables are exported as, by the suffix of the file."""

_ROWS_A_PIECE = 1000


@contextmanager
def open_predictions(
    settings: Settings, url: str | None = None, *, to_store: bool = False
) -> Iterator[PredictionsService]:
    """The predictions of the database at `url`, else of the settings', else of the SQLite file in the home.

    Args:
        to_store: Make the database if there is none.

    Raises:
        HubError: The extra `hub` is not installed.
        InvalidInput: The home cannot be written.
        NotFound: There is no such database, and nothing is to be stored.
        StorageError: It is away or cannot be used, or was written by a newer version.
    """
    require_storage("the predictions database")
    from sweepyard.services.predictions import PredictionsService
    from sweepyard.storage.predictions import opening

    chosen = _url_to_write(settings, url) if to_store else url or settings.predictions
    store = opening.open_predictions(settings.home, chosen, to_store=to_store)
    try:
        yield PredictionsService(store)
    finally:
        store.close()


def export_predictions(settings: Settings, url: str | None, file: Path, model: str | None) -> int:
    """Write predictions, all or those of one model version, as a table; gives how many.

    Raises:
        InvalidInput: The file's suffix names no format.
        ArchiveError: It cannot be written, or a package that it needs is missing.
        NotFound, Conflict, HubError, StorageError: As `open_predictions` and `PredictionsService.rows`.
    """
    from sweepyard.services.predictions import COLUMNS
    from sweepyard.storage.backup import saying_what_is_full
    from sweepyard.storage.export_folder import format_named, table_file

    if file.suffix not in FORMATS:
        rule = f"predictions are exported to a file that ends in {', '.join(FORMATS)}"
        raise InvalidInput([Violation(rule, str(file))])
    with (
        open_predictions(settings, url) as predictions,
        saying_what_is_full(file),
        table_file(file, format_named(FORMATS[file.suffix]), COLUMNS) as writer,
    ):
        rows = predictions.rows(model)
        while piece := list(islice(rows, _ROWS_A_PIECE)):
            writer.write(piece)
    return writer.count


def predictions_frame(model: str | None = None, *, url: str | None = None) -> pandas.DataFrame:
    """Stored predictions as a pandas DataFrame, the newest first; probabilities are a mapping by class name.

    Args:
        model: A model version, by run, digest or `run:digest`; None for all.
        url: Of the database; by default that of `SWEEPYARD_PREDICTIONS`, or the file in the home.

    Raises:
        NotFound, Conflict, HubError, StorageError: As `open_predictions` and `PredictionsService.rows`; or pandas is
            not installed.
    """
    with open_predictions(Settings.from_environment(os.environ), url) as predictions:
        from sweepyard.services.predictions import COLUMNS
        from sweepyard.storage.predictions.frame import frame_of

        return frame_of(COLUMNS, predictions.rows(model))


def check_database(settings: Settings, url: str | None = None) -> DatabaseCheck:
    """Try out the database that predictions would go to, or the one at `url`.

    Raises:
        HubError: The extra `hub` is not installed.
        InvalidInput: The home cannot be written.
        StorageError: It is away, or does not do what it is asked for.
    """
    require_storage("a database")
    from sweepyard.clock import SystemClock
    from sweepyard.ids import RandomIds
    from sweepyard.storage.checking import check_database as check
    from sweepyard.storage.predictions.opening import url_of

    return check(url_of(settings.home, _url_to_write(settings, url)), clock=SystemClock(), ids=RandomIds())


def _url_to_write(settings: Settings, url: str | None) -> str | None:
    """The URL of the database that is to be written; None for the file in the home, which is there from now on."""
    from sweepyard.hub.places import HubPlaces

    chosen = url or settings.predictions
    if chosen is None:
        HubPlaces(settings.home).make_home()
    return chosen
