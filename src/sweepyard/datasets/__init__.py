"""Data sets: IDX files, where they come from, what is in the catalogue, how they are split."""
