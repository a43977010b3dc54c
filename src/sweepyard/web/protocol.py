"""HTTP/1.1 as uvicorn speaks it, for clients that are too slow, send too much, or speak something else.

Uvicorn waits for ever for the rest of a request's head, sets it no limit, and tells what it cannot read in plain
text; here a connection has to get on with it, and every answer has the one error shape. The parser is httptools':
streams of runs are many small requests, and h11 would take as long over one as everything else does.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from sweepyard.web.headers import SECURITY_HEADERS
from sweepyard.web.problems import plain_problem
from sweepyard.web.streams import is_endless

MAX_HEAD_BYTES = 64 << 10
HEAD_PATIENCE_SECONDS = 10.0

_TOO_LARGE = (431, "too_large", f"a request's head has at most {MAX_HEAD_BYTES} bytes")
_MALFORMED = (400, "malformed", "this is not HTTP/1.1")
_NO_HOST = (400, "malformed", "a request names one Host")
_TOO_SLOW = (408, "too_slow", f"a request's head comes within {HEAD_PATIENCE_SECONDS:g} s")


class _Refused(Exception):
    """Raised inside the parser's callbacks, to end the parsing; the reason is in the protocol."""


class PatientProtocol(HttpToolsProtocol):
    """Gives each request's head, and a fresh connection, so many seconds and bytes."""

    _patience: asyncio.TimerHandle | None = None
    _refusal = _MALFORMED
    # A head is under way from the first byte of a request to its empty line.
    _in_head = True
    _has_begun = False  # In the bytes at hand.
    _head_bytes = 0  # Received of it, while it is under way.
    _head_length = 0  # Of the parts of the head that are read.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        follows = self.cycle is not None
        self._has_begun = False
        super().data_received(data)
        if self.transport.is_closing():
            return
        if not self._in_head:
            self._stop_waiting()
            return
        # Before a next request that has begun in these bytes, there may be the end of the last one.
        self._head_bytes += self._head_length if follows and self._has_begun else len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(*_TOO_LARGE)
        elif self._patience is None:
            self._await_head()  # a next request has begun on a connection that was kept open

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server closes: a stream without an end ends now; uvicorn lets other answers end by themselves."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete and is_endless(cycle.scope["state"]):
            self.transport.close()
        else:
            super().shutdown()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_begun = self._in_head = True
        self._head_bytes = self._head_length = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._measure(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._measure(len(name) + len(value) + len(b": \r\n"))

    def on_headers_complete(self) -> None:
        if self.parser.get_http_version() == "1.1" and sum(name == b"host" for name, _ in self.headers) != 1:
            self._refusal = _NO_HOST
            raise _Refused
        self._in_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer to what is no request that we take; uvicorn calls this while it handles the parser's error."""
        self._refuse(*self._refusal)

    def _measure(self, length: int) -> None:
        self._head_length += length
        if self._head_length > MAX_HEAD_BYTES:
            self._refusal = _TOO_LARGE
            raise _Refused

    def _await_head(self) -> None:
        self._patience = self.loop.call_later(HEAD_PATIENCE_SECONDS, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _too_slow(self) -> None:
        self._patience = None
        if self._head_bytes:
            self._refuse(*_TOO_SLOW)
        else:
            self.transport.close()  # nobody has asked for anything

    def _refuse(self, status: int, code: str, message: str) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            answer = plain_problem(status, code, message, {**SECURITY_HEADERS, "Connection": "close"})
            lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
            lines += [name + b": " + value for name, value in answer.raw_headers]
            self.transport.write(b"\r\n".join([*lines, b"", bytes(answer.body)]))
        self.transport.close()
