"""What a model's server answers, to programs and to people, and what it refuses."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.fakes.asking import Ask, asker
from tests.fakes.memory_predictions import MemoryPredictions
from tests.fakes.plain_model import PlainModel

from sweepyard.clock import SystemClock
from sweepyard.errors import StorageError
from sweepyard.services.predictions import PredictionsService
from sweepyard.serving import app as app_module
from sweepyard.serving import uploads
from sweepyard.serving.app import Serving, create_app
from sweepyard.serving.batching import Batching
from sweepyard.web.hosts import Addresses

PREDICT = "/api/predict"


class Away(MemoryPredictions):
    def add(self, batch: Any) -> Any:
        raise StorageError("the database on db.example is away: ann may not enter")


def doors(model: PlainModel, store: MemoryPredictions | None = None, key: str | None = None) -> Iterator[Ask]:
    predictions = PredictionsService(store) if store else None
    serving = Serving(model, clock=SystemClock(), predictions=predictions, batching=Batching(gather_seconds=0))
    yield asker(create_app(serving, addresses=Addresses("http://127.0.0.1:80"), key=key))
    serving.close()


@pytest.fixture
def model() -> PlainModel:
    return PlainModel()


@pytest.fixture
def ask(model: PlainModel) -> Iterator[Ask]:
    yield from doors(model)


@pytest.fixture
def store() -> MemoryPredictions:
    return MemoryPredictions()


@pytest.fixture
def storing(model: PlainModel, store: MemoryPredictions) -> Iterator[Ask]:
    yield from doors(model, store)


def drawn(ink: int = 0, paper: int = 255, size: tuple[int, int] = (90, 70)) -> np.ndarray:
    grey = np.full(size, paper, np.uint8)
    grey[20:70, 30:40] = ink
    return grey


def file(image: np.ndarray | Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    content = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(content, kind, **options)
    return content.getvalue()


def errors_of(answer: httpx.Response, status: int = 400) -> list[str]:
    assert answer.status_code == status, answer.text
    return [error["message"] for error in answer.json()["errors"]]


def test_one_picture_gives_one_answer_however_it_is_sent(ask: Ask) -> None:
    content = file(drawn())
    answers = [
        ask("POST", PREDICT, content=content),
        ask("POST", PREDICT, content=content, headers={"content-type": "image/png"}),
        ask("POST", PREDICT, files={"any": ("seven.png", content)}),
        ask("POST", PREDICT, json={"images": [drawn().tolist()]}),
        ask("POST", PREDICT, content=file(drawn(255, 0))),
        ask("POST", PREDICT, content=file(Image.fromarray(drawn()).convert("RGBA"))),
    ]
    found = []
    for answer in answers:
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert "stored" not in body
        assert body["model"] == "ab12cd34:9f3c9f3c"
        (prediction,) = body["predictions"]
        found.append((prediction["class"], prediction["probabilities"]))
    assert all(each == found[0] for each in found)
    assert sum(found[0][1].values()) == pytest.approx(1)
    assert [answer.json()["predictions"][0]["image"] for answer in answers[1:4]] == [
        "the body",
        "seven.png",
        "images[0]",
    ]


def test_several_pictures_are_answered_in_their_order(ask: Ask, model: PlainModel) -> None:
    files = [("images", (f"{place}.png", file(drawn(ink)))) for place, ink in enumerate((0, 60, 120))]
    body = ask("POST", PREDICT, files=files).json()
    assert [each["image"] for each in body["predictions"]] == ["0.png", "1.png", "2.png"]
    assert model.batches == [3]


def animated() -> bytes:
    frames = [Image.new("L", (9, 9), shade) for shade in (0, 90, 255)]
    return file(frames[0], "GIF", save_all=True, append_images=frames[1:])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a picture must be PNG or JPEG; received an empty file"),
        (b"plain text", "a picture must be PNG or JPEG; received a file that begins with 70 6c 61"),
        (animated(), "a picture must be PNG or JPEG; received a GIF. Convert it to PNG"),
        (file(drawn())[:60], "the picture is damaged"),
        (file(np.full((40, 40), 255, np.uint8)), "the picture is blank"),
        (file(np.zeros((4001, 4000), np.uint8)), "at most 16000000 pixels; received 4000 x 4001. Make it smaller"),
    ],
    ids=["empty", "text", "gif", "cut", "blank", "large"],
)
def test_what_is_no_picture_to_classify_is_told_with_its_name(ask: Ask, content: bytes, message: str) -> None:
    (found,) = errors_of(ask("POST", PREDICT, content=content))
    assert found.startswith("the body: ")
    assert message in found
    (named,) = errors_of(ask("POST", PREDICT, files={"f": ("wrong.png", content)}))
    assert named.startswith("wrong.png: ")


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_stored(
    storing: Ask, store: MemoryPredictions, model: PlainModel
) -> None:
    files = [("f", ("a.png", b"x")), ("f", ("b.png", file(drawn()))), ("f", ("c.gif", animated()))]
    assert [found[:6] for found in errors_of(storing("POST", PREDICT, files=files))] == ["a.png:", "c.gif:"]
    assert model.batches == []
    assert list(store.predictions()) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[", "JSON is"),
        (b"[1]", "JSON is"),
        (b"{}", "received the keys none"),
        (b'{"images": [], "model": 1}', "received the keys 'images', 'model'"),
        (b'{"images": []}', "a request brings 1 to 64 images; received 0"),
        (b'{"images": [[[1, 2], [3]]]}', "images[0]: an image is a list of rows of the same length"),
        (b'{"images": [[["a"]]]}', "received str32 of shape (1, 1)"),
        (b'{"images": [[[true]]]}', "received bool"),
        (b'{"images": [[[0.5]]]}', "received float64"),
        (b'{"images": [[[0, 256]]]}', "received 0 to 256"),
        (b'{"images": [[[1e400]]]}', "images[0]: an image is a list"),
        (b'{"images": [[]]}', "received float64 of shape (0,)"),
        (b'{"images": [' + b"[" * 100_000, "nested at most 128 deep"),
    ],
)
def test_json_that_is_no_image_is_told(ask: Ask, body: bytes, message: str) -> None:
    (found,) = errors_of(ask("POST", PREDICT, content=body, headers={"content-type": "application/json"}))
    assert message in found


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, "Missing boundary"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=y"}}, "well-formed"),
        ({"files": {"true": (None, "7")}}, "whose fields are files"),
        ({"files": {"f": ("", b"")}}, "whose fields are files|1 to 64 images; received 0"),
        ({"files": [("f", (f"{place}", b"x")) for place in range(65)]}, "Too many files"),
    ],
)
def test_a_form_that_brings_no_images_is_told(ask: Ask, request_: dict[str, Any], message: str) -> None:
    (found,) = errors_of(ask("POST", PREDICT, **request_))
    assert re.search(message, found)


FILE = b'--y\r\nContent-Disposition: form-data; name="f"; filename="f.png"\r\n\r\n'


def test_a_form_that_breaks_off_is_refused_whole(ask: Ask) -> None:
    form = {"content-type": "multipart/form-data; boundary=y"}
    for rest in (b"", b"\r\n--y", b"\r\n" + FILE, b"\r\n" + FILE + file(drawn())[:40]):
        answer = ask("POST", PREDICT, content=FILE + file(drawn()) + rest, headers=form)
        assert "received a form that breaks off" in errors_of(answer)[0]
    assert ask("POST", PREDICT, content=FILE + file(drawn()) + b"\r\n--y--\r\n", headers=form).status_code == 200


@given(
    kind=st.sampled_from(["image/png", "application/json", "multipart/form-data; boundary=y"])
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40).map("multipart/form-data; {}".format),
    start=st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b'{"images": [', b"--y\r\n", FILE]),
    content=st.binary(max_size=200),
    end=st.sampled_from([b"", b"]}", b"\r\n--y--\r\n"]),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_in_is_answered_and_never_as_a_fault_of_the_server(
    ask: Ask, kind: str, start: bytes, content: bytes, end: bytes
) -> None:
    errors_of(ask("POST", PREDICT, content=start + content + end, headers={"content-type": kind}))


async def endless(start: bytes) -> AsyncIterator[bytes]:
    yield start
    for _ in range(1000):
        yield bytes(1000)


@pytest.mark.parametrize(
    ("kind", "start"),
    [("image/png", b""), ("application/json", b""), ("multipart/form-data; boundary=y", FILE)],
)
def test_a_body_that_is_too_large_is_refused_whether_announced_or_not(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, kind: str, start: bytes
) -> None:
    monkeypatch.setattr(uploads, "MAX_BODY_BYTES", 100_000)
    for content in (endless(start), start + bytes(100_001)):
        answer = ask("POST", PREDICT, content=content, headers={"content-type": kind})
        assert "at most 100000 bytes" in errors_of(answer, 413)[0]


def test_more_requests_than_can_be_read_are_told_to_come_again(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "_MOST_REQUESTS", 0)
    answer = ask("POST", PREDICT, content=file(drawn()))
    assert "at most 0 requests" in errors_of(answer, 503)[0]
    assert answer.headers["retry-after"] == "1"
    page = ask("POST", "/", files={"images": ("a.png", file(drawn()))})
    assert (page.status_code, page.headers["retry-after"]) == (503, "1")
    assert "at most 0 requests" in page.text


def test_each_image_is_stored_once(storing: Ask, store: MemoryPredictions) -> None:
    for _ in range(2):
        assert storing("POST", PREDICT, content=file(drawn())).json()["stored"] is True
    assert "is stored, with the answer" in storing("GET", "/").text
    assert len(list(store.predictions())) == 1


def test_an_answer_that_was_not_stored_says_so_and_so_does_health(model: PlainModel) -> None:
    for ask in doors(model, Away()):
        assert ask("GET", "/healthz").json()["status"] == "ok"
        body = ask("POST", PREDICT, content=file(drawn())).json()
        assert body["predictions"][0]["probabilities"]
        assert body["stored"] is False
        assert "log" in body["problem"]
        assert "ann" not in body["problem"]
        health = ask("GET", "/healthz").json()
        assert health["status"] == "not storing"
        assert health["since"]
        page = ask("POST", "/", files={"images": ("a.png", file(drawn()))})
        assert page.status_code == 200
        assert "The answer was not stored" in page.text
        assert b"sweepyard_predictions_not_stored_total 2.0" in ask("GET", "/metrics").content


def test_a_fault_of_the_model_is_logged_and_not_told(ask: Ask, model: PlainModel) -> None:
    model.fault = ValueError("secret")
    (found,) = errors_of(ask("POST", PREDICT, content=file(drawn())), 500)
    assert found == "the server failed at this; its log says how"
    assert ask("POST", PREDICT, content=file(drawn())).status_code == 200


def test_the_page_shows_what_was_seen_and_escapes_what_was_sent(ask: Ask) -> None:
    page = ask("POST", "/", files={"images": ('"><script>x</script>.png', file(drawn()))})
    assert page.status_code == 200
    assert "<script>x" not in page.text
    assert "<b>grey" not in page.text
    assert "&lt;b&gt;grey&lt;/b&gt;" in page.text
    assert page.text.count("<tr") == 4
    seen = re.search(r'src="data:image/png;base64,([^"]+)"', page.text)
    assert seen
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert " style=" not in page.text


def test_people_are_told_on_the_page(ask: Ask) -> None:
    page = ask("POST", "/", files=[("images", ("a.png", b"x")), ("images", ("b.png", b""))])
    assert page.status_code == 400
    assert page.headers["content-type"].startswith("text/html")
    assert page.text.count('role="alert"') == 2
    missing = ask("GET", "/nosuch", headers={"accept": "text/html"})
    assert missing.status_code == 404
    assert "there is no such page" in missing.text
    assert errors_of(ask("GET", "/nosuch"), 404) == ["Not Found: GET /nosuch"]


def test_static_files_are_served_under_their_version(ask: Ask) -> None:
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', ask("GET", "/").text)
    assert len(addresses) == 6
    for address in addresses:
        answer = ask("GET", address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


def test_the_model_is_described(ask: Ask) -> None:
    body = ask("GET", "/api/model").json()
    assert body["classes"] == ["dark", "<b>grey</b>", "bright"]
    assert body["image_shape"] == [28, 28]
    assert (body["run"], body["stores"]) == ("ab12cd34", False)


def test_figures_count_requests_and_batches_by_route_alone(ask: Ask) -> None:
    ask("POST", PREDICT, content=file(drawn()))
    ask("POST", PREDICT, content=b"x")
    ask("GET", "/made/up")
    ask("PURGE", "/made/up/too")
    answer = ask("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in (
        'sweepyard_requests_total{method="POST",route="/api/predict",status="200"} 1.0',
        'sweepyard_requests_total{method="POST",route="/api/predict",status="400"} 1.0',
        'sweepyard_requests_total{method="GET",route="other",status="404"} 1.0',
        'sweepyard_requests_total{method="other",route="other",status="404"} 1.0',
        'sweepyard_request_seconds_count{route="/api/predict"} 2.0',
        "sweepyard_batch_images_sum 1.0",
        "sweepyard_images_under_way 0.0",
    ):
        assert line in answer.text.splitlines()
    assert "made" not in answer.text


def test_other_names_and_other_sites_are_refused(ask: Ask) -> None:
    assert ask("GET", "/", headers={"host": "evil.example"}).status_code == 421
    other = ask("POST", PREDICT, content=file(drawn()), headers={"origin": "http://evil.example"})
    assert errors_of(other, 403)
    own = ask("POST", PREDICT, content=file(drawn()), headers={"origin": "http://127.0.0.1", "host": "127.0.0.1"})
    assert own.status_code == 200


def test_a_key_opens_everything_and_without_it_only_health_answers(model: PlainModel) -> None:
    for ask in doors(model, key="s3cret"):
        for path in ("/", "/api/model", "/metrics", "/static/x"):
            refused = ask("GET", path)
            assert "key is needed" in errors_of(refused, 401)[0]
            assert refused.headers["www-authenticate"].startswith("Basic")
        assert errors_of(ask("GET", "/", auth=("any", "wrong")), 401) == ["this is not the server's key"]
        assert errors_of(ask("GET", "/", headers={"authorization": "Basic ?"}), 401)
        assert ask("GET", "/healthz").status_code == 200
        assert ask("GET", "/", auth=("any", "s3cret")).status_code == 200
        page = ask("POST", "/", auth=("any", "s3cret"), files={"images": ("a.png", b"x")})
        assert "must be PNG or JPEG" in page.text
