"""One life for callbacks over a fit that calls Keras once an epoch."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import keras


class FitCallbacks(keras.callbacks.CallbackList):  # type: ignore[misc]
    """Keras' list of callbacks, whose `on_train_begin` and `on_train_end` run once a fit, not once an epoch.

    A context manager: entering begins the fit; leaving ends it, and if an error leaves, no callback's
    `on_train_end` is called.
    """

    def __init__(self, callbacks: Sequence[Any], *, model: Any, verbose: int, epochs: int, steps: int) -> None:
        super().__init__(
            list(callbacks),
            add_history=True,  # Model.fit gives it back, so there must be one
            add_progbar=verbose != 0,
            model=model,
            verbose=verbose,
            epochs=epochs,
            steps=steps,
        )

    def on_train_begin(self, logs: Any = None) -> None:
        """Nothing: Keras begins each epoch's call of `fit` with it."""

    def on_train_end(self, logs: Any = None) -> None:
        """Nothing: see `on_train_begin`."""

    def __enter__(self) -> Self:
        super().on_train_begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.callbacks.clear()  # the list's own end, which closes its threads, must still run
        super().on_train_end()
