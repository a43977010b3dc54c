"""One short request before the client starts: it would keep on trying a server that is away."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request

from sweepyard.errors import TrackingError

PROBE_TIMEOUT_SECONDS = 10.0
_ANSWER_LIMIT_BYTES = 65_536
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_QUERY = json.dumps({"query": "query Viewer { viewer { id entity } }"}).encode()


def check_server(url: str, api_key: str, *, timeout_seconds: float = PROBE_TIMEOUT_SECONDS) -> None:
    """Ask the server at `url` who `api_key` belongs to.

    Raises:
        TrackingError: Nothing answers there, it is no W&B server, or it refuses the key.
    """
    token = base64.b64encode(f"api:{api_key}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    try:
        request = urllib.request.Request(f"{url}/graphql", data=_QUERY, headers=headers)  # noqa: S310  http or https
        with _opener(url).open(request, timeout=timeout_seconds) as answer:
            body = answer.read(_ANSWER_LIMIT_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(url, error.code) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise TrackingError(
            f"the tracking server must be reachable; {url} does not answer ({reason}). "
            "Start it (`sweepyard hub serve`), correct WANDB_BASE_URL, or train with tracking=offline"
        ) from error
    _check_viewer(url, body)


def _opener(url: str) -> urllib.request.OpenerDirector:
    # As in the W&B client: proxies of the environment are not for loopback.
    if urllib.parse.urlsplit(url).hostname in _LOOPBACK:
        return urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener()


def _refusal(url: str, status: int) -> TrackingError:
    if status in {401, 403}:
        return wrong_key(url)
    return TrackingError(
        f"the tracking server must speak W&B's protocol; {url} answers with HTTP status {status}. "
        "Correct WANDB_BASE_URL, look at that server's log, or train with tracking=offline"
    )


def wrong_key(url: str) -> TrackingError:
    """The error for a key that the server at `url` refuses."""
    return TrackingError(
        f"the API key must be one that {url} knows; it refuses the present one. "
        'Take the hub\'s key (`eval "$(sweepyard hub env)"`) or log in again (`wandb login --relogin`)'
    )


def _check_viewer(url: str, body: bytes) -> None:
    try:
        answer = json.loads(body)
        viewer = answer["data"]["viewer"]
    except (ValueError, KeyError, TypeError) as error:
        raise TrackingError(
            f"the tracking server must speak W&B's protocol; {url} answers something else. Correct WANDB_BASE_URL"
        ) from error
    if viewer is None:
        raise wrong_key(url)
