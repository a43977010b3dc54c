"""A saved model, served: the model, the server's process, and the predictions database if it is to store."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from sweepyard.errors import InvalidInput, Violation
from sweepyard.web.listening import Listening, check

if TYPE_CHECKING:
    from sweepyard.domain.classified import ModelVersion
    from sweepyard.services.predictions import PredictionsService


def check_access(listening: Listening, *, key: str | None, is_open: bool) -> None:
    """Refuse what would let others reach a model without protection that nobody has asked for.

    Raises:
        InvalidInput: With everything that is wrong.
    """
    from sweepyard.web.hosts import is_loopback

    violations: list[Violation] = []
    try:
        check(listening)
    except InvalidInput as error:
        violations.extend(error.violations)
    if (not is_loopback(listening.host) or listening.behind_proxy) and key is None and not is_open:
        rule = "a model that other machines can reach asks for a key, or is said to be open to everybody"
        violations.append(Violation(rule, "neither", "Give --key-file, or --open"))
    if violations:
        raise InvalidInput(violations)


def serve_model(
    path: Path,
    *,
    listening: Listening,
    key: str | None,
    predictions: PredictionsService | None,
    on_ready: Callable[[str, ModelVersion], None],
) -> None:
    """Serve the model in a file until told to stop (SIGTERM, SIGINT); the backend is loaded.

    Args:
        key: What requests must show; None where whoever reaches the server may use it.
        predictions: Where each request is stored; None where nothing is.
        on_ready: Called with the base URL once requests are answered.

    Raises:
        ModelFileError: The file is no model.
        PortTaken: The address is in use.
        HubError: It cannot be listened on.
    """
    import numpy as np

    from sweepyard.clock import SystemClock
    from sweepyard.serving.app import Serving, create_app
    from sweepyard.training import inference
    from sweepyard.web.serving import answer, listen

    with ExitStack() as stack:
        socket = stack.enter_context(listen(listening.host, listening.port))
        model = inference.load(path)
        for count in (1, 2, 3):  # The graph is built for one size and then for any, which takes its time.
            model.predict(np.zeros((count, *model.image_shape), np.uint8))
        serving = Serving(model, clock=SystemClock(), predictions=predictions)
        stack.callback(serving.close)
        addresses = listening.addresses(socket.getsockname()[1])
        url = addresses.public[0] if addresses.public else addresses.bound
        app = create_app(serving, addresses=addresses, key=key)
        answer(app, socket, listening, on_ready=lambda: on_ready(url, model.version))
