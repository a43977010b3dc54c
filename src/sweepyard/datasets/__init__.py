"""Data sets: reading and checking files, where they come from, splits, scaling, pictures."""
