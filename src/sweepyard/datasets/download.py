"""One HTTP download: whole or not there, with retries, a back-off and a size limit."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sweepyard.clock import Clock, SystemClock
from sweepyard.errors import DataMissing
from sweepyard.files import atomic_file

Progress = Callable[[str, int, int | None], None]
"""Is told (what, bytes so far, bytes in all or None when the server does not say)."""

_BLOCK_BYTES = 1 << 18
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})


def silent(what: str, received_bytes: int, total_bytes: int | None) -> None:
    """The progress callback of those who do not want to know."""


class _Interrupted(Exception):
    """A transfer that may succeed when it is tried again."""


@dataclass(frozen=True, slots=True)
class Downloader:
    """Fetches files over HTTP.

    Attributes:
        progress: Told before every try, and after every block.
        clock: Waits between tries.
        tries: How often a transfer is tried.
        first_wait_seconds: Wait before the second try; doubled before each further one.
        timeout_seconds: Longest silence of the server.
    """

    progress: Progress = silent
    clock: Clock = field(default_factory=SystemClock)
    tries: int = 4
    first_wait_seconds: float = 1.0
    timeout_seconds: float = 30.0

    def download(self, url: str, path: Path, *, limit_bytes: int) -> None:
        """Fetch `url` into `path`, atomically.

        Raises:
            DataMissing: The server refuses, stays silent, breaks off each time, or sends more than
                `limit_bytes`; nothing is left behind.
            OSError: The disk is full or the folder cannot be written.
        """
        if not url.startswith(("https://", "http://")):
            raise ValueError(f"only http and https are downloaded; received {url}")
        wait_seconds = self.first_wait_seconds
        what = name = url.rpartition("/")[2]
        for attempt in range(1, self.tries + 1):
            self.progress(what, 0, None)
            try:
                self._transfer(url, path, limit_bytes, what)
            except _Interrupted as error:
                if attempt == self.tries:
                    raise DataMissing(f"{url}: {error}, in each of {self.tries} tries") from error
                what = f"{name} (try {attempt + 1} of {self.tries}: {error})"
                self.clock.sleep(wait_seconds)
                wait_seconds *= 2
            else:
                return

    def _transfer(self, url: str, path: Path, limit_bytes: int, what: str) -> None:
        request = urllib.request.Request(url, headers={"User-Agent": "sweepyard"})  # noqa: S310 - checked by download
        try:
            answer = urllib.request.urlopen(request, timeout=self.timeout_seconds)  # noqa: S310 - see above
        except urllib.error.HTTPError as error:
            with error:
                reason = f"the server answers {error.code} {error.reason}"
            if error.code in _WORTH_ANOTHER_TRY:
                raise _Interrupted(reason) from error
            raise DataMissing(f"{url}: {reason}") from error
        except (OSError, http.client.HTTPException) as error:  # urllib's own errors are OSErrors
            raise _Interrupted(f"no connection ({getattr(error, 'reason', error)})") from error
        with answer:
            self._store(answer, url, path, limit_bytes, what)

    def _store(self, answer: http.client.HTTPResponse, url: str, path: Path, limit_bytes: int, what: str) -> None:
        declared = answer.headers.get("Content-Length", "")
        total = int(declared) if declared.isdecimal() else None
        if total is not None and total > limit_bytes:
            raise DataMissing(f"{url}: at most {limit_bytes} bytes are expected; the server announces {total}")
        received = 0
        with atomic_file(path) as stream:
            while block := self._block(answer):
                received += len(block)
                if received > limit_bytes:
                    raise DataMissing(f"{url}: at most {limit_bytes} bytes are expected; the server sends more")
                stream.write(block)
                self.progress(what, received, total)
            if total is not None and received < total:
                raise _Interrupted(f"the transfer broke off after {received} of {total} bytes")

    def _block(self, answer: http.client.HTTPResponse) -> bytes:
        try:
            return answer.read(_BLOCK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _Interrupted(f"the transfer broke off ({error})") from error
