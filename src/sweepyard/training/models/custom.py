"""A model of the user's, by class path or entry point."""

from __future__ import annotations

from typing import Any

import keras

from sweepyard.config.schema import CustomModelConfig
from sweepyard.config.targets import MODELS, find_target, target_raised
from sweepyard.errors import ConfigInvalid, Violation


def build(config: CustomModelConfig, input_shape: tuple[int, int, int], classes: int) -> Any:
    """What the target gives for `target(input_shape, classes, **arguments)`: a Keras model to logits.

    Raises:
        ConfigInvalid: The target is not to be found, refuses its arguments, raises, or gives something else.
        ValueError: The target raises one, as Keras does of layers that leave nothing of the images.
    """
    factory = find_target(config.target, group=MODELS, where="model._target_")
    try:
        model = factory(input_shape, classes, **config.arguments)
    except ValueError:
        raise
    except Exception as error:
        refused = _invalid("the model must accept its arguments", repr(config.arguments), str(error))
        raise target_raised(error, config.target, "model") or refused from error
    if not isinstance(model, keras.Model):
        raise _invalid("the target must give a Keras model", type(model).__name__, f"look at {config.target}")
    _check_logits(model)
    if not getattr(model, "inputs", None):  # subclassed: its shapes are known once it was called
        inputs = keras.Input(input_shape)
        model = keras.Model(inputs, model(inputs), name="custom")
    _check_saves(model, config.target)
    return model


def _check_saves(model: Any, target: str) -> None:
    """Find out now, not after hours of training, that a model cannot be written and read again."""
    try:
        keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    except (TypeError, ValueError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0]
        raise _invalid("a model must survive saving: give its classes `get_config`", target, reason) from error


def _check_logits(model: Any) -> None:
    last = model.layers[-1] if model.layers else None
    activation = getattr(getattr(last, "activation", None), "__name__", "")
    if activation in {"softmax", "sigmoid"} or isinstance(last, keras.layers.Softmax):
        raise _invalid(
            "a model must end in logits, since the loss and `predict` apply the softmax",
            activation or "a Softmax layer",
            "drop the last activation",
        )


def _invalid(rule: str, received: str, hint: str) -> ConfigInvalid:
    return ConfigInvalid([Violation(rule, received, hint, "model")])
