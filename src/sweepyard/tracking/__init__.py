"""Tracking: the port that training logs to, and its adapters."""
