"""Finding a model by its file or its run, and scoring it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sweepyard.errors import DigestMismatch, ModelFileError
from sweepyard.wiring.joining import join_hub

if TYPE_CHECKING:
    from sweepyard.settings import Settings

# What a fit leaves in its run's folder; the best epoch's model is there only if it is not the last one's.
_NAMES = ("model-best.keras", "model.keras")


def model_in(folder: Path) -> Path:
    """The model of the best epoch in a run's folder.

    Raises:
        ModelFileError: The folder holds no model.
    """
    for name in _NAMES:
        if (folder / name).is_file():
            return folder / name
    raise ModelFileError(f"a run's folder must hold {' or '.join(_NAMES)}; there is neither in {folder}")


def find_model(text: str, settings: Settings) -> Path:
    """The model file that `text` names: itself, or that of a run, by its folder, its id or its path on the hub.

    Raises:
        ModelFileError: There is no such file, or the run's folder is not on this machine.
    """
    path = Path(text).expanduser()
    if path.is_file():
        return path
    if path.is_dir():
        return model_in(path)
    if path.suffix:
        raise ModelFileError(f"a model file must exist; received {text}")
    run_id = text.rpartition("/")[2]
    for base in (Path("outputs"), settings.home / "outputs"):
        for folder in sorted(base.glob(f"*/{run_id}")):
            return model_in(folder)
    from sweepyard.cli.reading import find_run

    record = find_run(text, settings)
    folder = Path(str(record.config.get("output", "outputs"))) / record.path.project / record.path.run_id
    if not folder.is_dir():
        raise ModelFileError(f"the run {text} kept its model in {folder}, which is not on this machine")
    return model_in(folder)


def evaluate_model(
    path: Path, split: str, settings: Settings, *, data_name: str | None = None, folder: str | None = None
) -> Mapping[str, float]:
    """Loss and accuracy of a model file on a split, as `<split>/loss` and `<split>/accuracy`.

    Args:
        data_name: By default the data set that the model was trained on.

    Raises:
        DigestMismatch: The data set has changed since.
        ModelFileError: The model does not fit the data.
        DataError: The data set cannot be had.
    """
    from sweepyard.config.schema import DataConfig
    from sweepyard.datasets.catalogue import check_scoring
    from sweepyard.datasets.loading import load
    from sweepyard.training import inference
    from sweepyard.training.modelfile import read_card

    card = read_card(path)
    check_scoring(card.data_name, data_name or card.data_name, split)
    dataset = load(DataConfig(name=data_name or card.data_name, folder=folder), settings)
    if dataset.name == card.data_name and dataset.digest != card.data_digest:
        raise DigestMismatch(
            f"the model was trained on {card.data_name} with digest {card.data_digest[:12]}; received a data set of "
            f"that name with digest {dataset.digest[:12]}: its score would mean nothing"
        )
    return inference.load(path).evaluate(dict(dataset.splits)[split], split)  # type: ignore[index]


def note_with_run(path: Path, scores: Mapping[str, float], settings: Settings) -> None:
    """Add scores to the summary of the run on the hub that made the model file.

    Raises:
        TrackingError: The hub has no such run.
    """
    from sweepyard.domain.run import RunPath
    from sweepyard.tracking.scores import note_scores
    from sweepyard.training.modelfile import read_card

    # A run's folder is <output>/<project>/<run id>, and its models lie in it.
    project, run_id = path.absolute().parent.parent.name, read_card(path).run_id
    with join_hub(settings) as server:
        note_scores(RunPath(server.entity, project, run_id), scores, server=server)
