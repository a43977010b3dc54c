"""Pictures of a user's own, PNG, JPEG or IDX, of any size and polarity, made to look like a data set's images.

A picture is turned to bright ink on black, its ink is scaled so that it fills the inner five sevenths of the
frame (20 of 28 pixels), and its centre of mass is moved to the frame's centre: what MNIST's authors did.
A picture that has the frame's size already, and is centred or fills the frame, is kept pixel for pixel.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from sweepyard.datasets.idx import looks_like_idx, read_idx
from sweepyard.errors import DataError

FRAME: Final = (28, 28)
LARGEST_FILE_BYTES: Final = 64 << 20
LARGEST_PIXELS: Final = 50_000_000

_BLACK, _WHITE = 0, 255
_FAINTEST_CONTRAST = 16  # Below, a picture is taken to be blank.
_PAPER_SHARE = 0.15  # Fainter than this share of the darkest ink is paper, shadow or noise of compression.
_INNER_SHARE = 20 / 28
_CENTRED_PIXELS = 1.5
_FILES, _UPLOADS = "PNG, JPEG or IDX", "PNG or JPEG"
_RESAMPLING: Final = Image.Resampling.BILINEAR  # Weighs all pixels under the target pixel, so thin lines survive.

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture, ready for a model.

    Attributes:
        name: The file's name, with the position where the file holds several pictures.
        position: Its place in the file, from 0.
        pixels: (height, width) uint8 of the frame's size, ink bright on black.
    """

    name: str
    position: int
    pixels: Pixels


@dataclass(frozen=True, slots=True, eq=False)
class PictureFile:
    """What a file of pictures holds.

    Attributes:
        pictures: Those that show something.
        faults: What is wrong with the others.
        count: How many there are, beyond a limit too.
    """

    pictures: tuple[Picture, ...]
    faults: tuple[DataError, ...]
    count: int


def read_pictures(path: Path, *, frame: tuple[int, int] = FRAME, limit: int | None = None) -> PictureFile:
    """Every picture of a file: one of a PNG or JPEG, all of an IDX file of images.

    Args:
        path: The file; its format is told from its content.
        frame: Height and width that the model takes, in pixels.
        limit: Only so many, the first ones; None for all.

    Raises:
        DataError: The file is missing, damaged, too large, animated or of another format.
    """
    if not path.is_file():
        raise DataError(f"a picture must be a file; received {path}, which is none")
    try:
        with path.open("rb") as stream:
            start = stream.read(16)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    if start[:2] == b"\x1f\x8b" or looks_like_idx(start):
        return _of_idx(path, frame, limit)
    size_bytes = path.stat().st_size
    if size_bytes > LARGEST_FILE_BYTES:
        raise DataError(f"{path}: a picture file has at most {LARGEST_FILE_BYTES} bytes; received {size_bytes}")
    with path.open("rb") as stream:
        grey = _decoded(stream, str(path), _FILES, LARGEST_PIXELS)
    return _readable([path.name], [grey], frame, 1)


def read_upload(name: str, content: bytes, *, frame: tuple[int, int], most_pixels: int) -> Pixels:
    """The picture that a PNG or JPEG file's content shows, as `read_pictures` would give it.

    Args:
        name: What messages call it.
        most_pixels: A larger picture is not decoded.

    Raises:
        DataError: It is damaged, too large, animated, blank or of another format.
    """
    grey = _decoded(io.BytesIO(content), name, _UPLOADS, most_pixels)
    try:
        return normalised(grey, frame)
    except DataError as error:
        raise DataError(f"{name}: {error}") from error


def png_bytes(pixels: Pixels) -> bytes:
    """A grey picture `(height, width)` as a PNG file."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def normalised(grey: Pixels, frame: tuple[int, int] = FRAME) -> Pixels:
    """One grey picture of any size and polarity as a data set's image.

    Args:
        grey: (height, width) uint8.
        frame: Height and width of the result, in pixels.

    Returns:
        (frame height, frame width) uint8, ink bright on black.

    Raises:
        DataError: The picture is blank.
    """
    if grey.size == 0 or int(grey.max()) - int(grey.min()) < _FAINTEST_CONTRAST:
        raise DataError("the picture is blank: its pixels are all nearly equally bright, whatever their colour")
    bright = _inverted(grey) if _is_dark_on_light(grey) else grey
    if grey.shape == frame and _is_in_place(bright):
        return bright
    ink = _without_paper(bright)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return _centred(_scaled(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], frame), frame)


def _of_idx(path: Path, frame: tuple[int, int], limit: int | None) -> PictureFile:
    array = read_idx(path)
    if array.dtype != np.uint8 or array.ndim not in (2, 3):
        raise DataError(
            f"{path}: an IDX file of pictures holds uint8 of shape (height, width) or (n, height, width); "
            f"received {array.dtype} {array.shape}"
        )
    images = array if array.ndim == 3 else array[np.newaxis]
    if images.size == 0:
        raise DataError(f"{path}: must hold at least one picture with pixels; received {array.shape}")
    names = [f"{path.name}[{position}]" for position in range(len(images))][:limit]
    if images.shape[1:] == frame:
        # A data set's own images stay as they are; only a whole file of dark ink on white is turned.
        border = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=None)
        kept = _inverted(images) if np.median(border) > _WHITE // 2 else images
        return PictureFile(tuple(map(Picture, names, range(len(names)), kept)), (), len(images))
    return _readable(names, images[:limit], frame, len(images))


def _readable(names: Sequence[str], images: Iterable[Pixels], frame: tuple[int, int], count: int) -> PictureFile:
    """These pictures, as a data set's images."""
    pictures, faults = [], []
    for position, (name, grey) in enumerate(zip(names, images, strict=True)):
        try:
            pictures.append(Picture(name, position, normalised(grey, frame)))
        except DataError as error:
            faults.append(DataError(f"{name}: {error}"))
    return PictureFile(tuple(pictures), tuple(faults), count)


def _decoded(stream: BinaryIO, name: str, kinds: str, most_pixels: int) -> Pixels:
    """The grey pixels of a PNG or JPEG, (height, width) uint8; `kinds` is what else messages say it may be."""
    try:
        with warnings.catch_warnings():
            # Pillow only warns of sizes that we refuse anyway, right below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(stream, formats=("PNG", "JPEG"))
        with image:
            _check(name, image, most_pixels)
            return _grey(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        stream.seek(0)
        start = stream.read(8)
        if not start:
            raise DataError(f"{name}: a picture must be {kinds}; received an empty file") from error
        found = "a GIF" if start.startswith(b"GIF8") else f"a file that begins with {start.hex(' ')}"
        raise DataError(f"{name}: a picture must be {kinds}; received {found}. Convert it to PNG") from error
    except Image.DecompressionBombError as error:
        raise DataError(f"{name}: a picture has at most {most_pixels} pixels; {error}") from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise DataError(f"{name}: the picture is damaged: {error}") from error


def _check(name: str, image: Image.Image, most_pixels: int) -> None:
    width, height = image.size
    if width * height > most_pixels:
        raise DataError(
            f"{name}: a picture has at most {most_pixels} pixels; received {width} x {height}. Make it smaller"
        )
    if getattr(image, "n_frames", 1) != 1:
        raise DataError(f"{name}: a picture must not be animated; received several frames. Save one frame as PNG")


def _grey(image: Image.Image) -> Pixels:
    if image.mode.startswith("I"):  # 16 bits a pixel
        return (np.asarray(image).astype(np.int64).clip(0, 0xFFFF) >> 8).astype(np.uint8)
    if "A" not in image.mode and "transparency" not in image.info:
        return np.asarray(image.convert("L"))
    with_alpha = np.asarray(image.convert("LA")).astype(np.float64)
    grey, opacity = with_alpha[..., 0], with_alpha[..., 1] / _WHITE
    # What is drawn on nothing is seen against the opposite: light ink against black, dark ink against white.
    drawn = opacity.sum()
    behind = _BLACK if drawn and (grey * opacity).sum() / drawn > _WHITE / 2 else _WHITE
    return (grey * opacity + behind * (1 - opacity)).round().astype(np.uint8)


def _is_dark_on_light(grey: Pixels) -> bool:
    """Whether the border, taken for background, is nearer to the brightest pixel than to the darkest."""
    background = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    darker, brighter = background - float(grey.min()), float(grey.max()) - background
    return darker > brighter


def _inverted(grey: Pixels) -> Pixels:
    return np.uint8(_WHITE) - grey


def _is_in_place(bright: Pixels) -> bool:
    """Whether the ink fills more than the inner frame, or has its centre of mass in the middle."""
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    height, width = bright.shape
    if rows[-1] - rows[0] >= height * _INNER_SHARE or columns[-1] - columns[0] >= width * _INNER_SHARE:
        return True
    row, column = _centre_of_mass(bright)
    return abs(row - _middle(height)) <= _CENTRED_PIXELS and abs(column - _middle(width)) <= _CENTRED_PIXELS


def _without_paper(bright: Pixels) -> NDArray[np.float32]:
    """Ink from 0 to 255, with the background and what is hardly brighter than it at exactly 0."""
    border = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    paper = np.float32(np.median(border))
    ink: NDArray[np.float32] = (bright.astype(np.float32) - paper) / np.float32(float(bright.max()) - paper)
    ink[ink < _PAPER_SHARE] = 0
    ink *= np.float32(_WHITE)
    return ink


def _scaled(ink: NDArray[np.float32], frame: tuple[int, int]) -> NDArray[np.float32]:
    """The ink's box, resized to fit the inner frame; its strongest pixel is white again afterwards."""
    factor = min(side * _INNER_SHARE / length for side, length in zip(frame, ink.shape, strict=True))
    height, width = (max(1, round(length * factor)) for length in ink.shape)
    resized = Image.fromarray(ink).resize((width, height), _RESAMPLING)
    pixels: NDArray[np.float32] = np.asarray(resized, dtype=np.float32).clip(0, None)
    pixels *= np.float32(_WHITE) / pixels.max()
    return pixels


def _centred(ink: NDArray[np.float32], frame: tuple[int, int]) -> Pixels:
    """The ink on a black frame, its centre of mass as near to the middle as is possible without cutting ink off."""
    canvas = np.zeros(frame, dtype=np.uint8)
    corner = [
        min(max(round(_middle(side) - centre), 0), side - length)
        for side, centre, length in zip(frame, _centre_of_mass(ink), ink.shape, strict=True)
    ]
    canvas[corner[0] : corner[0] + ink.shape[0], corner[1] : corner[1] + ink.shape[1]] = ink.round()
    return canvas


def _middle(side: int) -> float:
    """Where a centre of mass belongs, on average: MNIST's lie between 14 and 15 in a frame of 28."""
    return side / 2 + 0.5


def _centre_of_mass(ink: NDArray[np.float32] | Pixels) -> tuple[float, float]:
    """(row, column), in pixels from the upper left corner; a pixel's mass lies in its middle."""
    weights = ink.astype(np.float64)
    rows, columns = weights.sum(axis=1), weights.sum(axis=0)
    total = rows.sum()
    return (
        float((rows * (np.arange(len(rows)) + 0.5)).sum() / total),
        float((columns * (np.arange(len(columns)) + 0.5)).sum() / total),
    )
