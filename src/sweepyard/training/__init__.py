"""Training: from an experiment config to a fitted model; the only room with Keras."""
