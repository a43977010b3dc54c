"""How long it takes to store predictions: `python benchmarks/predictions_store.py [--postgresql URL] [--repeats 5]`.

As many images as MNIST has, 28 x 28 uint8, and probabilities of ten classes, drawn from a seeded generator, are stored
in an empty database, all in one batch and of a known true label each; then once more, which must add nothing; then
accuracy, confusion and the export to CSV are timed. The SQLite file is made in a temporary folder; --postgresql names a
server's database, beside which another one is made and dropped.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from sweepyard.domain.classified import Classified, ModelVersion, Period
from sweepyard.services.predictions import PredictionsService
from sweepyard.settings import Settings
from sweepyard.storage.predictions.opening import open_predictions
from sweepyard.wiring.predictions import export_predictions

MODEL = ModelVersion("ab12cd34", "0" * 64, tuple("0123456789"), "mnist", "1" * 64)
DATABASE = "sweepyard_predictions_benchmark"


def main() -> int:
    """Measure, and print a table for each database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=70_000, help="how many (70000)")
    parser.add_argument("--repeats", type=int, default=5, help="how often, each in an empty database (5)")
    parser.add_argument("--postgresql", metavar="URL", help="a database of a server on which others may be made")
    options = parser.parse_args()
    batch = drawn(options.images)
    print(f"{options.images} images and predictions, {options.repeats} times, median (least to greatest), seconds")
    measure("SQLite", sqlite, batch, options.repeats)
    if options.postgresql:
        measure("PostgreSQL", lambda: postgresql(options.postgresql), batch, options.repeats)
    return 0


def drawn(count: int) -> Classified:
    """A batch of images, no two of them equal."""
    draw = np.random.default_rng(0)
    return Classified(
        model=MODEL,
        images=draw.integers(0, 256, (count, 28, 28), dtype=np.uint8),
        probabilities=draw.dirichlet(np.ones(10), count).astype(np.float32),
        true_labels=tuple(map(str, draw.integers(0, 10, count))),
        latency_seconds=0.0001,
        predicted_at=datetime.now(UTC),
    )


@contextmanager
def sqlite() -> Iterator[str]:
    """The URL of a SQLite file that is not there yet."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/predictions.db"


@contextmanager
def postgresql(url: str) -> Iterator[str]:
    """The URL of an empty database on the server of `url`."""
    server = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"))
        try:
            yield make_url(url).set(database=DATABASE).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP DATABASE {DATABASE}"))
    server.dispose()


def measure(name: str, database: Callable[[], AbstractContextManager[str]], batch: Classified, repeats: int) -> None:
    """Print how long each step took."""
    times: dict[str, list[float]] = {}
    for _ in range(repeats):
        with database() as url:
            for step, seconds in steps(url, batch):
                times.setdefault(step, []).append(seconds)
    print(name)
    for step, taken in times.items():
        print(f"  {step:<28} {statistics.median(taken):6.2f} ({min(taken):.2f} to {max(taken):.2f})")


def steps(url: str, batch: Classified) -> Iterator[tuple[str, float]]:
    """Each step on an empty database, with its seconds."""
    count = len(batch.images)
    store = open_predictions(Path(), url, to_store=True)
    service = PredictionsService(store)
    begun = time.perf_counter()
    added = service.store(replace(batch))  # Made anew: its checks and digests are part of it.
    yield "stored", time.perf_counter() - begun
    if (added.images, added.predictions) != (count, count):
        raise SystemExit(f"{count} were to be stored; {added}")
    begun = time.perf_counter()
    again = service.store(batch)
    yield "stored again, nothing added", time.perf_counter() - begun
    (accuracy,) = service.accuracy()
    if (again.images, again.predictions, accuracy.predictions) != (0, 0, count):
        raise SystemExit(f"the same {count} were to be there; {again}, {accuracy}")
    begun = time.perf_counter()
    service.accuracy(Period.DAY)
    yield "accuracy by day", time.perf_counter() - begun
    begun = time.perf_counter()
    service.confusion("ab12cd34")
    yield "confusion", time.perf_counter() - begun
    store.close()
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        export_predictions(Settings(Path(), Path()), url, Path(folder) / "all.csv", None)
        yield "exported to CSV", time.perf_counter() - begun


if __name__ == "__main__":
    raise SystemExit(main())
