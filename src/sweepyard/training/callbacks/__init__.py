"""Keras callbacks of a fit: where it stands, what it logs, when it is checkpointed and when it ends."""
