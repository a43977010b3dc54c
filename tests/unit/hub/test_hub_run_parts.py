"""Parts of a run's pages: events in words, the console, tables, trees of files, system metrics."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from starlette.datastructures import QueryParams

from sweepyard.domain.logged_media import Histogram
from sweepyard.domain.media import ConfusionMatrix
from sweepyard.domain.run import RunEvent
from sweepyard.errors import NotFound, RequestInvalid
from sweepyard.hub.dashboard.file_tree import NamedFile, tree_of
from sweepyard.hub.dashboard.run_sections.console import printed
from sweepyard.hub.dashboard.run_sections.event_texts import told
from sweepyard.hub.dashboard.run_sections.media_view import MediaView
from sweepyard.hub.dashboard.run_sections.pictures import BARS_HEIGHT, bars_of, matrix_of
from sweepyard.hub.dashboard.run_sections.table_view import table_part
from sweepyard.services.media import LoadedTable

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def sentences(*events: tuple[str, str]) -> list[str]:
    return [sentence for _, sentence in told(RunEvent(NOW, kind, detail) for kind, detail in events)]


def test_a_run_that_was_preempted_resumed_and_retried_in_words() -> None:
    assert sentences(
        ("handed out", "attempt 1 to agent ab12 on host a"),
        ("started", "attempt 1 on host a"),
        ("preempted", "no sign of life for 60 s"),
        ("started", "attempt 1 on host b"),
        ("crashed", ""),
        ("handed out", "attempt 2 to agent cd34 on host b"),
        ("started", "attempt 2 on host b"),
        ("stop requested", "by hand"),
        ("alert warn", "low: <b>"),
        ("finished", "exit code 0"),
        ("something new", "detail"),
    ) == [
        "Given to agent ab12 on host a",
        "Started on host a",
        "Preempted: no sign of life for 60 s",
        "Resumed on host b",
        "Taken for crashed",
        "Given to agent cd34 on host b, as attempt 2",
        "Retried on host b (attempt 2)",
        "Asked to stop: by hand",
        "Alert (warn): low: <b>",
        "Finished: exit code 0",
        "Something new: detail",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext", "plain\ttext"),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07end", "red end"),
        ("10%\r50%\r100%\r", "100%"),
        ("bell\x07\x00", "bell"),
        ("\r", ""),
        ("\x1b[2K\x1b[1Gepoch 1", "epoch 1"),
        ("x" * 20_000, "x" * 10_000),
    ],
)
def test_a_line_is_shown_as_it_stood_in_the_terminal_at_last(text: str, shown: str) -> None:
    assert printed(text) == shown


def test_files_make_a_tree_with_sizes() -> None:
    files = [NamedFile(path, 1024, f"/{path}") for path in ("media/b.png", "media/a.png", "media/deep/c", "z", "a")]
    top = tree_of([*files, NamedFile("far", 0, "", "s3://bucket/x")])
    assert [link.text for link in top.files] == ["a", "far", "z"]
    assert (top.files[1].note, top.note) == ("s3://bucket/x", "6 files, 5.0 KiB")
    [media] = top.folders
    assert (media.name, media.note) == ("media", "3 files, 3.0 KiB")
    assert [link.url for link in media.files] == ["/media/a.png", "/media/b.png"]
    assert media.folders[0].note == "1 file, 1.0 KiB"


def test_a_tree_has_an_end_however_deep_its_files_lie() -> None:
    folder = tree_of([NamedFile("a/" * 500 + "b", 1, "/x")])
    depth = 0
    while folder.folders:
        [folder] = folder.folders
        depth += 1
    assert depth == 12
    assert folder.files[0].text.endswith("a/b")


def test_a_view_of_media_stands_in_the_address() -> None:
    view = MediaView.of(QueryParams("step=7&key=a/b&sort=loss&page=2"))
    assert view == MediaView(step=7, key="a/b", sort="+loss", page=2)
    assert view.url("/x") == "/x?step=7&key=a%2Fb&sort=%2Bloss&page=2"
    assert MediaView.of(QueryParams("")).url("/x") == "/x"
    with pytest.raises(NotFound, match="no media under 'a/b'"):
        view.chosen({"other": []})


@pytest.mark.parametrize("query", ["step=-1&page=0", "step=1.5&page=x", f"step={'9' * 30}&page={'9' * 30}"])
def test_all_faults_of_a_view_are_told(query: str) -> None:
    with pytest.raises(RequestInvalid) as caught:
        MediaView.of(QueryParams(query))
    assert len(caught.value.violations) == 2


def part(rows: Any, view: MediaView | None = None, *, whole: bool = True) -> Any:
    table = LoadedTable(("a", "b"), tuple(tuple(row) for row in rows))
    return table_part(table, view or MediaView(key="t"), "/m", lambda picture: f"/file/{picture.path}", whole=whole)


def test_a_table_is_sorted_with_what_has_no_order_last() -> None:
    rows = [[2, "x"], [float("nan"), "y"], [10, "z"], [None, "w"]]

    def first(sort: str) -> list[str]:
        return [row[1].text for row in part(rows, MediaView(key="t", sort=sort)).rows]

    assert first("") == ["x", "y", "z", "w"]
    assert first("-a") == ["z", "x", "y", "w"]
    assert first("+a") == ["x", "z", "y", "w"]
    assert first("+none") == ["x", "y", "z", "w"]
    shown = part(rows, MediaView(key="t", sort="-a"))
    assert [head.direction for head in shown.heads] == ["descending", ""]
    assert [head.numeric for head in shown.heads] == [True, False]
    assert shown.heads[0].sort_url == "/m?key=t&sort=%2Ba"
    assert shown.heads[1].sort_url == "/m?key=t&sort=-b"


def test_a_table_comes_in_pages_or_as_its_first_rows() -> None:
    rows = [[place, place] for place in range(120)]
    second = part(rows, MediaView(key="t", page=2))
    assert (len(second.rows), second.rows[0][0].text, second.page, second.pages) == (50, "50", 2, 3)
    assert (second.previous_url, second.next_url) == ("/m?key=t", "/m?key=t&page=3")
    few = part(rows, MediaView(key="t", page=2, sort="-a"), whole=False)
    assert [row[0].text for row in few.rows] == [str(place) for place in range(10)]
    assert (few.previous_url, few.next_url, few.total) == ("", "", 120)
    assert part([]).rows == ()


def test_cells_hold_pictures_and_long_texts() -> None:
    [[image, text]] = part([[{"_type": "image-file", "path": "i.png", "caption": "<b>"}, "x" * 5000]]).rows
    assert image.picture is not None
    assert (image.picture.url, image.picture.alt) == ("/file/i.png", "<b>")
    assert (len(text.text), len(text.note)) == (200, 1000)


def test_a_matrix_has_shades_by_row() -> None:
    drawn = matrix_of(ConfusionMatrix(np.array([[9, 1, 0], [0, 0, 0], [1, 1, 1000]]), ("a", "b", "c")))
    assert [[shade for _, shade in cells] for _, cells in drawn.rows] == [[8, 1, 0], [0, 0, 0], [1, 1, 9]]
    assert (drawn.total, drawn.right) == (1012, "99.70%")
    assert matrix_of(ConfusionMatrix(np.zeros((1, 1), np.int64), ("a",))).right == "–"


def test_bars_stay_inside_their_picture() -> None:
    drawn = bars_of(Histogram((0, 2, 4, -1), (0, 1, 2, 3, 4)))
    assert [float(height) for *_, height in drawn.bars] == [0, BARS_HEIGHT / 2, BARS_HEIGHT, 0]
    assert [float(height) for *_, height in bars_of(Histogram((0,), (0, 1))).bars] == [0]
    assert (drawn.low, drawn.high, drawn.total) == ("0", "4", "5")
