"""Stored bytes as responses, whole or in the ranges that a client asks for."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sweepyard.domain.artifact import BlobRef
from sweepyard.web.problems import plain_problem

_BLOCK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# Bytes of users are never shown as pages of ours: another origin for scripts, and nothing is run.
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "application/json"})


def blob_response(request: Request, stream: IO[bytes], blob: BlobRef, *, name: str) -> Response:
    """The bytes of `blob`, read from `stream`, which is closed at the end; the file's name tells what they are.

    A single range is answered with 206, one that lies outside with 416; several ranges get the whole.
    """
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    shown = mimetype in _SHOWN
    base_name = PurePosixPath(name).name
    headers = {
        "ETag": f'"{blob.digest}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(base_name, safe='')}",
        "Content-Security-Policy": _SANDBOX,
        "Cache-Control": "private, max-age=0, must-revalidate",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        stream.close()
        return Response(status_code=304, headers=headers)
    begin, end, status = 0, blob.size_bytes, 200
    wanted = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if wanted and any(wanted.groups()):
        bounds = _bounds(wanted[1], wanted[2], blob.size_bytes)
        if bounds is None:
            stream.close()
            unit = {"Content-Range": f"bytes */{blob.size_bytes}"}
            return plain_problem(416, "range", f"the file has {blob.size_bytes} bytes", unit)
        begin, end = bounds
        status = 206
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{blob.size_bytes}"
    headers["Content-Length"] = str(end - begin)
    if request.method == "HEAD":
        stream.close()
        return Response(status_code=status, headers=headers, media_type=mimetype)
    return StreamingResponse(_pieces(stream, begin, end), status, headers, media_type=mimetype)


def _bounds(first: str, last: str, size: int) -> tuple[int, int] | None:
    """The half-open range that `first-last`, `first-` or `-suffix` means; None outside the file."""
    if not first:
        length = min(int(last), size)
        return (size - length, size) if length else None
    begin = int(first)
    end = min(int(last) + 1, size) if last else size
    return (begin, end) if begin < end else None


def _pieces(stream: IO[bytes], begin: int, end: int) -> Iterator[bytes]:
    with stream:
        stream.seek(begin)
        left = end - begin
        while left > 0 and (piece := stream.read(min(_BLOCK_BYTES, left))):
            left -= len(piece)
            yield piece
