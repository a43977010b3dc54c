"""Hyper-parameter sweeps of Keras models with the Weights & Biases client, anywhere."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("sweepyard")
