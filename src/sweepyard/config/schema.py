"""The shape of an experiment config: frozen dataclasses; YAML in `conf/` chooses, these define.

Rules on single values stand in the fields' metadata (`minimum`, `maximum`, `choices`...), so that
`config.validation` reports every violation at once and the config reference is generated from here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Activation = Literal["relu", "elu", "gelu", "selu", "silu", "tanh", "sigmoid", "leaky_relu", "linear"]
Scaling = Literal["unit", "standardise"]
ScheduleName = Literal["constant", "cosine", "exponential", "step", "linear"]
OptimizerName = Literal["sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad", "adadelta", "lion"]
TrackingMode = Literal["hub", "wandb", "offline", "disabled"]
UNTRACKED: tuple[TrackingMode, ...] = ("offline", "disabled")
"""The modes of runs that no server hears of."""
DatasetName = Literal["mnist", "mnist5k", "fashion_mnist", "kmnist", "emnist_letters", "emnist_balanced", "idx"]


def rule(
    default: Any,
    doc: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> Any:
    """A field with a default, one line of documentation, and bounds on its value (or on each item of it)."""
    metadata: dict[str, object] = {"doc": doc}
    bounds = {"minimum": minimum, "maximum": maximum, "above": above, "below": below}
    metadata.update({name: value for name, value in bounds.items() if value is not None})
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentationConfig:
    """Random changes to training images; all zero means none."""

    shift: float = rule(0.0, "largest shift, as a fraction of the image's side", minimum=0, below=1)
    rotate: float = rule(0.0, "largest rotation, as a fraction of a full turn", minimum=0, maximum=0.5)
    zoom: float = rule(0.0, "largest zoom in or out, as a fraction", minimum=0, below=1)

    @property
    def is_active(self) -> bool:
        return bool(self.shift or self.rotate or self.zoom)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Which images, how they are scaled and augmented."""

    name: DatasetName | str = rule(
        "mnist5k", "a data set of the catalogue, `idx` for a folder of your own, or a name of your own with `target`"
    )
    folder: str | None = rule(None, "folder with IDX files, looked at before the cache and the network")
    scaling: Scaling = rule("unit", "`unit` gives [0, 1]; `standardise` mean 0 and deviation 1 over the training split")
    train_limit: int | None = rule(None, "use only the first images of the training split", minimum=1)
    augmentation: AugmentationConfig = field(
        default_factory=AugmentationConfig, metadata={"doc": "random changes to training images"}
    )
    target: str | None = rule(
        None, "class path of a data set of your own (`_target_` in YAML), called with `arguments`; gives a `Dataset`"
    )
    arguments: dict[str, Any] = field(default_factory=dict, metadata={"doc": "arguments of `target`"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """What all models share; each model adds its own keys."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MlpConfig(ModelConfig):
    """Dense layers over the flattened image; the classic has three, the last one giving the classes."""

    name: Literal["mlp"] = "mlp"
    units: tuple[int, ...] = rule((512, 512), "width of each hidden layer; empty gives logistic regression", minimum=1)
    activation: Activation = rule("relu", "activation of the hidden layers")
    dropout: float = rule(0.2, "dropout rate after each hidden layer", minimum=0, below=1)
    l2: float = rule(0.0, "L2 weight penalty of the hidden layers", minimum=0)
    batch_norm: bool = rule(False, "normalise each hidden layer's output over the batch")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvnetConfig(ModelConfig):
    """Convolution and max-pool blocks, then dropout: by default the 34,826-parameter Keras example."""

    name: Literal["convnet"] = "convnet"
    filters: tuple[int, ...] = rule((32, 64), "filters of each convolution; each is followed by a max-pool", minimum=1)
    kernel_size: int = rule(3, "side of each kernel, in pixels", minimum=1, maximum=15)
    pool_size: int = rule(2, "side of each max-pool, in pixels", minimum=1, maximum=8)
    activation: Activation = rule("relu", "activation of the convolutions")
    dropout: float = rule(0.5, "dropout rate before the classes", minimum=0, below=1)
    dense_units: tuple[int, ...] = rule((), "width of each dense layer between convolutions and classes", minimum=1)
    l2: float = rule(0.0, "L2 weight penalty", minimum=0)
    batch_norm: bool = rule(False, "normalise each convolution's output over the batch")


@dataclass(frozen=True, slots=True, kw_only=True)
class CnnClassicConfig(ModelConfig):
    """The older Keras example: convolutions 32 and 64, one max-pool, dropout, dense 128, dropout."""

    name: Literal["cnn_classic"] = "cnn_classic"
    filters: tuple[int, ...] = rule((32, 64), "filters of each convolution", minimum=1)
    kernel_size: int = rule(3, "side of each kernel, in pixels", minimum=1, maximum=15)
    pool_size: int = rule(2, "side of the max-pool, in pixels", minimum=1, maximum=8)
    activation: Activation = rule("relu", "activation of convolutions and dense layer")
    dropout_features: float = rule(0.25, "dropout rate after the max-pool", minimum=0, below=1)
    dense_units: int = rule(128, "width of the dense layer", minimum=1)
    dropout: float = rule(0.5, "dropout rate after the dense layer", minimum=0, below=1)
    l2: float = rule(0.0, "L2 weight penalty", minimum=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeNet5Config(ModelConfig):
    """LeCun's LeNet-5 (1998), with average pooling."""

    name: Literal["lenet5"] = "lenet5"
    filters: tuple[int, int] = rule((6, 16), "filters of the two convolutions", minimum=1)
    kernel_size: int = rule(5, "side of each kernel, in pixels", minimum=1, maximum=15)
    dense_units: tuple[int, ...] = rule((120, 84), "width of each dense layer", minimum=1)
    activation: Activation = rule("tanh", "activation of convolutions and dense layers")
    dropout: float = rule(0.0, "dropout rate after each dense layer", minimum=0, below=1)
    l2: float = rule(0.0, "L2 weight penalty", minimum=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResnetConfig(ModelConfig):
    """A small residual network: stages of two-convolution blocks, each stage halving the side."""

    name: Literal["resnet"] = "resnet"
    filters: tuple[int, ...] = rule((16, 32, 64), "filters of each stage", minimum=1)
    blocks: int = rule(1, "residual blocks in each stage", minimum=1, maximum=32)
    kernel_size: int = rule(3, "side of each kernel, in pixels", minimum=1, maximum=15)
    activation: Activation = rule("relu", "activation of the convolutions")
    dropout: float = rule(0.0, "dropout rate before the classes", minimum=0, below=1)
    l2: float = rule(0.0, "L2 weight penalty", minimum=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomModelConfig(ModelConfig):
    """A model of the user's: a class path or function, called as `target(input_shape, classes, **arguments)`.

    In YAML the keys beside `name` and `_target_` are the arguments.
    """

    name: str
    target: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleConfig:
    """How the learning rate moves over the fit."""

    name: ScheduleName = rule("constant", "shape of the learning rate over the fit")
    warmup_epochs: float = rule(0.0, "epochs of linear warm-up from 0", minimum=0)
    final_fraction: float = rule(
        0.0, "learning rate at the end, as a fraction of the first (cosine, linear)", minimum=0, maximum=1
    )
    decay_rate: float = rule(0.9, "factor applied every `decay_epochs` (exponential, step)", above=0, maximum=1)
    decay_epochs: float = rule(1.0, "epochs between two decays (exponential, step)", above=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerConfig:
    """Which optimiser and at what rate."""

    name: OptimizerName | str = rule("adam", "an optimiser of Keras by name, or a name of your own with `target`")
    learning_rate: float = rule(1.0e-3, "learning rate at the start", above=0, maximum=100)
    momentum: float = rule(0.0, "momentum (sgd, rmsprop)", minimum=0, below=1)
    nesterov: bool = rule(False, "Nesterov momentum (sgd)")
    weight_decay: float | None = rule(None, "decoupled weight decay", minimum=0)
    clipnorm: float | None = rule(None, "clip each gradient to this norm", above=0)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig, metadata={"doc": "learning-rate schedule"})
    target: str | None = rule(
        None,
        "class path of an optimiser of your own (`_target_` in YAML), called with `learning_rate` and `arguments`",
    )
    arguments: dict[str, Any] = field(default_factory=dict, metadata={"doc": "further arguments of the optimiser"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyStoppingConfig:
    """Keras' early stopping inside one run."""

    enabled: bool = rule(False, "stop when the monitored metric no longer improves")
    monitor: Literal["val_loss", "val_accuracy", "loss", "accuracy"] = rule("val_loss", "metric to watch")
    patience: int = rule(3, "epochs without improvement before stopping", minimum=0)
    min_delta: float = rule(0.0, "smallest change that counts as improvement", minimum=0)
    restore_best_weights: bool = rule(True, "go back to the best epoch's weights at the end")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointConfig:
    """When a whole checkpoint is written (weights, optimiser, seed generators, callbacks, position)."""

    enabled: bool = rule(True, "write checkpoints")
    every_steps: int | None = rule(None, "write every N training steps; by default at each epoch's end", minimum=1)
    keep: int = rule(1, "how many checkpoints to keep", minimum=1)
    folder: str | None = rule(
        None,
        "a folder, or an fsspec URL, below which the checkpoints of each run lie, so that other hosts go on with it; "
        "by default the run's own folder",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerConfig:
    """How the fit runs."""

    epochs: int = rule(12, "passes over the training split", minimum=1, maximum=100_000)
    batch_size: int = rule(128, "images in a step", minimum=1, maximum=65_536)
    loss: Literal["plain", "class_balanced"] = rule(
        "plain", "cross-entropy, plain or weighted by inverse class frequency"
    )
    label_smoothing: float = rule(0.0, "label smoothing", minimum=0, below=1)
    steps_per_execution: int = rule(1, "training steps in one call of the backend", minimum=1)
    jit_compile: bool = rule(False, "compile with XLA; slower for small convnets on CPUs")
    mixed_precision: bool = rule(False, "compute in float16 (GPU) or bfloat16 (CPU), keep float32 weights")
    early_stopping: EarlyStoppingConfig = field(
        default_factory=EarlyStoppingConfig, metadata={"doc": "stop early inside a run"}
    )
    checkpoint: CheckpointConfig = field(default_factory=CheckpointConfig, metadata={"doc": "checkpoints"})
    resume: bool = rule(False, "go on from the output folder's last checkpoint, if there is one")
    threads: int | None = rule(
        None, "intra-op threads; by default the machine's cores, or 1 if deterministic", minimum=1
    )
    hang_minutes: float | None = rule(
        30.0, "a fit without a step for so long leaves, and goes on from its checkpoint if it had begun", above=0
    )
    verbose: Literal["epochs", "progress", "silent"] = rule("epochs", "what the fit prints")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingConfig:
    """Where metrics go."""

    mode: TrackingMode = rule(
        "hub", "`hub` (embedded), `wandb` (the server you are logged in to), `offline` or `disabled`"
    )
    project: str = rule("sweepyard", "project of the run")
    entity: str | None = rule(None, "user or team that owns the run; by default the server's choice")
    group: str | None = rule(None, "group of the run")
    job_type: str = rule("train", "job type of the run")
    tags: tuple[str, ...] = rule((), "tags of the run")
    batch_every_steps: int = rule(50, "log batch metrics every N steps; 0 for never", minimum=0)
    confusion_matrix: bool = rule(True, "log the validation split's confusion matrix at the end")
    mistakes: int = rule(16, "log the N most confident mistakes with their images; 0 for none", minimum=0, maximum=1000)
    model_artifact: bool = rule(True, "log the model as an artifact with aliases `latest` and `best`")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedConfig:
    """What makes a run repeatable."""

    value: int = rule(0, "seeds Python, NumPy and Keras", minimum=0, maximum=2**32 - 1)
    deterministic: bool = rule(False, "identical weights, digest for digest, on one machine; pins the thread count")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentConfig:
    """One run's whole config, as Hydra composes it."""

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=MlpConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    seed: SeedConfig = field(default_factory=SeedConfig)
    name: str | None = rule(None, "display name of the run")
    notes: str = rule("", "a note on the run")
    output: str = rule("outputs", "folder below which each run gets its own")
    warm: bool = rule(True, "let an agent's run be forked from a process that has Keras and the data in memory")


MODEL_CONFIGS: dict[str, type[ModelConfig]] = {
    "mlp": MlpConfig,
    "convnet": ConvnetConfig,
    "cnn_classic": CnnClassicConfig,
    "lenet5": LeNet5Config,
    "resnet": ResnetConfig,
}
