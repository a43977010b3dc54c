"""Who asks: an API key by Basic authentication, as W&B's client sends it, or a session of the pages."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from sweepyard.domain.access import Actor
from sweepyard.errors import Forbidden, Unauthenticated
from sweepyard.hub.http.signing import Signer
from sweepyard.services.access import AccessService, digest_of_key
from sweepyard.web.basic import key_in

SESSION_COOKIE = "sweepyard_session"
SESSION_LIFETIME = timedelta(days=7)
_NO_KEY = 'an API key is needed: `wandb login --host URL`, or `eval "$(sweepyard hub env)"`'


def key_of(request: Request) -> str:
    """The API key that a request carries: the password of Basic authentication, whatever the user name.

    Raises:
        Unauthenticated: It carries none.
    """
    return key_in(request.headers, _NO_KEY)


class Sessions:
    """Sessions of people at the pages: a signed cookie that is worth as much as the key it was opened with."""

    def __init__(self, access: AccessService, signer: Signer) -> None:
        self._access = access
        self._signer = signer

    def open(self, response: Response, key: str, *, secure: bool) -> None:
        """Put a session into a response.

        Raises:
            Unauthenticated: The key is nobody's.
        """
        self._access.authenticate(key)
        token = self._signer.sign({"key": digest_of_key(key)}, SESSION_LIFETIME)
        response.set_cookie(
            SESSION_COOKIE,
            token,
            max_age=int(SESSION_LIFETIME.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=secure,
        )

    def close(self, response: Response) -> None:
        """Take the session out of the browser."""
        response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")

    def actor_of(self, request: Request) -> Actor:
        """Who sits at the browser.

        Raises:
            Unauthenticated: There is no session, it is too old, or its key was revoked.
        """
        try:
            claims = self._signer.verify(request.cookies.get(SESSION_COOKIE, ""))
        except Forbidden as error:
            raise Unauthenticated(str(error)) from error
        return self._access.authenticate_digest(str(claims.get("key", "")))

    def reader_of(self, request: Request) -> Actor:
        """Who asks to read a file: by key, or else by session.

        Raises:
            Unauthenticated: Nobody whom the hub knows.
        """
        if "authorization" in request.headers:
            return self._access.authenticate(key_of(request))
        return self.actor_of(request)
