"""Answers that have no end of their own: a server that closes must end them, and waits for all others."""

from __future__ import annotations

from starlette.requests import Request


def note_endless(request: Request) -> None:
    """Note that a request is answered with such a stream."""
    request.state.endless = True


def is_endless(scope_state: object) -> bool:
    """Whether a request, by its state, is answered with a stream that has no end of its own."""
    return isinstance(scope_state, dict) and scope_state.get("endless") is True
