"""From an experiment config and a data set to the objects that a fit needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from sweepyard.config.schema import ExperimentConfig
from sweepyard.datasets.dataset import Dataset
from sweepyard.datasets.scaling import Scaler
from sweepyard.errors import ConfigInvalid, Violation
from sweepyard.training.augmentation import RandomAffine
from sweepyard.training.batches import Images, order_of, steps_in_epoch
from sweepyard.training.feeds import Feed, feed_of
from sweepyard.training.losses import balancing_weights, build_loss
from sweepyard.training.models import build_network
from sweepyard.training.optimizers import build_optimizer
from sweepyard.training.schedules import Schedule, build_schedule

# Validation takes no gradients, so its batches are as large as is still quick on small machines.
VALIDATION_BATCH_SIZE = 512


@dataclass(frozen=True)
class Experiment:
    """Everything built, nothing trained.

    Attributes:
        network: The model that is saved: scaled images to logits.
        model: The compiled model that is trained: augmentation, then `network`, whose weights it shares.
        schedule: Gives the learning rate of a step (from 0), also where it is constant.
        train: Feeds the training split, scaled once, with its weights in the loss, if any.
        validation: Feeds the validation split.
        validation_images: The validation split, scaled.
    """

    config: ExperimentConfig
    dataset: Dataset
    scaler: Scaler
    network: Any
    model: Any
    schedule: Schedule
    train: Feed
    validation: Feed
    validation_images: Images

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch."""
        return steps_in_epoch(len(self.dataset.train), self.config.trainer.batch_size)

    def batches(self, epoch: int, first: int) -> Any:
        """The training batches of an epoch (from 0), from batch `first` on, in the order of `(seed, epoch)`."""
        return self.train.batches(order_of(self.config.seed.value, epoch, len(self.dataset.train)), first)


def build(config: ExperimentConfig, dataset: Dataset) -> Experiment:
    """Build model, optimiser and scaled data; seed first (`seeding.apply`), as the weights are drawn here.

    Raises:
        ConfigInvalid: The config does not fit the data set or the backend.
    """
    if config.trainer.jit_compile and keras.backend.backend() == "tensorflow":
        _check_xla(config)
    train = dataset.train
    scaler = Scaler.fit(config.data.scaling, train.images)
    images = scaler.apply(train.images)
    classes = len(dataset.class_names)
    trainer = config.trainer
    schedule = build_schedule(
        config.optimizer.schedule,
        learning_rate=config.optimizer.learning_rate,
        epochs=trainer.epochs,
        steps_per_epoch=steps_in_epoch(len(images), trainer.batch_size),
    )
    with _dtype_policy(_policy(mixed=trainer.mixed_precision)):
        network = build_network(config.model, _shape(images), classes)
        model = _trainee(config, network, _shape(images), scaler)
    optimizer = build_optimizer(config.optimizer, schedule)
    if trainer.mixed_precision and _policy(mixed=True) == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(
        optimizer=optimizer,
        loss=build_loss(classes, trainer.label_smoothing),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        steps_per_execution=trainer.steps_per_execution,
        # JAX always compiles with XLA: without it, it would run operation by operation.
        jit_compile=trainer.jit_compile or keras.backend.backend() == "jax",
    )
    optimizer.build(model.trainable_variables)
    _build_metrics(model, classes)
    weights = balancing_weights(train.labels, classes) if trainer.loss == "class_balanced" else None
    validation_images = scaler.apply(dataset.validation.images)
    return Experiment(
        config=config,
        dataset=dataset,
        scaler=scaler,
        network=network,
        model=model,
        schedule=schedule,
        train=feed_of(images, train.labels, weights, batch_size=trainer.batch_size),
        validation=feed_of(validation_images, dataset.validation.labels, None, batch_size=VALIDATION_BATCH_SIZE),
        validation_images=validation_images,
    )


def _check_xla(config: ExperimentConfig) -> None:
    """TensorFlow's XLA knows no affine maps of images; deterministic ops exclude it, and Keras would drop it."""
    rule = "trainer.jit_compile and {} exclude each other on the TensorFlow backend"
    hint = "switch one off, or set KERAS_BACKEND=jax"
    conflicts = {
        "data.augmentation": config.data.augmentation.is_active,
        "seed.deterministic": config.seed.deterministic,
    }
    violations = [Violation(rule.format(key), "both", hint) for key, is_on in conflicts.items() if is_on]
    if violations:
        raise ConfigInvalid(violations)


def _shape(images: Images) -> tuple[int, int, int]:
    _, height, width, channels = images.shape
    return height, width, channels


def _trainee(config: ExperimentConfig, network: Any, shape: tuple[int, int, int], scaler: Scaler) -> Any:
    inputs = keras.Input(shape)
    images = inputs
    if config.data.augmentation.is_active:
        background = float(scaler.apply(np.zeros((1, 1, 1), dtype=np.uint8))[0, 0, 0, 0])
        images = RandomAffine(config.data.augmentation, seed=config.seed.value, background=background)(images)
    return keras.Model(inputs, network(images), name="training")


def _build_metrics(model: Any, classes: int) -> None:
    """Make the metrics' variables, which Keras would make with the first step: a resumed epoch needs them before."""
    model.compute_metrics(None, y=np.zeros((1,), np.int64), y_pred=np.zeros((1, classes), np.float32))
    model.reset_metrics()


def _policy(*, mixed: bool) -> str:
    if not mixed:
        return "float32"
    return "mixed_float16" if _has_gpu() else "mixed_bfloat16"


def _has_gpu() -> bool:
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))
    import jax

    return bool(jax.default_backend() == "gpu")


@contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
