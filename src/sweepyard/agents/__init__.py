"""Agents: processes that ask for the next run and start it."""
