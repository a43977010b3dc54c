"""Sweep semantics, pure: sweep files, search spaces, methods, early termination."""
