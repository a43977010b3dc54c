from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from sweepyard.clock import SystemClock
from sweepyard.domain.run import RunPath
from sweepyard.errors import Forbidden
from sweepyard.hub.http.links import (
    Access,
    ArtifactFileTarget,
    Links,
    ManifestTarget,
    RunFileTarget,
    Target,
    open_target,
)
from sweepyard.hub.http.signing import Signer

HOUR = timedelta(hours=1)
TARGETS = [
    RunFileTarget(RunPath("me", "my project", "r1"), "media/ä b/../x.png"),
    ArtifactFileTarget(3, "model.keras"),
    ManifestTarget(4, "wandb_manifest.json"),
]


class StandingClock(SystemClock):
    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def signer(clock: StandingClock) -> Signer:
    return Signer("secret", "files", clock)


def token_of(address: str) -> str:
    return urlsplit(address).path.split("/")[2]


def test_claims_come_back_until_they_expire(signer: Signer, clock: StandingClock) -> None:
    token = signer.sign({"a": [1, "ü"]}, HOUR)
    clock.moment += HOUR
    assert signer.verify(token) == {"a": [1, "ü"]}
    clock.moment += timedelta(seconds=1)
    with pytest.raises(Forbidden, match="expired"):
        signer.verify(token)


def test_every_changed_letter_is_noticed(signer: Signer) -> None:
    token = signer.sign({"a": 1}, HOUR)
    for position, letter in enumerate(token):
        other = token[:position] + ("A" if letter != "A" else "B") + token[position + 1 :]
        # The last letter of a part holds bits that base64 does not use.
        if other != token and position not in {token.index(".") - 1, len(token) - 1}:
            with pytest.raises(Forbidden):
                signer.verify(other)


@pytest.mark.parametrize("token", ["", ".", "a", "a.b", "é.é", "e30.", f"{'e30'}.{'A' * 22}"])
def test_what_was_not_signed_is_refused(signer: Signer, token: str) -> None:
    with pytest.raises(Forbidden):
        signer.verify(token)


def test_another_purpose_or_secret_does_not_open_it(signer: Signer, clock: StandingClock) -> None:
    token = signer.sign({}, HOUR)
    for other in (Signer("secret", "sessions", clock), Signer("other", "files", clock)):
        with pytest.raises(Forbidden, match="not made by this hub"):
            other.verify(token)


@pytest.mark.parametrize("target", TARGETS)
def test_an_address_stands_for_its_target_and_permits_one_thing(signer: Signer, target: Target) -> None:
    links = Links("http://127.0.0.1:1", signer)
    upload, download = token_of(links.upload(target)), token_of(links.download(target))
    assert open_target(signer, upload, Access.WRITE) == target
    assert open_target(signer, download, Access.READ) == target
    with pytest.raises(Forbidden, match="does not permit"):
        open_target(signer, download, Access.WRITE)
    with pytest.raises(Forbidden, match="does not permit"):
        open_target(signer, upload, Access.READ)


def test_an_address_ends_with_the_files_own_name(signer: Signer) -> None:
    address = Links("http://127.0.0.1:1", signer).download(TARGETS[0])
    assert urlsplit(address).path.split("/")[3:] == ["x.png"]


def test_claims_of_another_kind_stand_for_nothing(signer: Signer) -> None:
    token = signer.sign({"do": "get", "of": "house"}, HOUR)
    with pytest.raises(Forbidden, match="stands for nothing"):
        open_target(signer, token, Access.READ)


def test_a_files_readable_address_is_quoted(signer: Signer) -> None:
    address = Links("http://h", signer).run_file(RunPath("me", "my project", "r1"), "a b/ü?.png")
    assert address == "http://h/files/me/my%20project/r1/a%20b/%C3%BC%3F.png"
