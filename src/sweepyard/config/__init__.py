"""Experiment configs: frozen dataclasses with rules, and the one place that composes them with Hydra."""
