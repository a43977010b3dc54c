"""Signed values: what the hub hands out and later believes again, without remembering it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import timedelta

from sweepyard import jsonvalue
from sweepyard.clock import Clock
from sweepyard.errors import Forbidden
from sweepyard.jsonvalue import JsonObject

_SIGNATURE_BYTES = 16
_EXPIRY = "expires"


class Signer:
    """Signs JSON objects for one purpose, so that a value made for one cannot serve another. Thread-safe."""

    def __init__(self, secret: str, purpose: str, clock: Clock) -> None:
        self._key = hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256)
        self._clock = clock

    def sign(self, claims: JsonObject, lifetime: timedelta) -> str:
        """A URL-safe text that holds `claims` and vouches for them until `lifetime` is over."""
        expires = (self._clock.now() + lifetime).timestamp()
        payload = jsonvalue.dumps({**claims, _EXPIRY: int(expires)}).encode()
        return f"{_encode(payload)}.{_encode(self._signature(payload))}"

    def verify(self, token: str) -> JsonObject:
        """The claims in a text that `sign` made.

        Raises:
            Forbidden: The text was not made here, was changed, or is too old.
        """
        head, _, tail = token.partition(".")
        try:
            payload, signature = _decode(head), _decode(tail)
        except (binascii.Error, ValueError) as error:
            raise Forbidden("this link or session is malformed") from error
        if not hmac.compare_digest(signature, self._signature(payload)):
            raise Forbidden("this link or session was not made by this hub")
        claims = jsonvalue.loads_object(payload)
        expires = claims.pop(_EXPIRY)
        if not isinstance(expires, int) or self._clock.now().timestamp() > expires:
            raise Forbidden("this link or session has expired; ask for a new one")
        return claims

    def _signature(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, hashlib.sha256)[:_SIGNATURE_BYTES]


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
