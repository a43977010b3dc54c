"""The images that a command is given: read, and what is wrong with some of them told."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sweepyard.errors import DataError, InvalidInput, Violation

if TYPE_CHECKING:
    from sweepyard.datasets.pictures import Picture, PictureFile


@dataclass(slots=True)
class Images:
    """The user's files, and what of them can be classified.

    Attributes:
        limit: At most so many images of each file; None for all.
        files: Those that could be read.
        told: What was wrong with other files and pictures; each is told once, on standard error.
    """

    paths: Sequence[Path]
    limit: int | None
    files: list[PictureFile] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    @property
    def pictures(self) -> list[Picture]:
        """Those that can be classified."""
        return [picture for file in self.files for picture in file.pictures]

    def fit(self, frame: tuple[int, int]) -> None:
        """Read the files for a model that takes images of this height and width."""
        from sweepyard.datasets.pictures import read_pictures

        self.files.clear()
        for path in self.paths:
            try:
                file = read_pictures(path, frame=frame, limit=self.limit)
            except DataError as error:
                self._tell(error)
            else:
                self.files.append(file)
                for fault in file.faults:
                    self._tell(fault)

    def labels(self, shown: str | None, class_names: Sequence[str]) -> list[str | None]:
        """What each picture shows.

        Args:
            shown: A class, for all of them, or an IDX file of labels; None if it is not known.

        Raises:
            InvalidInput: It is neither, or there are several files of images for one of labels.
            DataError: The file of labels does not go with the images or the classes.
        """
        from sweepyard.datasets.true_labels import read_true_labels

        if shown is None or shown in class_names:
            return [shown] * len(self.pictures)
        if not Path(shown).is_file():
            rule = "what images show must be a class of the model, or an IDX file of labels"
            raise InvalidInput([Violation(rule, repr(shown), f"The classes: {', '.join(class_names)}")])
        if len(self.files) != 1:
            rule = "labels in a file go with one file of images"
            raise InvalidInput([Violation(rule, f"{len(self.files)} files of images", "Name them one at a time")])
        labels = read_true_labels(Path(shown), self.files[0].count, class_names)
        return [labels[picture.position] for picture in self.pictures]

    def _tell(self, fault: DataError) -> None:
        if str(fault) not in self.told:
            print(f"error: {fault}", file=sys.stderr)
        self.told.add(str(fault))
