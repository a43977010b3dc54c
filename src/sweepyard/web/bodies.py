"""Request bodies, never larger than a limit, compressed or not."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator

from starlette.requests import Request

from sweepyard.errors import RequestInvalid, Violation
from sweepyard.web.problems import BodyTooLarge, BodyTooSlow

PATIENCE_SECONDS = 30.0
"""How long a body may pause: a client that holds a request open for nothing is let go."""

_GZIP_WINDOW = 16 + zlib.MAX_WBITS


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The whole body, unpacked where `Content-Encoding` is gzip.

    Raises:
        BodyTooLarge: More than `limit_bytes`, as sent or as unpacked.
        BodyTooSlow: Nothing came for `PATIENCE_SECONDS`.
        RequestInvalid: The encoding is unknown, or the bytes are not of it.
    """
    pieces = [piece async for piece in pieces_of(request, limit_bytes)]
    body = b"".join(pieces)
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return body
    if encoding != "gzip":
        raise RequestInvalid([Violation("Content-Encoding must be gzip or absent", repr(encoding[:40]))])
    return _gunzip(body, limit_bytes)


async def pieces_of(request: Request, limit_bytes: int) -> AsyncGenerator[bytes, None]:
    """The body's bytes as they come, without unpacking.

    Raises:
        BodyTooLarge: Announced or received more than `limit_bytes`.
        BodyTooSlow: Nothing came for `PATIENCE_SECONDS`.
        RequestInvalid: The client broke off.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise BodyTooLarge(limit_bytes, f"{int(announced)}")
    received = 0
    goes_on = True
    while goes_on:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                message = await request.receive()
        except TimeoutError as error:
            raise BodyTooSlow(PATIENCE_SECONDS) from error
        if message["type"] == "http.disconnect":
            raise RequestInvalid([Violation("a body is sent whole", f"{received} bytes that break off")])
        piece, goes_on = message.get("body", b""), message.get("more_body", False)
        received += len(piece)
        if received > limit_bytes:
            raise BodyTooLarge(limit_bytes, f"{received}, and perhaps more to come")
        if piece:
            yield piece


def _gunzip(body: bytes, limit_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        unpacked = unpacker.decompress(body, limit_bytes + 1)
    except zlib.error as error:
        raise RequestInvalid([Violation("a body sent as gzip must be gzip", str(error))]) from error
    if len(unpacked) > limit_bytes or unpacker.unconsumed_tail:
        raise BodyTooLarge(limit_bytes, f"{len(body)} that unpack to more")
    if not unpacker.eof:
        raise RequestInvalid([Violation("a body sent as gzip must be whole", f"{len(body)} bytes that break off")])
    if unpacker.unused_data:
        rule = "a body sent as gzip is one gzip member with nothing behind it"
        raise RequestInvalid([Violation(rule, f"{len(unpacker.unused_data)} bytes behind the first")])
    return unpacked
