from __future__ import annotations

import json
import math

import pytest

from sweepyard.domain.history import Chunk, Stream
from sweepyard.errors import RequestInvalid
from sweepyard.hub.wandb_api.filestream import reply_to_wire, update_from_wire
from sweepyard.services.streams import StreamReply, StreamUpdate


@pytest.mark.parametrize("body", [b"", b"{}", b'{"files": null}', b'{"files": {}, "uploaded": ["a.txt"]}'])
def test_a_heartbeat_brings_nothing(body: bytes) -> None:
    assert update_from_wire(body) == StreamUpdate()


def test_everything_that_a_request_may_bring() -> None:
    body = {
        "files": {
            "wandb-history.jsonl": {"offset": 3, "content": ['{"a":NaN}', '{"a":2}']},
            "wandb-events.jsonl": {"offset": 0, "content": ['{"cpu":1}']},
            "output.log": {"offset": 7, "content": ["hello"]},
            "wandb-summary.json": {"offset": 0, "content": ['{"a":1}', '{"a":Infinity}']},
        },
        "complete": True,
        "preempting": True,
        "exitcode": 255,
    }
    assert update_from_wire(json.dumps(body).encode()) == StreamUpdate(
        chunks=(
            Chunk(Stream.HISTORY, 3, ('{"a":NaN}', '{"a":2}')),
            Chunk(Stream.EVENTS, 0, ('{"cpu":1}',)),
            Chunk(Stream.CONSOLE, 7, ("hello",)),
        ),
        summary={"a": math.inf},
        preempting=True,
        complete=True,
        exit_code=255,
    )


def test_an_empty_summary_changes_nothing() -> None:
    body = b'{"files": {"wandb-summary.json": {"offset": 0, "content": []}}}'
    assert update_from_wire(body) == StreamUpdate()


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"null"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(RequestInvalid, match="is a JSON object"):
        update_from_wire(body)


def test_all_faults_are_named_at_once() -> None:
    body = {
        "files": {
            "wandb-history.jsonl": {"offset": "0", "content": []},
            "wandb-events.jsonl": {"offset": True, "content": []},
            "output.log": {"offset": 0, "content": [1]},
            "secrets.txt": {"offset": 0, "content": []},
            "wandb-summary.json": {"offset": 0, "content": ["[]"]},
        },
        "exitcode": "1",
        "uploaded": "a",
    }
    with pytest.raises(RequestInvalid) as caught:
        update_from_wire(json.dumps(body).encode())
    assert len(caught.value.violations) == 7
    assert "secrets.txt" in str(caught.value)


@pytest.mark.parametrize("code", [2**31, -(2**31) - 1, 2**40, 10**20])
def test_an_exit_code_has_32_bits(code: int) -> None:
    with pytest.raises(RequestInvalid, match=f"`exitcode` is a whole number of 32 bits; received {code}"):
        update_from_wire(json.dumps({"complete": True, "exitcode": code}).encode())
    assert update_from_wire(b'{"exitcode": -2147483648}').exit_code == -(2**31)


def test_files_are_an_object() -> None:
    with pytest.raises(RequestInvalid, match="`files` is an object; received list"):
        update_from_wire(b'{"files": []}')


def test_the_reply_says_whether_to_stop() -> None:
    for stop in (True, False):
        reply = json.loads(reply_to_wire(StreamReply(stop=stop)))
        assert reply == {"exitcode": None, "limits": {}, "stopped": stop}
