"""Asking a server whether it is there and knows the key."""

from __future__ import annotations

import base64

import pytest

from sweepyard.errors import TrackingError
from sweepyard.tracking.probe import check_server, is_hub

VIEWER = '{"data": {"viewer": {"id": "u", "entity": "e"}}}'
KEY = "k" * 40


def test_a_server_that_knows_the_key(plain_server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    plain_server.answers = [(200, VIEWER)]
    check_server(plain_server.url + "/", KEY)
    ((path, headers, body),) = plain_server.requests
    assert path == "/graphql"
    assert headers["Authorization"] == "Basic " + base64.b64encode(f"api:{KEY}".encode()).decode()
    assert b"viewer" in body


@pytest.mark.parametrize("answer", [(401, ""), (403, ""), (200, '{"data": {"viewer": null}}')])
def test_a_wrong_key(plain_server, answer):
    plain_server.answers = [answer]
    with pytest.raises(TrackingError, match="API key"):
        check_server(plain_server.url, KEY)
    assert len(plain_server.requests) == 1


@pytest.mark.parametrize("answer", [(404, ""), (200, "<html>"), (200, "[]"), (200, '{"errors": []}')])
def test_something_else_than_a_wandb_server(plain_server, answer):
    plain_server.answers = [answer]
    with pytest.raises(TrackingError, match="must speak W&B's protocol"):
        check_server(plain_server.url, KEY)
    assert len(plain_server.requests) == 1


def test_a_server_that_is_starting_up_is_asked_again(plain_server, monkeypatch):
    pauses = []
    monkeypatch.setattr("sweepyard.tracking.probe.time.sleep", pauses.append)
    plain_server.answers = [(503, ""), (429, ""), (200, VIEWER)]
    check_server(plain_server.url, KEY)
    assert len(pauses) == 2


def test_patience_ends(plain_server):
    plain_server.answers = [(503, "")]
    with pytest.raises(TrackingError, match="HTTP status 503"):
        check_server(plain_server.url, KEY, patience_seconds=0)
    assert len(plain_server.requests) == 1


def test_who_is_told_to_leave_waits_no_more(plain_server):
    plain_server.answers = [(503, "")]
    with pytest.raises(TrackingError, match="HTTP status 503"):
        check_server(plain_server.url, KEY, patience_seconds=600, leaves=lambda: True)
    assert len(plain_server.requests) == 1


def test_nothing_listens(refused_url):
    with pytest.raises(TrackingError, match=r"does not answer .*refused"):
        check_server(refused_url, KEY, patience_seconds=0)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "127.0.0.1:80", "http://127.0.0.1:port", "http://"])
def test_no_url(url):
    with pytest.raises(TrackingError, match=r"address must be a URL|does not answer"):
        check_server(url, KEY, patience_seconds=0)


@pytest.mark.parametrize(
    ("answer", "hub"),
    [((200, '{"status": "ok", "home_id": "0f"}'), True), ((200, '{"status": "ok"}'), False), ((404, "no"), False)],
)
def test_a_hub_is_told_from_other_servers(plain_server, answer, hub):
    plain_server.answers = [answer]
    assert is_hub(plain_server.url + "/") is hub
    assert [path for path, _, _ in plain_server.requests] == ["/healthz"]


def test_where_nothing_listens_there_is_no_hub(refused_url):
    assert not is_hub(refused_url)
