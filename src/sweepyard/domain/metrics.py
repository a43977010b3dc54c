"""The names of every metric that training logs, so that a sweep's `metric` can be checked before it runs."""

from __future__ import annotations

EPOCH = "epoch"
BATCH = "batch"
TEST = "test"

LOSS = f"{EPOCH}/loss"
ACCURACY = f"{EPOCH}/accuracy"
VALIDATION_LOSS = f"{EPOCH}/val_loss"
VALIDATION_ACCURACY = f"{EPOCH}/val_accuracy"
LEARNING_RATE = f"{EPOCH}/learning_rate"
IMAGES_PER_SECOND = f"{EPOCH}/images_per_second"
EPOCH_NUMBER = f"{EPOCH}/epoch"

BATCH_LOSS = f"{BATCH}/loss"
BATCH_ACCURACY = f"{BATCH}/accuracy"
BATCH_LEARNING_RATE = f"{BATCH}/learning_rate"
BATCH_STEP = f"{BATCH}/batch_step"

# Written once, into the summary, at the end of a fit.
BEST_VALIDATION_ACCURACY = "best/val_accuracy"
BEST_VALIDATION_LOSS = "best/val_loss"
BEST_EPOCH = "best/epoch"
WEIGHTS_DIGEST = "weights_digest"

# Media, logged once behind the last epoch; no objective.
CONFUSION_MATRIX = "validation/confusion_matrix"
MISTAKES = "validation/mistakes"

# Why a run failed, in its summary.
FAILURE = "failure"

# Written by `sweepyard evaluate`, never by a fit: search must not see the test split.
TEST_LOSS = f"{TEST}/loss"
TEST_ACCURACY = f"{TEST}/accuracy"

LOGGED_BY_EPOCH: tuple[str, ...] = (
    EPOCH_NUMBER,
    LOSS,
    ACCURACY,
    VALIDATION_LOSS,
    VALIDATION_ACCURACY,
    LEARNING_RATE,
    IMAGES_PER_SECOND,
)
LOGGED_BY_BATCH: tuple[str, ...] = (BATCH_STEP, BATCH_LOSS, BATCH_ACCURACY, BATCH_LEARNING_RATE)
LOGGED_AT_THE_END: tuple[str, ...] = (BEST_VALIDATION_ACCURACY, BEST_VALIDATION_LOSS, BEST_EPOCH)

# What a sweep may name as its metric.
OBJECTIVES: frozenset[str] = frozenset({*LOGGED_BY_EPOCH, *LOGGED_BY_BATCH, *LOGGED_AT_THE_END})
