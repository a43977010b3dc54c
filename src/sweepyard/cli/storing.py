"""`--store` of commands that predict: the database that they keep images and predictions in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import settings_now

if TYPE_CHECKING:
    from sweepyard.services.predictions import PredictionsService

_SETTINGS_STORE = ""


def _url(_context: click.Context, _option: click.Parameter, store: str | None) -> str | None:
    # The next word goes with the option, whatever it is; it may hold a password and is not shown.
    if store and "://" not in store:
        raise click.BadParameter(
            "the word after it is a database's URL, as postgresql://user@host/name or sqlite:///file.db. "
            "Without a URL, write --store last, or --store="
        )
    return store


STORE = click.option(
    "--store",
    metavar="[URL]",
    is_flag=False,
    flag_value=_SETTINGS_STORE,
    callback=_url,
    help="Keep images and predictions in the database at URL. Without URL, as the last word or as --store=, in that of "
    "$SWEEPYARD_PREDICTIONS or in the home.",
)


@contextmanager
def opened(store: str | None) -> Iterator[PredictionsService | None]:
    """The database that `--store` names; None where nothing is to be stored."""
    from sweepyard.wiring.predictions import open_predictions

    if store is None:
        yield None
        return
    with open_predictions(settings_now(), None if store == _SETTINGS_STORE else store, to_store=True) as predictions:
        yield predictions
