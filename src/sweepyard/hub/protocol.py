"""HTTP/1.1 as uvicorn speaks it, for clients that are too slow, send too much, or speak something else.

Uvicorn waits for ever for the rest of a request's head, and tells what it cannot read in plain text; here a
connection has to get on with it, and every answer has the one error shape.
"""

from __future__ import annotations

import asyncio
import sys
from http import HTTPStatus

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from sweepyard.web.headers import SECURITY_HEADERS
from sweepyard.web.problems import plain_problem

MAX_HEAD_BYTES = 64 << 10
HEAD_PATIENCE_SECONDS = 10.0


class PatientProtocol(H11Protocol):
    """Gives each request's head, and a fresh connection, so many seconds."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if self.conn.their_state is h11.IDLE and self._is_too_long(data):
            self._refuse(431, "too_large", f"a request's head has at most {MAX_HEAD_BYTES} bytes")
            return
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._patience is None and not self.transport.is_closing():
            self._await_head()  # a next request has begun on a connection that was kept open

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer to what is no request that we take; uvicorn calls this while it handles the error."""
        error = sys.exception()
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        self._refuse(status, "malformed", "this is not HTTP/1.1")

    def _is_too_long(self, data: bytes) -> bool:
        # The library's own limit counts only what comes in several pieces.
        head = self.conn.trailing_data[0] + data[: MAX_HEAD_BYTES + 1]
        return len(head) > MAX_HEAD_BYTES and b"\r\n\r\n" not in head[:MAX_HEAD_BYTES]

    def _await_head(self) -> None:
        self._patience = self.loop.call_later(HEAD_PATIENCE_SECONDS, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _too_slow(self) -> None:
        self._patience = None
        if self.conn.trailing_data[0]:
            self._refuse(408, "too_slow", f"a request's head comes within {HEAD_PATIENCE_SECONDS:g} s")
        else:
            self.transport.close()  # nobody has asked for anything

    def _refuse(self, status: int, code: str, message: str) -> None:
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            answer = plain_problem(status, code, message, {**SECURITY_HEADERS, "Connection": "close"})
            head = h11.Response(status_code=status, headers=answer.raw_headers, reason=_phrase(status))
            for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def _phrase(status: int) -> bytes:
    return HTTPStatus(status).phrase.encode()
