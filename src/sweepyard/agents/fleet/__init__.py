"""Fleets: agents on one sweep that an engine starts, on this host, on Slurm or on Ray."""
