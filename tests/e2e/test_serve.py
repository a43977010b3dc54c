"""A real model behind a real server process."""

from __future__ import annotations

import io
import json
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.parts.model_server import serving_model

from sweepyard.storage.predictions.opening import open_predictions

pytestmark = pytest.mark.slow

_REQUESTS = 24


def drawing(place: int) -> bytes:
    """A picture of two strokes, the second one at another place each."""
    grey = np.full((120, 90), 250, np.uint8)
    grey[20:100, 30:38] = 10
    grey[20 + 3 * place : 28 + 3 * place, 30:70] = 10
    content = io.BytesIO()
    Image.fromarray(grey).save(content, "PNG")
    return content.getvalue()


def test_a_model_is_served_stored_and_stopped(commands, tiny, tmp_path: Path) -> None:
    trained = commands.run("train", *tiny, "tracking=disabled")
    assert trained.returncode == 0, trained.stderr
    (model,) = commands.folder.glob("outputs/*/*/model.keras")
    for place in range(_REQUESTS):
        (commands.folder / f"{place}.png").write_bytes(drawing(place))
    store = f"sqlite:///{tmp_path}/predictions.db"

    with (
        serving_model(model, "--store", store, environ=commands.environ) as server,
        server.http() as http,
        ThreadPoolExecutor(_REQUESTS) as pool,
    ):
        # The same as `predict` says, though requests that come together share batches.
        listed = commands.run("predict", str(model), *(f"{place}.png" for place in range(_REQUESTS)), "--json")
        expected = [each["probabilities"] for each in json.loads(listed.stdout)]

        def ask(place: int) -> dict[str, object]:
            answer = http.post("/api/predict", content=drawing(place))
            assert answer.status_code == 200, answer.text
            body = answer.json()
            assert (body["model"], body["stored"]) == (server.name, True)
            return body["predictions"][0]["probabilities"]  # type: ignore[no-any-return]

        for _ in range(2):
            for found, wanted in zip(pool.map(ask, range(_REQUESTS)), expected, strict=True):
                assert found == pytest.approx(wanted, abs=1e-5)
        figures = dict(line.rsplit(" ", 1) for line in http.get("/metrics").text.splitlines() if line[0] != "#")
        assert float(figures["sweepyard_batch_images_sum"]) == 2 * _REQUESTS
        assert float(figures["sweepyard_batch_images_count"]) < 2 * _REQUESTS
        page = http.post("/", files={"images": ("a.png", drawing(0))}, headers={"accept": "text/html"})
        assert "as the model sees it" in page.text
        stored = open_predictions(tmp_path, store, to_store=False)
        assert len(list(stored.predictions())) == _REQUESTS
        stored.close()

        taken = commands.run("serve", str(model), "--port", server.url.rsplit(":", 1)[1])
        assert taken.returncode == 1
        assert "is in use by another program" in taken.stderr
        assert "--key-file, or --open" in commands.run("serve", str(model), "--behind-proxy").stderr
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))) != 0

    interrupted = commands.start("serve", str(model), "--port", "0")
    assert interrupted.stdout.readline().startswith(f"The model {server.name} answers at http://127.0.0.1:")
    interrupted.send_signal(signal.SIGINT)
    _, told = interrupted.communicate(timeout=30)
    assert interrupted.returncode == 0
    assert "closing: received SIGINT" in told
    assert "Traceback" not in told
