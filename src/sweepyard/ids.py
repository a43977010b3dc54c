"""Identifiers: random ones for runs, sweeps, agents and keys, and the names that users may give."""

from __future__ import annotations

import re
import secrets
import string
from typing import Protocol

_ALPHABET = string.ascii_lowercase + string.digits
SHORT_ID_LENGTH = 8
_NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.\- ]{0,127}")
NAME_RULE = "{what} is 1 to 128 of A-Z a-z 0-9 _ . - and spaces, and does not begin with - or a space"
"""What `is_legal_name` asks for, said of `what`."""
_KEY_PREFIX = "local-"
_KEY_HEX_LENGTH = 40  # The wandb client accepts 40 or more of [A-Za-z0-9_-] behind the first "-".


class IdSource(Protocol):
    """Gives identifiers nobody can guess. Thread-safe."""

    def short(self) -> str:
        """Eight characters of [a-z0-9], as W&B names runs and sweeps."""

    def token(self) -> str:
        """A long secret, safe in URLs."""


class RandomIds:
    """Identifiers from the operating system's random source."""

    def short(self) -> str:
        return "".join(secrets.choice(_ALPHABET) for _ in range(SHORT_ID_LENGTH))

    def token(self) -> str:
        return secrets.token_urlsafe(32)


def new_api_key() -> str:
    """A fresh API key in the form that the wandb client accepts."""
    return _KEY_PREFIX + secrets.token_hex(_KEY_HEX_LENGTH // 2)


def is_legal_name(name: str) -> bool:
    """Whether `name` may name an entity, project, run or sweep: it is also a path segment of URLs."""
    return _NAME.fullmatch(name) is not None and name not in {".", ".."}
