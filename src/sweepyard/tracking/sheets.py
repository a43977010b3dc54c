"""Documents that a hub makes of its pages."""

from __future__ import annotations

import base64
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request

from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import NotTracked, TrackingError
from sweepyard.tracking.probe import opener_for
from sweepyard.tracking.server import Server

_TIMEOUT_SECONDS = 120.0


def fetch_sheet(server: Server, path: SweepPath, form: str) -> bytes:
    """A sweep's page as one document.

    Args:
        form: html, pdf or png.

    Raises:
        NotTracked: The hub has no such sweep.
        TrackingError: It is away, or cannot make the document.
    """
    where = "/".join(urllib.parse.quote(part, safe="") for part in (path.entity, path.project))
    url = f"{server.url}/{where}/sweeps/{urllib.parse.quote(path.sweep_id, safe='')}/sheet.{form}"
    token = base64.b64encode(f"api:{server.api_key}".encode()).decode()
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {token}"})  # noqa: S310 - a hub's own
    try:
        with opener_for(server.url).open(request, timeout=_TIMEOUT_SECONDS) as answer:
            content: bytes = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            told = _told(error.read())
        kind = NotTracked if error.code == 404 else TrackingError
        raise kind(f"{server.url}: {told or f'HTTP status {error.code}'}") from error
    except (OSError, http.client.HTTPException) as error:
        raise TrackingError(f"{server.url} does not answer ({error})") from error
    return content


def _told(body: bytes) -> str:
    try:
        return str(json.loads(body)["errors"][0]["message"])
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
