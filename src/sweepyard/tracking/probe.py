"""One short request before the client starts: it would keep on trying a server that is away."""

from __future__ import annotations

import base64
import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from sweepyard.errors import TrackingError

PATIENCE_SECONDS = 5.0
_TIMEOUT_SECONDS = 10.0
_PAUSE_SECONDS = 0.5
_ANSWER_LIMIT_BYTES = 65_536
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_QUERY = json.dumps({"query": "query Viewer { viewer { id entity } }"}).encode()


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about a server that is not there, or is another, or refuses the key: whole sentences."""

    away: str = "Start it (`sweepyard hub serve`) or correct WANDB_BASE_URL; training can do without: tracking=offline"
    other: str = "Correct WANDB_BASE_URL or look at that server's log; training can do without: tracking=offline"
    key: str = 'Take the hub\'s key (`eval "$(sweepyard hub env)"`) or log in again (`wandb login --relogin`)'


_TO_TRAIN = Advice()


def never() -> bool:
    """No."""
    return False


def check_server(
    url: str,
    api_key: str,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    leaves: Callable[[], bool] = never,
    advice: Advice = _TO_TRAIN,
) -> None:
    """Ask the server at `url` who `api_key` belongs to.

    A server that is away or overloaded is asked again until `patience_seconds` are over, so that one that
    restarts costs no run, or until `leaves` says that there is no time to wait any more.

    Raises:
        TrackingError: Nothing answers there, it is no W&B server, or it refuses the key.
    """
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return _check_once(url, api_key, advice)
        except _TryAgain as error:
            if leaves() or time.monotonic() + _PAUSE_SECONDS > deadline:
                raise TrackingError(str(error)) from error
        time.sleep(_PAUSE_SECONDS)


class _TryAgain(Exception):
    """What may be otherwise in a moment; its text is fit for a `TrackingError`."""


def _check_once(url: str, api_key: str, advice: Advice) -> None:
    token = base64.b64encode(f"api:{api_key}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    try:
        if urllib.parse.urlsplit(url).scheme not in {"http", "https"}:
            raise ValueError("it must begin with http:// or https://")
        request = urllib.request.Request(f"{url.rstrip('/')}/graphql", data=_QUERY, headers=headers)  # noqa: S310
        with opener_for(url).open(request, timeout=_TIMEOUT_SECONDS) as answer:
            body = answer.read(_ANSWER_LIMIT_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(url, error.code, advice) from error
    except ValueError as error:
        raise TrackingError(f"the tracking server's address must be a URL; received {url!r} ({error})") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise _TryAgain(
            f"the tracking server must be reachable; {url} does not answer ({reason}). {advice.away}"
        ) from error
    _check_viewer(url, body, advice)


def is_hub(url: str) -> bool:
    """Whether a hub of Sweepyard's answers at `url`; a server that cannot be asked counts as another."""
    try:
        with opener_for(url).open(f"{url.rstrip('/')}/healthz", timeout=_TIMEOUT_SECONDS) as answer:
            health = json.loads(answer.read(_ANSWER_LIMIT_BYTES))
    except (OSError, http.client.HTTPException, ValueError):
        return False
    return isinstance(health, dict) and "home_id" in health


def is_loopback(url: str) -> bool:
    """Whether the server at `url` is one that this host alone can reach."""
    return urllib.parse.urlsplit(url).hostname in _LOOPBACK


def opener_for(url: str) -> urllib.request.OpenerDirector:
    """What asks the server at `url`."""
    # As in the W&B client: proxies of the environment are not for loopback.
    if is_loopback(url):
        return urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener()


def _refusal(url: str, status: int, advice: Advice) -> Exception:
    if status in {401, 403}:
        return _wrong_key(url, advice)
    kind = _TryAgain if status == 429 or status >= 500 else TrackingError
    return kind(
        f"the tracking server must speak W&B's protocol; {url} answers with HTTP status {status}. {advice.other}"
    )


def _wrong_key(url: str, advice: Advice) -> TrackingError:
    """The error for a key that the server at `url` refuses."""
    return TrackingError(f"the API key must be one that {url} knows; it refuses the present one. {advice.key}")


def _check_viewer(url: str, body: bytes, advice: Advice) -> None:
    try:
        answer = json.loads(body)
        viewer = answer["data"]["viewer"]
    except (ValueError, KeyError, TypeError) as error:
        raise TrackingError(
            f"the tracking server must speak W&B's protocol; {url} answers something else. {advice.other}"
        ) from error
    if viewer is None:
        raise _wrong_key(url, advice)
