"""Where a hub may listen, what it logs, and what is said of its pages."""

from __future__ import annotations

import io
import logging
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sweepyard.errors import HubAlreadyRunning, InvalidInput
from sweepyard.files import FileLock
from sweepyard.hub.embedded import kept_closed, page_hint
from sweepyard.hub.places import HubAddress, HubPlaces
from sweepyard.hub.serving import _hub_lock
from sweepyard.settings import Settings
from sweepyard.web.listening import Listening, TlsFiles, check
from sweepyard.web.logs import OneLine


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, which makes the certificates: make system-parts")
    folder = tmp_path_factory.mktemp("tls")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(["openssl", "req", "-x509", *key, "-nodes", "-subj", "/CN=x"], cwd=folder, check=True)
    locked = ["openssl", "ec", "-in", "key.pem", "-aes256", "-passout", "pass:secret", "-out", "locked.pem"]
    subprocess.run(locked, cwd=folder, check=True)
    return TlsFiles(folder / "cert.pem", folder / "key.pem")


def test_a_hub_that_is_in_the_way_is_stopped_with_its_own_home(tmp_path: Path) -> None:
    places = HubPlaces(tmp_path / "my hub")
    places.make_home()
    places.write_address(HubAddress(url="http://127.0.0.1:1", pid=1, mode="served"))
    stop = re.escape(f"SWEEPYARD_HOME='{places.home}' ") + r"\S*sweepyard hub stop`"
    with FileLock(places.hub_lock):
        with pytest.raises(HubAlreadyRunning, match=stop), kept_closed(Settings(home=places.home, cache=tmp_path)):
            pass
        with pytest.raises(HubAlreadyRunning, match=stop), _hub_lock(places, "served"):
            pass


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_loopback_needs_nothing(host: str) -> None:
    check(Listening(host=host))


@pytest.mark.system
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "lab.example", "127.0.0.1.example", ""])
def test_beyond_loopback_needs_https(host: str, tls: TlsFiles) -> None:
    with pytest.raises(InvalidInput, match=r"speaks HTTPS.*--tls-cert.*--behind-proxy"):
        check(Listening(host=host))
    check(Listening(host=host, tls=tls))
    check(Listening(host=host, behind_proxy=True, public_urls=("https://lab.example",)))


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    missing = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem")
    with pytest.raises(InvalidInput) as refused:
        check(Listening(behind_proxy=True, tls=missing))
    assert len(refused.value.violations) == 2
    with pytest.raises(InvalidInput) as refused:
        check(Listening(host="0.0.0.0", public_urls=("lab", "ftp://x")))
    assert len(refused.value.violations) == 3


@pytest.mark.system
def test_certificates_that_cannot_be_used_are_refused_before_anything_listens(tls: TlsFiles, tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("not PEM")
    for broken in (
        TlsFiles(tmp_path / "no.pem", tls.key),
        TlsFiles(tls.certificate, tmp_path / "no.pem"),
        TlsFiles(tls.certificate, tls.certificate),
        TlsFiles(tls.certificate, tls.key.with_name("locked.pem")),
    ):
        with pytest.raises(InvalidInput, match="without a passphrase"):
            check(Listening(tls=broken))


@pytest.mark.parametrize(
    ("listening", "bound", "asked", "other"),
    [
        (Listening(), "http://127.0.0.1:9", "localhost:9", "box.example"),
        (Listening(host="::1"), "http://[::1]:9", "[::1]:9", "box.example"),
        (Listening(host="10.1.1.1", behind_proxy=True), "http://10.1.1.1:9", "10.1.1.1", "box.example"),
        (Listening(host="0.0.0.0", behind_proxy=True), "http://127.0.0.1:9", "10.9.9.9:9", "box.example"),
    ],
)
def test_the_names_that_a_hub_answers_to(listening: Listening, bound: str, asked: str, other: str) -> None:
    addresses = listening.addresses(9)
    assert addresses.bound == bound
    assert addresses.answer_to(asked)
    assert not addresses.answer_to(other)


def logged(message: str, *arguments: object, error: BaseException | None = None) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(OneLine())
    info = (type(error), error, error.__traceback__) if error else None
    handler.handle(logging.LogRecord("sweepyard.hub.app", logging.WARNING, "f", 1, message, arguments, info))
    return stream.getvalue()


def test_a_log_line_has_time_level_and_place() -> None:
    line = logged("run %s fell silent", "a/b/c")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d WARNING hub\.app: run a/b/c fell silent\n", line
    )


def test_no_message_forges_a_line_or_moves_the_cursor() -> None:
    line = logged("said %s", "a\nb\r\x1b[2J\u2028c\x00")
    assert line.count("\n") == 1
    assert r"said a\nb\r\x1b[2J\u2028c\x00" in line
    assert len(logged("%s", "x" * 1_000_000)) < 3000


def test_a_traceback_follows_indented() -> None:
    try:
        raise ValueError("first\nsecond\x1b")
    except ValueError as error:
        lines = logged("failed", error=error).splitlines()
    assert lines[0].endswith("failed")
    assert all(line.startswith("    ") for line in lines[1:])
    assert lines[-2:] == ["    ValueError: first", r"    second\x1b"]


def test_a_page_of_an_embedded_hub_is_said_to_go_and_to_come_back(tmp_path: Path) -> None:
    settings, places = Settings(home=tmp_path, cache=tmp_path), HubPlaces(tmp_path)
    assert page_hint("http://127.0.0.1:4711/lab/p", settings) == ""
    places.write_address(HubAddress("http://127.0.0.1:4711", 1, "embedded"))
    hint = page_hint("http://127.0.0.1:4711/lab/p/runs/r", settings)
    assert "sweepyard hub serve" in hint
    assert "http://127.0.0.1:8080/lab/p/runs/r" in hint
    assert page_hint("https://wandb.ai/lab/p/runs/r", settings) == ""
    assert page_hint("http://127.0.0.1:47110/lab", settings) == ""
    assert page_hint(None, settings) == ""
    places.write_address(HubAddress("http://127.0.0.1:4711", 1, "served"))
    assert page_hint("http://127.0.0.1:4711/lab/p/runs/r", settings) == ""
