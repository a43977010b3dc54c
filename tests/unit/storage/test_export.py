from __future__ import annotations

import csv
import json
import math
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.unit.storage.conftest import RUN, Home

from sweepyard import files
from sweepyard.domain.table import CellType, TableColumn
from sweepyard.errors import ArchiveError
from sweepyard.services.transfer import Exporter, ExportReport, ExportScope
from sweepyard.storage import export_parquet
from sweepyard.storage.backup import saying_what_is_full
from sweepyard.storage.export_folder import ExportFolder, format_named, new_folder

MOMENT = datetime(2026, 11, 21, 8, 0, 0, 123456, tzinfo=UTC)
COLUMNS = [TableColumn(kind.value, kind) for kind in CellType]
ROWS = [
    ('Ünï, "quoted"\nline\0', -(2**62), 0.1 + 0.2, True, MOMENT, '{"a":NaN}'),
    ("", 0, math.nan, False, MOMENT, "[1]"),
    ("x", 1, -math.inf, True, MOMENT, "1"),
    (None, None, None, None, None, None),
    ("🙂", 7, -0.0, None, None, '"text"'),
]
FORMATS = ["parquet", "csv", "jsonl"]


def write(folder: Path, name: str, rows=ROWS) -> tuple[Path, ExportFolder]:
    sink = ExportFolder(folder, format_named(name))
    with sink.table("things", COLUMNS) as writer:
        writer.write(rows[:2])
        writer.write([])
        writer.write(rows[2:])
    return folder / f"things.{name}", sink


def same(found: object, wanted: object) -> bool:
    if isinstance(found, float) and isinstance(wanted, float):
        return repr(found) == repr(wanted)
    return type(found) is type(wanted) and found == wanted


def assert_same(found: list, wanted: list) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert all(same(cell, want) for cell, want in zip(one, other, strict=True)), (one, other)


def test_parquet_keeps_every_value_exactly(tmp_path: Path) -> None:
    path, _ = write(tmp_path, "parquet")
    table = pq.read_table(path)
    assert_same([tuple(row.values()) for row in table.to_pylist()], ROWS)
    assert [str(field.type) for field in table.schema] == [
        "string",
        "int64",
        "double",
        "bool",
        "timestamp[us, tz=UTC]",
        "string",
    ]
    assert table.schema.field("json").metadata == {b"sweepyard.type": b"json"}


def test_json_lines_keep_every_value_exactly(tmp_path: Path) -> None:
    path, _ = write(tmp_path, "jsonl")
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [list(row) for row in found] == [[column.name for column in COLUMNS]] * len(ROWS)
    assert math.isnan(found[0].pop("json")["a"])
    wanted = [(*row[:4], row[4] and row[4].isoformat(), row[5] and json.loads(row[5])) for row in ROWS]
    assert_same([tuple(row.values()) for row in found[1:]], wanted[1:])
    assert_same([tuple(found[0].values())], [wanted[0][:5]])


def test_csv_keeps_numbers_exactly_and_cannot_tell_none_from_empty(tmp_path: Path) -> None:
    path, _ = write(tmp_path, "csv")
    with path.open(encoding="utf-8", newline="") as stream:
        head, *found = csv.reader(stream)
    assert head == [column.name for column in COLUMNS]
    assert found[0] == [ROWS[0][0], str(-(2**62)), "0.30000000000000004", "true", MOMENT.isoformat(), '{"a":NaN}']
    assert [row[2] for row in found] == ["0.30000000000000004", "nan", "-inf", "", "-0.0"]
    assert found[1][0] == found[3][0] == ""


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_without_rows_is_a_table(tmp_path: Path, name: str) -> None:
    path, sink = write(tmp_path, name, rows=[])
    assert sink.summary(ExportReport(), {}, MOMENT)["tables"]["things"]["rows"] == 0
    if name == "parquet":
        assert pq.read_table(path).schema.names == [column.name for column in COLUMNS]
    if name == "csv":
        assert path.read_text().startswith("text,integer,")


@pytest.mark.parametrize("name", FORMATS)
def test_what_does_not_read_back_is_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file_format = format_named(name)
    monkeypatch.setattr(type(file_format), "count", lambda self, path: 3)
    with (
        pytest.raises(ArchiveError, match=rf"things\.{name} does not read back: 1 rows were written, 3 are there"),
        ExportFolder(tmp_path, file_format).table("things", COLUMNS) as writer,
    ):
        writer.write(ROWS[:1])


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_that_breaks_off_leaves_no_file(tmp_path: Path, name: str) -> None:
    sink = ExportFolder(tmp_path, format_named(name))

    def break_off() -> None:
        with sink.table("things", COLUMNS) as writer:
            writer.write(ROWS)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert list(tmp_path.iterdir()) == []


def test_row_groups_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_parquet, "_CELLS_A_GROUP", 2 * len(COLUMNS))
    with ExportFolder(tmp_path, format_named("parquet")).table("things", COLUMNS) as writer:
        for row in ROWS * 4:
            writer.write([row])
    with pq.ParquetFile(tmp_path / "things.parquet") as file:
        assert file.num_row_groups == 10
        assert file.metadata.num_rows == 20


@pytest.mark.parametrize("name", FORMATS)
def test_a_whole_hub(home: Home, tmp_path: Path, name: str) -> None:
    target = tmp_path / "out" / "export"
    with new_folder(target) as folder:
        sink = ExportFolder(folder, format_named(name))
        report = Exporter(home.database).export(ExportScope(), sink)
        summary = sink.summary(report, {"project": None}, MOMENT)
        sink.complete(summary)
        assert not target.exists()
    assert json.loads((target / "export.json").read_text()) == summary
    assert {path.name for path in target.iterdir()} == {"export.json", *(f"{table}.{name}" for table in report.rows)}
    for table in summary["tables"].values():
        path = target / table["file"]
        assert table["sha256"] == files.sha256_of(path)
        assert path.stat().st_mode & 0o777 == 0o600
    assert report.rows["runs"] == 1
    assert report.values == 6
    if name == "parquet":
        history = pq.read_table(target / "history.parquet").to_pylist()
        losses = [row["value"] for row in history if row["key"] == "loss"]
        assert_same([losses], [[1.5, math.nan, -math.inf]])
        assert {row["run_id"] for row in history} == {RUN.run_id}
    if name == "jsonl":
        rows = [json.loads(line)["row"] for line in (target / "history.jsonl").read_text().splitlines()]
        assert [row["_step"] for row in rows] == [0, 1, 2]


def test_a_folder_takes_its_place_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "export"

    def break_off() -> None:
        with new_folder(target) as folder:
            (folder / "half").write_text("x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert list(tmp_path.iterdir()) == []
    target.mkdir()
    with new_folder(target) as folder:
        (folder / "all").write_text("x")
    assert [path.name for path in target.iterdir()] == ["all"]
    with pytest.raises(ArchiveError, match="makes a new folder, or fills an empty one; received"), new_folder(target):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sweepyard.storage.export_parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ArchiveError, match=r"the package pyarrow.*extra `export`, or use --format csv"):
        format_named("parquet")


@pytest.mark.parametrize("name", FORMATS)
def test_a_full_disk_leaves_nothing(home: Home, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "sync_folder", full)
    target = tmp_path / "export"
    with (
        pytest.raises(ArchiveError, match=r"not enough room at .*export: No space left on device"),
        saying_what_is_full(target),
        new_folder(target) as folder,
    ):
        Exporter(home.database).export(ExportScope(), ExportFolder(folder, format_named(name)))
    assert {path.name for path in tmp_path.iterdir()} == {"home"}
