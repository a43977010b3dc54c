"""Pictures of any size, format and polarity become MNIST-like images; wrong files get a clear error."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from sweepyard.config.schema import DataConfig
from sweepyard.datasets import pictures
from sweepyard.datasets.idx import write_idx
from sweepyard.datasets.loading import load
from sweepyard.datasets.pictures import Picture, normalised, read_pictures
from sweepyard.errors import DataError, IdxInvalid
from sweepyard.settings import Settings

BLANK = "the picture is blank: its pixels are all nearly equally bright, whatever their colour"


def pictures_of(path: Path) -> tuple[Picture, ...]:
    """The pictures of a file all of whose pictures show something."""
    read = read_pictures(path)
    assert read.faults == ()
    return read.pictures


def seven(height: int, width: int, *, top: int, left: int, side: int, ink: int = 0, paper: int = 255) -> np.ndarray:
    """A seven of `side` pixels, drawn on a sheet."""
    sheet = np.full((height, width), paper, np.uint8)
    pen = max(1, side // 8)
    sheet[top : top + pen, left : left + side // 2] = ink
    for row in range(side):
        column = left + side // 2 - pen - row // 3
        sheet[top + row, max(left, column) : column + pen] = ink
    return sheet


def centre_of(pixels: np.ndarray) -> tuple[float, float]:
    rows, columns = np.indices(pixels.shape)
    return tuple(float((axis * pixels.astype(float)).sum() / pixels.sum()) for axis in (rows, columns))


def box_of(pixels: np.ndarray) -> tuple[int, int]:
    return tuple(int(np.ptp(np.flatnonzero(pixels.any(axis=axis)))) + 1 for axis in (1, 0))


def save(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


@given(
    side=st.integers(24, 160),
    top=st.integers(1, 90),
    left=st.integers(1, 90),
    colours=st.sampled_from([(0, 255), (255, 0), (40, 220), (230, 90), (20, 120)]),
)
@settings(deadline=None, max_examples=60)
def test_any_size_place_and_polarity_gives_nearly_the_same(
    side: int, top: int, left: int, colours: tuple[int, int]
) -> None:
    ink, paper = colours
    sheet = seven(top + side + 30, left + side + 40, top=top, left=left, side=side, ink=ink, paper=paper)
    made = normalised(sheet)
    assert made.shape == (28, 28)
    assert made.dtype == np.uint8
    assert made.max() == 255
    assert made[0].max() == made[-1].max() == made[:, 0].max() == made[:, -1].max() == 0
    assert max(box_of(made)) == 20
    assert centre_of(made) == pytest.approx((14, 14), abs=0.51)
    np.testing.assert_array_equal(made, normalised(255 - sheet))


def test_a_digit_of_mnist_survives_enlarging_and_inverting(tmp_path: Path) -> None:
    digits = load(DataConfig(), Settings(home=tmp_path, cache=tmp_path)).test.images[:60]
    likeness = []
    for digit in digits:
        np.testing.assert_array_equal(normalised(digit), digit)
        np.testing.assert_array_equal(normalised(255 - digit), digit)
        large = np.asarray(Image.fromarray(255 - digit).resize((280, 280), Image.Resampling.BICUBIC))
        back = normalised(np.pad(large, ((50, 10), (0, 90)), constant_values=255))
        likeness.append(np.corrcoef(back.ravel(), digit.ravel())[0, 1])
    assert np.mean(likeness) > 0.93


def test_a_small_picture_out_of_place_is_moved() -> None:
    assert centre_of(normalised(seven(28, 28, top=0, left=0, side=12))) == pytest.approx((14, 14), abs=0.51)


def test_a_picture_that_fills_its_frame_is_kept() -> None:
    shirt = np.zeros((28, 28), np.uint8)
    shirt[0:27, 4:24] = 180
    np.testing.assert_array_equal(normalised(shirt), shirt)


def test_grey_paper_and_noise_are_not_ink() -> None:
    sheet = seven(100, 100, top=20, left=20, side=60, ink=10, paper=200)
    noise = np.random.default_rng(0).integers(-12, 13, sheet.shape)
    noisy = (sheet + noise).clip(0, 255).astype(np.uint8)
    assert np.abs(normalised(noisy).astype(int) - normalised(sheet)).mean() < 5


def test_ink_is_never_cut_off() -> None:
    # All mass at one end: the centre of mass would push the other end out of the frame.
    sheet = np.zeros((100, 100), np.uint8)
    sheet[10:30, 10:90] = 255
    sheet[10:90, 10:12] = 255
    assert box_of(normalised(sheet)) == (20, 20)


def test_other_frames_have_the_same_margins() -> None:
    made = normalised(seven(90, 90, top=9, left=9, side=70), (56, 42))
    assert made.shape == (56, 42)
    assert box_of(made)[0] in range(38, 42)


@pytest.mark.parametrize("grey", [np.full((9, 9), 200, np.uint8), np.zeros((0, 4), np.uint8)])
def test_blank_pictures_are_refused(grey: np.ndarray) -> None:
    with pytest.raises(DataError, match="the picture is blank"):
        normalised(grey)


class TestFormats:
    sheet = seven(120, 90, top=30, left=20, side=50)

    @pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "LA", "I;16"])
    def test_every_kind_of_png_gives_the_same(self, tmp_path: Path, mode: str) -> None:
        image = Image.fromarray(self.sheet)
        image = Image.fromarray(self.sheet.astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
        (picture,) = pictures_of(save(tmp_path / "seven.png", image))
        assert picture.name == "seven.png"
        np.testing.assert_array_equal(picture.pixels, normalised(self.sheet))

    @pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
    def test_jpeg_gives_nearly_the_same(self, tmp_path: Path, mode: str) -> None:
        image = Image.fromarray(self.sheet).convert("RGB").convert(mode)
        (picture,) = pictures_of(save(tmp_path / "seven.jpg", image, quality=90))
        assert np.abs(picture.pixels.astype(int) - normalised(self.sheet)).mean() < 6

    def test_the_format_is_told_from_the_content(self, tmp_path: Path) -> None:
        path = save(tmp_path / "seven.png", Image.fromarray(self.sheet)).rename(tmp_path / "seven.jpg")
        np.testing.assert_array_equal(pictures_of(path)[0].pixels, normalised(self.sheet))

    def test_a_photo_is_turned_as_its_camera_says(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned by 90 degrees, clockwise
        lying = Image.fromarray(np.rot90(self.sheet).copy())
        (picture,) = pictures_of(save(tmp_path / "photo.png", lying, exif=exif))
        np.testing.assert_array_equal(picture.pixels, normalised(self.sheet))

    @pytest.mark.parametrize("ink", [0, 255])
    def test_transparency_is_background_for_dark_and_light_ink(self, tmp_path: Path, ink: int) -> None:
        drawn = 255 - self.sheet
        image = Image.merge("LA", [Image.new("L", (90, 120), ink), Image.fromarray(drawn)])
        (picture,) = pictures_of(save(tmp_path / "drawn.png", image))
        np.testing.assert_array_equal(picture.pixels, normalised(self.sheet))

    def test_a_transparent_colour_is_background(self, tmp_path: Path) -> None:
        image = Image.fromarray(np.where(self.sheet == 0, np.uint8(30), np.uint8(77)))
        (picture,) = pictures_of(save(tmp_path / "drawn.png", image, transparency=77))
        np.testing.assert_array_equal(picture.pixels, normalised(self.sheet))

    def test_nothing_but_transparency_is_blank(self, tmp_path: Path) -> None:
        read = read_pictures(save(tmp_path / "empty.png", Image.new("RGBA", (30, 30), (0, 0, 0, 0))))
        assert read.pictures == ()
        assert [str(fault) for fault in read.faults] == [f"empty.png: {BLANK}"]

    def test_colours_that_are_equally_bright_are_blank_and_told_to_be(self, tmp_path: Path) -> None:
        green, red = (0, 130, 0), (255, 0, 0)
        image = Image.new("RGB", (60, 60), green)
        image.paste(red, (20, 10, 40, 50))
        assert [str(fault) for fault in read_pictures(save(tmp_path / "red.png", image)).faults] == [
            f"red.png: {BLANK}"
        ]


class TestIdxFiles:
    def test_a_data_set_s_own_images_are_kept(self, tmp_path: Path) -> None:
        images = np.zeros((3, 28, 28), np.uint8)
        images[:, 3:9, 5:7] = 99
        write_idx(tmp_path / "images.gz", images)
        made = pictures_of(tmp_path / "images.gz")
        assert [picture.name for picture in made] == ["images.gz[0]", "images.gz[1]", "images.gz[2]"]
        np.testing.assert_array_equal(np.stack([picture.pixels for picture in made]), images)

    def test_dark_ink_is_turned_for_the_whole_file(self, tmp_path: Path) -> None:
        images = np.zeros((3, 28, 28), np.uint8)
        images[:, 3:9, 5:7] = 99
        write_idx(tmp_path / "images", 255 - images)
        made = np.stack([picture.pixels for picture in pictures_of(tmp_path / "images")])
        np.testing.assert_array_equal(made, images)

    def test_one_image_of_another_size(self, tmp_path: Path) -> None:
        sheet = seven(60, 50, top=5, left=5, side=40)
        write_idx(tmp_path / "image", sheet)
        (picture,) = pictures_of(tmp_path / "image")
        np.testing.assert_array_equal(picture.pixels, normalised(sheet))

    @pytest.mark.parametrize(
        ("array", "message"),
        [
            (np.zeros(5, np.uint8), r"\(n, height, width\); received uint8 \(5,\)"),
            (np.zeros((2, 5, 5), np.int16), "received int16"),
            (np.zeros((0, 28, 28), np.uint8), "at least one picture"),
        ],
    )
    def test_other_idx_files_are_refused(self, tmp_path: Path, array: np.ndarray, message: str) -> None:
        write_idx(tmp_path / "images", array)
        with pytest.raises(DataError, match=message):
            pictures_of(tmp_path / "images")

    def test_blank_pictures_are_told_and_the_others_are_read(self, tmp_path: Path) -> None:
        images = np.zeros((4, 40, 40), np.uint8)
        for place in (1, 3):
            images[place] = seven(40, 40, top=9, left=9, side=20)
        write_idx(tmp_path / "images", images)
        for limit, there, blank in ((None, [1, 3], [0, 2]), (3, [1], [0, 2]), (1, [], [0])):
            read = read_pictures(tmp_path / "images", limit=limit)
            assert [(picture.name, picture.position) for picture in read.pictures] == [
                (f"images[{place}]", place) for place in there
            ]
            assert [str(fault) for fault in read.faults] == [f"images[{place}]: {BLANK}" for place in blank]

    def test_a_truncated_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "images").write_bytes(b"\0\0\x08\x03" + bytes(11))
        with pytest.raises(IdxInvalid, match="truncated"):
            pictures_of(tmp_path / "images")


def png_claiming(width: int, height: int) -> bytes:
    """A tiny PNG whose header claims a large picture."""
    stream = io.BytesIO()
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\0\0\0\0"
    PngImagePlugin.putchunk(stream, b"IHDR", header)
    PngImagePlugin.putchunk(stream, b"IDAT", zlib.compress(bytes(100)))
    PngImagePlugin.putchunk(stream, b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + stream.getvalue()


def animated(kind: str) -> bytes:
    stream = io.BytesIO()
    frames = [Image.new("L", (9, 9), shade) for shade in (0, 90, 255)]
    frames[0].save(stream, kind, save_all=True, append_images=frames[1:])
    return stream.getvalue()


def cut_png() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 60)).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()[:900]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda: b"", "must be PNG, JPEG or IDX; received an empty file"),
        (lambda: b"%PDF-1.7 and so on", "must be PNG, JPEG or IDX; received a file that begins with 25 50 44 46"),
        (lambda: animated("GIF"), "received a GIF"),
        (lambda: animated("PNG"), "must not be animated"),
        (cut_png, "the picture is damaged"),
        (lambda: cut_png()[:20], "must be PNG, JPEG or IDX|damaged"),
        (lambda: png_claiming(8000, 8000), "at most 50000000 pixels; received 8000 x 8000"),
        (lambda: png_claiming(10_000, 10_000), "at most 50000000 pixels"),
        (lambda: png_claiming(60_000, 60_000), "at most 50000000 pixels"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, content: Callable[[], bytes], message: str) -> None:
    path = tmp_path / "wrong.png"
    path.write_bytes(content())
    with pytest.raises(DataError, match=message) as caught:
        pictures_of(path)
    assert "wrong.png" in str(caught.value)


def test_huge_files_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "LARGEST_FILE_BYTES", 100)
    path = save(tmp_path / "large.png", Image.fromarray(seven(90, 90, top=9, left=9, side=50)))
    with pytest.raises(DataError, match=r"large\.png: a picture file has at most 100 bytes"):
        pictures_of(path)


@pytest.mark.parametrize("name", ["nothing.png", "."])
def test_what_is_no_file_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="a picture must be a file"):
        pictures_of(tmp_path / name)


@given(
    content=st.binary(max_size=200), start=st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a"])
)
@settings(deadline=None)
def test_random_bytes_never_get_past_the_door(
    content: bytes, start: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("random") / "file"
    path.write_bytes(start + content)
    try:
        made = pictures_of(path)
    except DataError:
        return
    assert all(picture.pixels.shape == (28, 28) for picture in made)
