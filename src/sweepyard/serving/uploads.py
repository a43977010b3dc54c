"""Images as requests bring them: a picture as it is, a form with files, or pixels as JSON; within limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from sweepyard.datasets.pictures import normalised, read_upload
from sweepyard.errors import DataError, RequestInvalid, Violation
from sweepyard.jsonvalue import JsonValue, loads_object
from sweepyard.serving.model import Images
from sweepyard.web.bodies import pieces_of, read_body

MAX_BODY_BYTES = 16 << 20
MAX_IMAGES = 64
MAX_PIXELS = 16_000_000
_LONGEST_NAME = 80
_WHITE = 255


@dataclass(frozen=True, slots=True)
class Upload:
    """One image as it was sent.

    Attributes:
        name: What answers call it.
        content: A picture file's bytes, or what should be rows of pixels.
    """

    name: str
    content: bytes | JsonValue


async def uploads_of(request: Request) -> list[Upload]:
    """The images of a request, as sent; one at least.

    Raises:
        BodyTooLarge, BodyTooSlow, RequestInvalid: Of it, or of its form; nothing is kept.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    match kind:
        case "multipart/form-data":
            uploads = await _of_form(request)
        case "application/json":
            # Elsewhere, since a long one would keep all other requests waiting.
            uploads = await run_in_threadpool(_of_json, await read_body(request, MAX_BODY_BYTES))
        case _:  # Whatever it is called, its content tells what it is.
            uploads = [Upload("the body", await read_body(request, MAX_BODY_BYTES))]
    if not 1 <= len(uploads) <= MAX_IMAGES:
        raise RequestInvalid([Violation(f"a request brings 1 to {MAX_IMAGES} images", str(len(uploads)))])
    return uploads


def prepared(uploads: Sequence[Upload], frame: tuple[int, int]) -> Images:
    """The images as the model takes them, all or none.

    Args:
        frame: Height and width that the model takes, in pixels.

    Raises:
        RequestInvalid: With everything that is wrong with any of them.
    """
    found, faults = [], []
    for upload in uploads:
        try:
            found.append(_pixels(upload, frame))
        except DataError as error:
            faults.append(Violation(str(error)))
    if faults:
        raise RequestInvalid(faults)
    return np.stack(found)


def _pixels(upload: Upload, frame: tuple[int, int]) -> NDArray[np.uint8]:
    if isinstance(upload.content, bytes):
        return read_upload(upload.name, upload.content, frame=frame, most_pixels=MAX_PIXELS)
    try:
        return normalised(_grey(upload.content), frame)
    except DataError as error:
        raise DataError(f"{upload.name}: {error}") from error


def _grey(rows: JsonValue) -> NDArray[np.uint8]:
    rule = f"an image is a list of rows of the same length, each a list of whole numbers from 0 to {_WHITE}"
    try:
        array = np.array(rows)
    except (ValueError, OverflowError) as error:  # rows of different lengths
        raise DataError(f"{rule}; received rows that make no rectangle") from error
    if array.ndim != 2 or array.dtype.kind not in "iu" or not array.size:
        raise DataError(f"{rule}; received {array.dtype.name} of shape {array.shape}")
    if array.min() < 0 or array.max() > _WHITE:
        raise DataError(f"{rule}; received {array.min()} to {array.max()}")
    return array.astype(np.uint8)


def _of_json(body: bytes) -> list[Upload]:
    rule = 'JSON is {"images": [image, ...]}, an image a list of rows of pixels'
    try:
        values = loads_object(body)
    except ValueError as error:
        raise RequestInvalid([Violation(rule, str(error))]) from error
    images = values.get("images")
    if not isinstance(images, list) or len(values) > 1:
        raise RequestInvalid([Violation(rule, f"the keys {', '.join(map(repr, sorted(values)))[:200] or 'none'}")])
    return [Upload(f"images[{place}]", image) for place, image in enumerate(images)]


class _InMemory(MultiPartParser):
    """Keeps what is sent off the disk: all of it is no more than `MAX_BODY_BYTES`."""

    spool_max_size = MAX_BODY_BYTES
    is_whole = False

    def on_end(self) -> None:
        """The form's last boundary has come: what broke off before it would be left out without a word."""
        self.is_whole = True

    def close(self) -> None:
        """Let go of every file, of those that broke off too."""
        for file in self._files_to_close_on_error:
            file.close()


async def _of_form(request: Request) -> list[Upload]:
    parser = _InMemory(request.headers, pieces_of(request, MAX_BODY_BYTES), max_files=MAX_IMAGES, max_fields=0)
    try:
        form = await parser.parse()
        if not parser.is_whole:
            raise MultiPartException("a form that breaks off")
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        # A form that is sent without choosing files has one without name and content.
        return [Upload(_name(file), await file.read()) for file in files if file.filename or file.size]
    except MultiPartException as error:
        rule = "a form is well-formed multipart/form-data whose fields are files"
        raise RequestInvalid([Violation(rule, error.message)]) from error
    finally:
        parser.close()


def _name(file: UploadFile) -> str:
    return (file.filename or "")[:_LONGEST_NAME] or "an image without a name"
