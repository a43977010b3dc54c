"""The file stream: the lines of a run as they come, and the end of it."""

from __future__ import annotations

from sweepyard import jsonvalue
from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.rows import decode_object
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue
from sweepyard.services.streams import StreamReply, StreamUpdate

SUMMARY_FILE = "wandb-summary.json"
MAX_LINE_LENGTH = 16 << 20
"""Characters; the client sends none of more than ten million."""

_EXIT_CODES = range(-(2**31), 2**31)
"""What the client itself can say, and a column of the database hold."""

_STREAMS = {stream.value: stream for stream in Stream}


def update_from_wire(body: bytes, *, agent_token: str = "") -> StreamUpdate:
    """What a request of the file stream brings; `{}` is a heartbeat.

    Args:
        agent_token: What its header says of the agent that it comes from.

    Raises:
        RequestInvalid: It is malformed; every fault is named.
    """
    try:
        request = decode_object(body or b"{}")
    except ValueError as error:
        raise RequestInvalid([Violation("a file_stream request is a JSON object", str(error))]) from error
    violations: list[Violation] = []
    chunks: list[Chunk] = []
    summary: JsonObject | None = None
    for name, value in _files(request, violations).items():
        lines = _lines(name, value, violations)
        if lines is None:
            continue
        offset, content = lines
        if name in _STREAMS:
            chunks.append(Chunk(_STREAMS[name], offset, content))
        elif name == SUMMARY_FILE:
            summary = _summary(content, violations, summary)
        else:
            violations.append(
                Violation(f"the streamed files are {', '.join([*_STREAMS, SUMMARY_FILE])}", repr(name[:80]))
            )
    exit_code = _exit_code(request, violations)
    _check_names(request, violations)
    if violations:
        raise RequestInvalid(violations)
    return StreamUpdate(
        chunks=tuple(chunks),
        summary=summary,
        preempting=request.get("preempting") is True,
        complete=request.get("complete") is True,
        exit_code=exit_code,
        agent_token=agent_token,
    )


def reply_to_wire(reply: StreamReply) -> bytes:
    """The answer, as JSON: whether the run is to stop."""
    return b'{"exitcode":null,"limits":{},"stopped":%s}' % (b"true" if reply.stop else b"false")


def _files(request: JsonObject, violations: list[Violation]) -> JsonObject:
    files = request.get("files")
    if isinstance(files, dict):
        return files
    if files is None:
        return {}
    violations.append(Violation("`files` is an object", type(files).__name__))
    return {}


def _lines(name: str, value: JsonValue, violations: list[Violation]) -> tuple[int, tuple[str, ...]] | None:
    match value:
        case {"offset": int(offset), "content": list(content)} if not isinstance(offset, bool):
            texts = tuple(line for line in content if isinstance(line, str))
            longest = max(map(len, texts), default=0)
            if longest > MAX_LINE_LENGTH:
                rule = f"a line has at most {MAX_LINE_LENGTH:,} characters"
                violations.append(Violation(rule, f"{longest:,}", where=name))
                return None
            if len(texts) == len(content):
                return offset, texts
    rule = "a streamed file is {offset: a line number, content: a list of lines}"
    violations.append(Violation(rule, jsonvalue.dumps(value)[:80], where=name))
    return None


def _summary(content: tuple[str, ...], violations: list[Violation], before: JsonObject | None) -> JsonObject | None:
    if not content:
        return before
    try:
        return decode_object(content[-1])
    except ValueError as error:
        violations.append(Violation("a summary is a JSON object", str(error), where=SUMMARY_FILE))
        return None


def _exit_code(request: JsonObject, violations: list[Violation]) -> int | None:
    code = request.get("exitcode")
    if code is None or (isinstance(code, int) and not isinstance(code, bool) and code in _EXIT_CODES):
        return code
    violations.append(Violation("`exitcode` is a whole number of 32 bits", jsonvalue.dumps(code)[:80]))
    return None


def _check_names(request: JsonObject, violations: list[Violation]) -> None:
    """`uploaded` tells nothing new, since an upload is complete once its PUT was answered."""
    names = request.get("uploaded") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        violations.append(Violation("`uploaded` is a list of file names", jsonvalue.dumps(names)[:80]))
