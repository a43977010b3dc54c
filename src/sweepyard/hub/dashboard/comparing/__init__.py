"""Runs side by side: configs, metrics, repeats, confusion matrices, predictions."""
