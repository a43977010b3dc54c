"""Keys as HTTP's Basic authentication carries them: the password, whatever the user name."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from sweepyard.errors import Unauthenticated


def key_in(headers: Mapping[str, str], missing: str) -> str:
    """The key in a request's headers.

    Args:
        headers: By their names in small letters.
        missing: What to say where there is none.

    Raises:
        Unauthenticated: There is none.
    """
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise Unauthenticated(missing)
    try:
        _, _, key = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise Unauthenticated("the Authorization header is not of the form Basic base64(user:key)") from error
    if not key:
        raise Unauthenticated(missing)
    return key
