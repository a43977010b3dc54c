from __future__ import annotations

from typing import Any

import pytest

from sweepyard.domain.logged_media import (
    ArtifactName,
    Histogram,
    OtherFile,
    Picture,
    Pictures,
    TableFile,
    is_media,
    logged,
    media_in,
    picture_in_cell,
)

IMAGE = {"_type": "image-file", "path": "media/images/a.png", "width": 28, "height": 28, "caption": "seven"}


def test_an_image() -> None:
    assert logged(dict(IMAGE)) == Pictures((Picture("media/images/a.png", "seven", 28, 28),))


@pytest.mark.parametrize(
    ("changes", "picture"),
    [
        ({"width": -1, "height": 10**9, "caption": ["a"]}, Picture("media/images/a.png")),
        ({"width": True, "height": 2.0}, Picture("media/images/a.png", "seven")),
        ({"path": "./media//b.png"}, Picture("media/b.png", "seven", 28, 28)),
    ],
)
def test_what_an_image_says_amiss_is_left_out(changes: dict[str, Any], picture: Picture) -> None:
    assert logged({**IMAGE, **changes}) == Pictures((picture,))


@pytest.mark.parametrize("path", ["../../secret", "/etc/passwd", "", None, 7, "a\0b", "\ud800"])
def test_a_path_that_leaves_the_folder_is_none(path: Any) -> None:
    assert logged({**IMAGE, "path": path}) == OtherFile("image-file", "")


def test_images_logged_together() -> None:
    value: Any = {
        "_type": "images/separated",
        "filenames": ["a.png", "../b.png", "c.png"],
        "captions": ["first", "second"],
        "width": 4,
    }
    assert logged(value) == Pictures((Picture("a.png", "first", 4), Picture("c.png", "", 4)))
    assert logged({"_type": "images/separated", "filenames": "none"}) == Pictures(())


def test_a_table_names_its_artifact() -> None:
    value: Any = {
        "_type": "table-file",
        "path": "media/table/t.json",
        "artifact_path": "wandb-client-artifact://ab/c/t",
    }
    assert logged(value) == TableFile("media/table/t.json", ArtifactName("ab", "c/t"))
    for other in ("wandb-artifact://ab/t", "wandb-client-artifact://ab", "wandb-client-artifact:///t", 3):
        assert logged({**value, "artifact_path": other}) == TableFile("media/table/t.json")


def test_a_histogram() -> None:
    assert logged({"_type": "histogram", "values": [1, 2], "bins": [0, 0.5, 1]}) == Histogram((1, 2), (0, 0.5, 1))


@pytest.mark.parametrize(
    "value",
    [
        {"values": [1, 2], "bins": [0, 1]},
        {"values": [], "bins": [0]},
        {"values": [float("nan")], "bins": [0, 1]},
        {"values": [10**400], "bins": [0, 1]},
        {"values": ["1"], "bins": [0, 1]},
        {"bins": [0, 1]},
    ],
)
def test_what_is_no_histogram_is_not_shown(value: dict[str, Any]) -> None:
    assert logged({"_type": "histogram", **value}) == OtherFile("histogram", "")


def test_other_files_are_named() -> None:
    assert logged({"_type": "html-file", "path": "media/html/a.html"}) == OtherFile("html-file", "media/html/a.html")


def test_media_of_a_row_are_found_however_deep() -> None:
    row: Any = {"loss": 1, "deep": {"er": IMAGE, "x": 2}, "type": {"_type": 3}, "top": {"_type": "histogram"}}
    assert list(media_in(row)) == [("deep.er", IMAGE), ("top", {"_type": "histogram"})]


def test_keys_that_hold_media() -> None:
    assert is_media({"number": 3, "image-file": 1})
    assert not is_media({"number": 1, "string": 1, "bool": 1, "null": 1, "map": 1, "list": 1})


def test_pictures_in_cells() -> None:
    assert picture_in_cell(dict(IMAGE)) == Picture("media/images/a.png", "seven", 28, 28)
    cells: list[Any] = ["Image", None, {"_type": "table-file", "path": "t"}, {**IMAGE, "path": ".."}]
    assert [picture_in_cell(cell) for cell in cells] == [None] * 4
