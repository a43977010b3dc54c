"""What client and fork server say to each other over their Unix socket.

The client sends one request: its length in four bytes, then a JSON object, with the three standard streams as file
descriptors. The server answers with lines, each a JSON object: `{"pid": n}`, then how the run ended; or why it starts
none. A run begins only when the client, which has seen the pid, sends `GO`: none runs for a client that gave up.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

GO = b"g"
STREAMS = 3
_LENGTH = struct.Struct("!I")
_CREDENTIALS = struct.Struct("3i")  # struct ucred of unix(7): pid, uid, gid
_CHUNK = 65536


class Request(NamedTuple):
    """A run as its client wants it.

    Attributes:
        arguments: Those of `sweepyard train`.
        program: `sys.argv[0]`.
        module: The name behind `-m`, where the client was started so.
        environ: Its whole environment.
        folder: The working directory.
        search_path: `sys.path`.
        file_mask: As umask(2) has it.
        processors: The numbers of those that it may use.
        limits: Soft and hard resource limits by number, as getrlimit(2) has them.
    """

    arguments: list[str]
    program: str
    module: str | None
    environ: dict[str, str]
    folder: str
    search_path: list[str]
    file_mask: int
    processors: list[int]
    limits: dict[str, tuple[int, int]]


class WireClosed(Exception):
    """The other side has left."""


def request_of(arguments: Sequence[str], environ: Mapping[str, str]) -> Request:
    """This process's request."""
    main = getattr(sys.modules.get("__main__"), "__spec__", None)
    mask = os.umask(0)
    os.umask(mask)
    return Request(
        arguments=list(arguments),
        program=sys.argv[0],
        module=None if main is None else str(main.name),
        environ=dict(environ),
        folder=os.getcwd(),
        search_path=list(sys.path),
        file_mask=mask,
        processors=sorted(os.sched_getaffinity(0)),
        limits={str(number): resource.getrlimit(number) for number in limited()},
    )


def limited() -> list[int]:
    """The resources that have limits here, by number."""
    return sorted({value for name, value in vars(resource).items() if name.startswith("RLIMIT_")})


def send_request(connection: socket.socket, request: Request, streams: Sequence[int]) -> None:
    """Send a request with its three standard streams."""
    body = json.dumps(request._asdict()).encode()
    socket.send_fds(connection, [_LENGTH.pack(len(body))], list(streams))
    connection.sendall(body)


def receive_request(connection: socket.socket) -> tuple[Request, list[int]]:
    """Receive a request and its standard streams.

    Raises:
        WireClosed: The client has left, or sent something else.
    """
    head, streams, _, _ = socket.recv_fds(connection, _LENGTH.size, STREAMS)
    try:
        if len(head) != _LENGTH.size or len(streams) != STREAMS:
            raise WireClosed
        (length,) = _LENGTH.unpack(head)
        body = bytearray()
        while len(body) < length:
            chunk = connection.recv(min(_CHUNK, length - len(body)))
            if not chunk:
                raise WireClosed
            body += chunk
        return Request(**json.loads(body)), streams
    except BaseException:
        for stream in streams:
            os.close(stream)
        raise


def send_line(connection: socket.socket, message: Mapping[str, Any]) -> None:
    """Send one answer; one that nobody waits for any more is dropped."""
    try:
        connection.sendall(json.dumps(message).encode() + b"\n")
    except (BrokenPipeError, ConnectionResetError):
        return


def receive_line(connection: socket.socket) -> dict[str, Any]:
    """Receive one answer.

    Raises:
        WireClosed: The server has left.
    """
    line = bytearray()
    while not line.endswith(b"\n"):
        try:
            byte = connection.recv(1)
        except ConnectionResetError as error:
            raise WireClosed from error
        if not byte:
            raise WireClosed
        line += byte
    answer: dict[str, Any] = json.loads(line)
    return answer


def user_of(connection: socket.socket) -> int:
    """The user id of the process at the other end."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(raw)
    return int(user)
