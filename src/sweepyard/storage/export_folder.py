"""Exports: a folder with a file for each table, whole or not there, counted again after it was written."""

from __future__ import annotations

import contextlib
import csv
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Literal, Protocol

from sweepyard import __version__, files
from sweepyard.domain.table import Cell, CellType, Row, TableColumn
from sweepyard.errors import ArchiveError
from sweepyard.jsonvalue import JsonObject, dumps, loads_object
from sweepyard.services.transfer import ExportReport

ExportFormat = Literal["parquet", "csv", "jsonl"]
SUMMARY_FILE = "export.json"


class FileWriter(Protocol):
    """Writes one table's rows to a file."""

    def write(self, rows: Sequence[Row]) -> None: ...

    def close(self) -> None:
        """Write what is still to be written; the file itself is the caller's."""


class FileFormat(Protocol):
    """How a table becomes a file."""

    name: ExportFormat
    nests: bool

    def writer(self, stream: IO[bytes], columns: Sequence[TableColumn]) -> FileWriter: ...

    def count(self, path: Path) -> int:
        """How many rows the file has, read anew and to its end."""


class ExportFolder:
    """The sink of `services.transfer` on a folder that does not exist yet."""

    def __init__(self, folder: Path, file_format: FileFormat) -> None:
        self._folder = folder
        self._format = file_format
        self._tables: dict[str, JsonObject] = {}

    @property
    def nests(self) -> bool:
        return self._format.nests

    @contextmanager
    def table(self, name: str, columns: Sequence[TableColumn]) -> Iterator[CountingWriter]:
        """A table; at the end of the block its file is on disk, and has as many rows as were written.

        Raises:
            ArchiveError: It has not.
        """
        path = self._folder / f"{name}.{self._format.name}"
        with table_file(path, self._format, columns) as writer:
            yield writer
        self._tables[name] = {
            "file": path.name,
            "rows": writer.count,
            "size_bytes": path.stat().st_size,
            "sha256": files.sha256_of(path),
            "columns": {column.name: column.cell_type.value for column in columns},
        }

    def summary(self, report: ExportReport, scope: Mapping[str, str | None], moment: datetime) -> JsonObject:
        """What the folder holds, for people and programs that find it."""
        return {
            "made_at": moment.isoformat(),
            "made_by": f"sweepyard {__version__}",
            "format": self._format.name,
            "scope": dict(scope),
            "history_values": report.values,
            "left_out": list(report.left_out),
            "tables": dict(self._tables),
        }

    def complete(self, summary: JsonObject) -> None:
        """Add the summary, the last of the files."""
        files.write_atomically(self._folder / SUMMARY_FILE, dumps(summary).encode() + b"\n", mode=0o600)


class CountingWriter:
    """Hands rows on and counts them."""

    def __init__(self, inner: FileWriter) -> None:
        self._inner = inner
        self.count = 0

    def write(self, rows: Sequence[Row]) -> None:
        self._inner.write(rows)
        self.count += len(rows)


@contextmanager
def table_file(path: Path, file_format: FileFormat, columns: Sequence[TableColumn]) -> Iterator[CountingWriter]:
    """A table as a file: at the end of the block it is on disk, and has as many rows as were written.

    Raises:
        ArchiveError: It does not read back.
    """
    with files.atomic_file(path, 0o600) as stream:
        inner = file_format.writer(stream, columns)
        writer = CountingWriter(inner)
        try:
            yield writer
        except BaseException:
            # The file is about to go; what the writer still holds has nowhere to go.
            with contextlib.suppress(OSError):
                inner.close()
            raise
        inner.close()
    found = file_format.count(path)
    if found != writer.count:
        raise ArchiveError(f"{path.name} does not read back: {writer.count} rows were written, {found} are there")


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder beside `target` that takes its place when the block ends well, and is gone otherwise.

    Raises:
        ArchiveError: There is something at `target`.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ArchiveError(f"an export makes a new folder, or fills an empty one; received {target}")
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part"))
    try:
        yield folder
        files.sync_folder(folder)
        folder.rename(target)  # takes the place of an empty folder
        files.sync_folder(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def format_named(name: ExportFormat) -> FileFormat:
    """The format of that name.

    Raises:
        ArchiveError: A package that it needs is missing.
    """
    if name == "csv":
        return CsvFormat()
    if name == "jsonl":
        return JsonLinesFormat()
    try:
        from sweepyard.storage.export_parquet import ParquetFormat
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sweepyard"):
            raise
        raise ArchiveError(
            f"Parquet needs the package {error.name}: install Sweepyard with the extra `export`, or use --format csv "
            "or --format jsonl"
        ) from error
    return ParquetFormat()


class CsvFormat:
    """Comma-separated values: a head line, UTF-8, numbers as Python writes them, an empty field for None.

    An empty text is an empty field too.
    """

    name: ExportFormat = "csv"
    nests = False

    def writer(self, stream: IO[bytes], columns: Sequence[TableColumn]) -> FileWriter:
        return _TextWriter(stream, _CsvRows(columns))

    def count(self, path: Path) -> int:
        csv.field_size_limit(1 << 31)
        with path.open(encoding="utf-8", newline="") as stream:
            return sum(1 for _ in csv.reader(stream)) - 1


class JsonLinesFormat:
    """One JSON object a line, JSON values within it as they are; NaN and infinities are bare, as W&B writes them."""

    name: ExportFormat = "jsonl"
    nests = True

    def writer(self, stream: IO[bytes], columns: Sequence[TableColumn]) -> FileWriter:
        return _TextWriter(stream, _JsonRows(columns))

    def count(self, path: Path) -> int:
        with path.open("rb") as stream:
            return sum(1 for line in stream if loads_object(line) is not None)


class _TextWriter:
    def __init__(self, stream: IO[bytes], text_of: Callable[[Sequence[Row]], str]) -> None:
        self._stream = stream
        self._text_of = text_of

    def write(self, rows: Sequence[Row]) -> None:
        self._stream.write(self._text_of(rows).encode())

    def close(self) -> None:
        self._stream.write(self._text_of(()).encode())


class _CsvRows:
    def __init__(self, columns: Sequence[TableColumn]) -> None:
        self._head: list[Row] = [[column.name for column in columns]]

    def __call__(self, rows: Sequence[Row]) -> str:
        lines = _Lines()
        csv.writer(lines, lineterminator="\n").writerows(
            [_csv_cell(cell) for cell in row] for row in (*self._head, *rows)
        )
        self._head = []
        return "".join(lines.texts)


class _Lines:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def write(self, text: str) -> int:
        self.texts.append(text)
        return len(text)


class _JsonRows:
    def __init__(self, columns: Sequence[TableColumn]) -> None:
        self._keys = [dumps(column.name) for column in columns]
        self._is_json = [column.cell_type is CellType.JSON for column in columns]

    def __call__(self, rows: Sequence[Row]) -> str:
        return "".join(self._line(row) for row in rows)

    def _line(self, row: Row) -> str:
        cells = (
            f"{key}:{cell if is_json and isinstance(cell, str) else dumps(_json_cell(cell))}"
            for key, is_json, cell in zip(self._keys, self._is_json, row, strict=True)
        )
        return "{" + ",".join(cells) + "}\n"


def _csv_cell(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return cell.isoformat() if isinstance(cell, datetime) else cell


def _json_cell(cell: Cell) -> Cell:
    return cell.isoformat() if isinstance(cell, datetime) else cell
