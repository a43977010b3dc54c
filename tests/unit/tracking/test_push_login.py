"""Where a push goes, and with which key."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweepyard.errors import InvalidInput, TrackingError
from sweepyard.tracking.push.login import KEY_VARIABLE, open_destination

VIEWER = '{"data": {"viewer": {"id": "u", "entity": "e"}}}'
KEY = "k" * 40


def opened(to, *, key_file=None, environ=None, entity=None):
    return open_destination(to, entity=entity, key_file=key_file, environ=environ or {})


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_text(f"{KEY}\n")
    return path


def test_the_key_file_comes_first_then_the_variable_then_the_login(plain_server, key_file, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    host = plain_server.url.removeprefix("http://")
    (tmp_path / ".netrc").write_text(f"machine {host} login user password {'n' * 40}\n")
    (tmp_path / ".netrc").chmod(0o600)
    plain_server.answers = [(200, VIEWER)] * 3
    variable = {KEY_VARIABLE: f" {'v' * 40} "}
    server = opened(f"{plain_server.url}/", key_file=key_file, environ=variable, entity="team")
    assert (server.url, server.api_key, server.entity) == (plain_server.url, KEY, "team")
    assert opened(plain_server.url, environ=variable).api_key == "v" * 40
    assert opened(plain_server.url).api_key == "n" * 40
    assert KEY not in repr(server)


def test_without_any_key(refused_url, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    with pytest.raises(TrackingError, match=f"{KEY_VARIABLE}.*wandb login --host"):
        opened(refused_url)


def test_a_refused_key_says_where_another_goes(plain_server, key_file):
    plain_server.answers = [(401, "")]
    with pytest.raises(TrackingError, match="--key-file") as caught:
        opened(plain_server.url, key_file=key_file)
    assert KEY not in str(caught.value)


def test_a_server_that_is_another_kind(plain_server, key_file):
    plain_server.answers = [(200, "<html>")]
    with pytest.raises(TrackingError, match="Correct --to"):
        opened(plain_server.url, key_file=key_file)


@pytest.mark.parametrize(
    ("to", "hint"),
    [
        ("wandb.ai", "https://api.wandb.ai"),
        ("ftp://x", "For example"),
        ("https://", "For example"),
        ("https://wandb.ai", "Clients of it use https://api.wandb.ai"),
        ("https://me:secret@api.wandb.ai", KEY_VARIABLE),
        ("https://api.wandb.ai?key=secret", KEY_VARIABLE),
    ],
)
def test_addresses_that_are_none(to, hint, key_file):
    with pytest.raises(InvalidInput, match="base URL") as caught:
        opened(to, key_file=key_file)
    assert hint in str(caught.value)
    assert "secret" not in str(caught.value)


def test_key_files_that_are_none(tmp_path, key_file):
    with pytest.raises(InvalidInput, match="holds an API key"):
        opened("https://host.example", key_file=tmp_path / "absent")
    key_file.chmod(0o640)
    with pytest.raises(InvalidInput, match="chmod 600"):
        opened("https://host.example", key_file=key_file)
    for text in ("", "two words\n"):
        empty = Path(tmp_path / "other")
        empty.touch(mode=0o600)
        empty.write_text(text)
        with pytest.raises(InvalidInput, match="one API key and nothing else"):
            opened("https://host.example", key_file=empty)
