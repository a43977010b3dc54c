"""Who asks again and again: keys that were looked up a moment ago."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from sweepyard.clock import Clock
from sweepyard.domain.access import Actor
from sweepyard.hub.http.authentication import key_of
from sweepyard.services.access import AccessService

REMEMBERED_SECONDS = 1.0
_MOST = 4096


@dataclass(frozen=True, slots=True)
class _Caller:
    actor: Actor
    seen_at: float


class RecentCallers:
    """Authenticates clients that send many requests a second; a key that is revoked works for a second more at most.

    Used on the event loop alone. It keeps digests, no keys.
    """

    def __init__(self, access: AccessService, clock: Clock) -> None:
        self._access = access
        self._clock = clock
        self._known: dict[bytes, _Caller] = {}

    async def actor_of(self, request: Request) -> Actor:
        """Whose key the request carries.

        Raises:
            Unauthenticated: It carries none, or one that is nobody's or was revoked more than a second ago.
        """
        digest = hashlib.sha256(request.headers.get("authorization", "").encode()).digest()
        known = self._known.get(digest)
        now = self._clock.monotonic_seconds()
        if known is not None and now - known.seen_at < REMEMBERED_SECONDS:
            return known.actor
        actor = await run_in_threadpool(self._access.authenticate, key_of(request))
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[digest] = _Caller(actor, now)
        return actor
