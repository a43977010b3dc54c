"""The `PredictionStore` of `services.ports.predictions` on SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, FromClause, Select, Table, case, func, literal, select, true

from sweepyard.domain.classified import (
    Accuracy,
    Added,
    Classified,
    ModelVersion,
    Period,
    StoredPrediction,
    VersionDisagreement,
    VersionDisagreements,
    contradiction,
)
from sweepyard.errors import Conflict
from sweepyard.storage.engine import Engines
from sweepyard.storage.faults import telling_faults
from sweepyard.storage.predictions.incoming import brought_in, incoming
from sweepyard.storage.predictions.tables import images, model_versions, predictions
from sweepyard.storage.statements import MAX_KEYS, insert_into
from sweepyard.storage.types import UtcDateTime

_TOLD = 5


class SqlPredictions:
    """Predictions in a database whose tables are up to date."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def add(self, batch: Classified) -> Added:
        url = self._engines.writer.url
        with telling_faults(url, "must take the predictions"), self._engines.writer.begin() as connection:
            number = _number_given(connection, batch.model)
            with brought_in(connection, batch):
                _refuse_contradictions(connection)
                new_images = _add_new(connection, images, {column.name: incoming.c[column.name] for column in images.c})
                _label(connection)
                new_predictions = _add_new(connection, predictions, _prediction(number, batch))
        return Added(len(batch.images), new_images, new_predictions)

    def versions(self) -> list[ModelVersion]:
        with self._reading() as connection:
            return list(_versions(connection).values())

    def predictions(
        self, model: ModelVersion | None = None, *, only_wrong: bool = False, limit: int | None = None
    ) -> Iterator[StoredPrediction]:
        statement = _joined(predictions, images.c.height, images.c.width, images.c.true_label, *predictions.columns)
        statement = statement.order_by(
            predictions.c.predicted_at.desc(), predictions.c.image_digest, predictions.c.model_number
        ).limit(limit)
        if model is not None:
            statement = statement.where(_made_by(predictions, model))
        if only_wrong:
            statement = statement.where(images.c.true_label != predictions.c.predicted)
        with self._reading() as connection:
            versions = _versions(connection)
            for row in connection.execute(statement, execution_options={"yield_per": MAX_KEYS}):
                yield _stored_prediction(row, versions)

    def accuracy(self, by: Period | None = None) -> list[Accuracy]:
        with self._reading() as connection:
            period = [] if by is None else [_period(connection, by).label("period")]
            keys = ["model_number", *(each.name for each in period)]
            statement = _joined(
                predictions,
                predictions.c.model_number,
                *period,
                func.count().label("predictions"),
                func.count(images.c.true_label).label("labelled"),
                func.sum(case((images.c.true_label == predictions.c.predicted, 1), else_=0)).label("correct"),
                func.min(predictions.c.predicted_at).label("first_at"),
                func.max(predictions.c.predicted_at).label("last_at"),
            )
            versions = _versions(connection)
            return [
                Accuracy(
                    model=versions[row.model_number],
                    period=None if by is None else row.period,
                    predictions=row.predictions,
                    labelled=row.labelled,
                    correct=int(row.correct),
                    first_at=row.first_at,
                    last_at=row.last_at,
                )
                for row in connection.execute(statement.group_by(*keys).order_by(*keys))
            ]

    def confusion(self, model: ModelVersion) -> dict[tuple[str, str], int]:
        pair = (images.c.true_label, predictions.c.predicted)
        statement = _joined(predictions, *pair, func.count()).group_by(*pair)
        statement = statement.where(_made_by(predictions, model), images.c.true_label.is_not(None))
        with self._reading() as connection:
            return {(shown, predicted): count for shown, predicted, count in connection.execute(statement)}

    def disagreements(
        self, first: ModelVersion, second: ModelVersion, *, limit: int | None = None
    ) -> VersionDisagreements:
        one, two = predictions.alias("one"), predictions.alias("two")
        both = (_made_by(one, first), _made_by(two, second), one.c.image_digest == two.c.image_digest)
        differ = one.c.predicted != two.c.predicted
        count = select(func.count(), func.coalesce(func.sum(case((differ, 1), else_=0)), 0)).where(*both)
        columns = (one.c.predicted, one.c.confidence, two.c.predicted, two.c.confidence)
        found = (
            _joined(one, one.c.image_digest, images.c.true_label, *columns)
            .where(*both, differ)
            .order_by((one.c.confidence + two.c.confidence).desc(), one.c.image_digest)
            .limit(limit)
        )
        with self._reading() as connection:
            shared, differing = connection.execute(count).one()
            return VersionDisagreements(
                shared,
                int(differing),
                tuple(
                    VersionDisagreement(digest, label, (took, sure), (other, other_sure))
                    for digest, label, took, sure, other, other_sure in connection.execute(found)
                ),
            )

    def image_digests(self, beginning: str, *, limit: int) -> list[str]:
        # A range, which the key serves as it is: in the digits of digests nothing comes after f.
        begins = (images.c.digest >= beginning, images.c.digest < f"{beginning}g")
        statement = select(images.c.digest).where(*begins).order_by(images.c.digest).limit(limit)
        with self._reading() as connection:
            return list(connection.execute(statement).scalars())

    def image(self, digest: str) -> NDArray[np.uint8] | None:
        statement = select(images.c.height, images.c.width, images.c.pixels).where(images.c.digest == digest)
        with self._reading() as connection:
            row = connection.execute(statement).first()
        return None if row is None else np.frombuffer(row.pixels, np.uint8).reshape(row.height, row.width).copy()

    def close(self) -> None:
        self._engines.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with telling_faults(self._engines.reader.url), self._engines.reader.connect() as connection:
            yield connection


def _number_given(connection: Connection, model: ModelVersion) -> int:
    """The number of a model version, which is stored if it is new."""
    values: dict[str, Any] = {
        "run_id": model.run_id,
        "weights_digest": model.weights_digest,
        "class_names": list(model.class_names),
        "data_name": model.data_name,
        "data_digest": model.data_digest,
    }
    connection.execute(insert_into(connection, model_versions).values(values).on_conflict_do_nothing())
    return connection.execute(_number_of(model)).scalar_one()


def _refuse_contradictions(connection: Connection) -> None:
    both = incoming.join(images, images.c.digest == incoming.c.digest)
    statement = (
        select(incoming.c.digest, images.c.true_label, incoming.c.true_label)
        .select_from(both)
        .where(images.c.true_label != incoming.c.true_label)
        .order_by(incoming.c.digest)
    )
    found = connection.execute(statement).all()
    if found:
        told = "\n".join(str(contradiction(*row)) for row in found[:_TOLD])
        raise Conflict(told + (f"\nand {len(found) - _TOLD} more such images" if len(found) > _TOLD else ""))


def _add_new(connection: Connection, table: Table, values: Mapping[str, ColumnElement[Any]]) -> int:
    """Add rows of `incoming`, as these values, whose keys are not there yet; gives how many."""
    # SQLite could not tell the conflict clause from a join without a condition before it.
    rows = select(*values.values()).where(true())
    statement = insert_into(connection, table).from_select(list(values), rows).on_conflict_do_nothing()
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def _prediction(number: int, batch: Classified) -> Mapping[str, ColumnElement[Any]]:
    """A row of `incoming` as one of `predictions`."""
    return {
        **{name: incoming.c[name] for name in ("predicted", "confidence", "probabilities")},
        "image_digest": incoming.c.digest,
        "model_number": literal(number),
        "latency_seconds": literal(batch.latency_seconds),
        "predicted_at": literal(batch.predicted_at, UtcDateTime),
    }


def _label(connection: Connection) -> None:
    """Give images that had no true label the one that is now known."""
    known = incoming.c.true_label.is_not(None)
    label = select(func.max(incoming.c.true_label)).where(incoming.c.digest == images.c.digest).scalar_subquery()
    unlabelled = images.c.true_label.is_(None) & images.c.digest.in_(select(incoming.c.digest).where(known))
    connection.execute(images.update().where(unlabelled).values(true_label=label))


def _versions(connection: Connection) -> dict[int, ModelVersion]:
    rows = connection.execute(select(model_versions).order_by(model_versions.c.number))
    return {
        row.number: ModelVersion(row.run_id, row.weights_digest, tuple(row.class_names), row.data_name, row.data_digest)
        for row in rows
    }


def _number_of(model: ModelVersion) -> Select[int]:
    return select(model_versions.c.number).where(
        model_versions.c.run_id == model.run_id, model_versions.c.weights_digest == model.weights_digest
    )


def _made_by(made: FromClause, model: ModelVersion) -> ColumnElement[bool]:
    return made.c.model_number == _number_of(model).scalar_subquery()


def _joined(made: FromClause, *columns: ColumnElement[Any]) -> Select[Any]:
    """These columns of predictions, and of the images that they are of."""
    return select(*columns).select_from(made.join(images, images.c.digest == made.c.image_digest))


def _period(connection: Connection, by: Period) -> ColumnElement[Any]:
    """The time of a prediction, in UTC, to the period that it fell into."""
    moment: ColumnElement[Any] = predictions.c.predicted_at
    if connection.dialect.name == "postgresql":
        moment = func.to_char(func.timezone("UTC", moment), "YYYY-MM-DD HH24")
    return func.substr(moment, 1, by.shown_characters)


def _stored_prediction(row: Any, versions: dict[int, ModelVersion]) -> StoredPrediction:
    return StoredPrediction(
        model=versions[row.model_number],
        image_digest=row.image_digest,
        height=row.height,
        width=row.width,
        true_label=row.true_label,
        predicted=row.predicted,
        confidence=row.confidence,
        probabilities=tuple(json.loads(row.probabilities)),
        latency_seconds=row.latency_seconds,
        predicted_at=row.predicted_at,
    )
