"""A server that a push reads or writes, asked through the W&B client's API; its refusals become errors of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import requests
import wandb
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from sweepyard.domain.run import RunPath
from sweepyard.errors import NotTracked, TrackingError
from sweepyard.tracking.reader import Reader

PAGE = 200
_Answer = TypeVar("_Answer")


class Connection:
    """What a server is asked through.

    Attributes:
        url: The server's base URL.
        api: The client's public API; `service` is what its own public classes send through.
    """

    def __init__(self, reader: Reader) -> None:
        self.url = reader.url
        self.api: Any = reader.api
        self.service: Any = reader.api._service_api

    def query(self, query: str, variables: dict[str, Any], what: str) -> dict[str, Any]:
        """The answer to a GraphQL request; errors say that it was for `what`.

        Raises:
            NotTracked: There is no such thing.
            TrackingError: The server is away or refuses.
        """
        answer: dict[str, Any] = self.ask(lambda: self.service.execute_graphql(query, variables), what)
        return answer

    def ask(self, ask: Callable[[], _Answer], what: str) -> _Answer:
        """What `ask` gives, which asks through the client; raises as `query`."""
        try:
            return ask()
        except (wandb.Error, WandbApiFailedError, requests.RequestException, ValueError, TimeoutError) as error:
            if "not find" in str(error).lower() or "not found" in str(error).lower():
                raise NotTracked(f"{self.url} has no {what.removeprefix('the ')}: {error}") from error
            raise TrackingError(f"{self.url} must answer for {what}; the W&B client says: {error}") from error

    def run(self, path: RunPath) -> Any:
        """The client's own run, asked for anew."""
        self.api.flush()  # the client would answer from its memory
        return self.api.run(str(path))

    def lines(self, path: RunPath, read: Callable[[Any], Iterator[_Answer]], what: str) -> Iterator[_Answer]:
        """What `read` gives of the client's run, one by one; raises as `query`."""
        lines = self.ask(lambda: read(self.run(path)), f"the {what} of {path}")
        end = object()
        while (line := self.ask(lambda: next(lines, end), f"the {what} of {path}")) is not end:
            yield line  # type: ignore[misc]
