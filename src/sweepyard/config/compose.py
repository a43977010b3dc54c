"""Composing experiment configs with Hydra: the only file that imports it.

`conf/` that comes with Sweepyard is always on the search path; a folder of the user's (`--config-dir`) goes
before it, so a file of theirs wins over ours of the same name.

A model, data set or optimiser of one's own, without touching this package:

- a class path: a file such as `my_conf/model/tower.yaml` with `name: tower`, `_target_: my_package.models.tower`
  and the arguments as further keys; then `sweepyard train --config-dir my_conf model=tower model.depth=3`;
- an entry point of an installed package (group `sweepyard.models`): no YAML at all,
  `sweepyard train model=entry_point model.name=tower +model.depth=3`.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sweepyard.config.fleets import ENGINE_CONFIGS, FleetConfig, build_fleet, legal_fleet_keys
from sweepyard.config.locations import conf_folder
from sweepyard.config.names import hint_for, nearest_name, same_last_part
from sweepyard.config.overrides import FLEET, config_groups, no_yaml, overrides_of, read_parameters
from sweepyard.config.plain import plain
from sweepyard.config.schema import MODEL_CONFIGS, ExperimentConfig
from sweepyard.config.validation import UNKNOWN_KEY, build, hint_for_other_models, legal_keys
from sweepyard.errors import ConfigInvalid, Violation
from sweepyard.files import write_atomically
from sweepyard.jsonvalue import JsonObject, flatten

__all__ = [
    "Composer",
    "Composition",
    "Launcher",
    "compose",
    "compose_fleet",
    "launcher",
    "multirun",
    "overrides_of",
    "read_ahead",
    "read_parameters",
]

PRIMARY = "train"
_Config = TypeVar("_Config")
_HYDRA_VERSION = "1.3"
_JOB = "sweepyard"
# What only Hydra's own applications use: reading it takes a third of the time of a composition.
_UNUSED = tuple(f"~hydra/{group}" for group in ("output", "help", "hydra_help", "hydra_logging", "job_logging", "env"))
# Hydra raises bare ValueErrors and TypeErrors too, for example where a group is given a number or a list.
_COMPOSITION_ERRORS = (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError, TypeError)
# Hydra keeps its state in a process-wide singleton.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Composition:
    """One run's config, composed and checked.

    Attributes:
        config: The frozen dataclasses.
        resolved: The same as JSON, every key present: what the run records.
        overrides: What was asked for, as Hydra overrides.
        choices: Those of them that choose files, where all files are ours: what `read_ahead` takes.
    """

    config: ExperimentConfig
    resolved: JsonObject
    overrides: tuple[str, ...]
    choices: tuple[str, ...]

    @property
    def yaml(self) -> str:
        """`resolved` as YAML."""
        return _yaml(self.resolved)

    def write(self, folder: Path) -> None:
        """Record config and overrides in `folder`/.hydra, as Hydra's own runs do."""
        record = folder / ".hydra"
        write_atomically(record / "config.yaml", self.yaml.encode())
        write_atomically(record / "overrides.yaml", _yaml(list(self.overrides)).encode())


@dataclass(frozen=True, slots=True)
class Launcher:
    """How several runs are started.

    Attributes:
        name: `basic` for one after another, `joblib` for processes side by side.
        jobs: How many at a time; -1 for one a core.
    """

    name: str
    jobs: int


class _Composing(Generic[_Config]):
    """Composes many configs over the same files, which must not change meanwhile.

    What a choice of options comes to is composed by Hydra once, and over our files alone once in a process; values
    are set in a copy of it.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        config_name: str,
        build: Callable[[Mapping[str, Any]], _Config],
        legal_in: Callable[[DictConfig], list[str]],
    ) -> None:
        """Remember where to look, and what is to come of it.

        Args:
            build: Makes the config of what was composed, or says what is wrong with it.
            legal_in: The dotted keys that a composition like this one may have.
        """
        self._folders = folders
        self._config_name = config_name
        self._build = build
        self._legal_in = legal_in
        self._bases: dict[tuple[str, ...], DictConfig] = {}

    def config(self, overrides: Sequence[str]) -> _Config:
        """Compose one config.

        Raises:
            ConfigInvalid: As `compose` raises it.
        """
        try:
            mapping = _mapping(self._composed(overrides))
        except _COMPOSITION_ERRORS as error:
            raise ConfigInvalid(self._diagnosis(error, overrides)) from error
        return self._build(mapping)

    def choices(self, overrides: Sequence[str]) -> tuple[str, ...]:
        """Those of overrides that parse which choose files; none where files may be a user's."""
        return () if self._has_users_files or self._config_name != PRIMARY else self._split(overrides)[0]

    @property
    def _has_users_files(self) -> bool:
        return len(self._folders) > 1

    def _composed(self, overrides: Sequence[str]) -> DictConfig:
        choices, values = self._split(overrides)
        composed = copy.deepcopy(self.base(choices))
        ConfigLoaderImpl._apply_overrides_to_config(values, composed)
        return composed

    def _split(self, overrides: Sequence[str]) -> tuple[tuple[str, ...], list[Override]]:
        choices: list[str] = []
        values: list[Override] = []
        for text, parsed in zip(overrides, OverridesParser.create().parse_overrides(list(overrides)), strict=True):
            if self._is_value(parsed):
                values.append(parsed)
            else:
                choices.append(text)
        return tuple(choices), values

    def base(self, choices: tuple[str, ...]) -> DictConfig:
        """What these choices come to; not to be changed."""
        if choices not in self._bases:
            if self._has_users_files:  # They may read the environment, and there may be any number.
                self._bases[choices] = _composed_by_hydra(self._folders, self._config_name, choices)
            else:
                (folder,) = self._folders
                self._bases[choices] = _composed_of_ours(folder, self._config_name, choices, _state_of(folder))
        return self._bases[choices]

    def _is_value(self, override: Override) -> bool:
        """Whether Hydra sets this in what it has composed; the others choose files, or are refused by it."""
        if override.is_sweep_override() or override.is_hydra_override() or override.package is not None:
            return False
        is_group = any((folder / override.key_or_group).is_dir() for folder in self._folders)
        return not is_group or isinstance(override.value(), dict)

    def _diagnosis(self, error: Exception, overrides: Sequence[str]) -> list[Violation]:
        """Why a composition failed: Hydra stops at its first error, this looks at each override by itself."""
        if isinstance(error, yaml.MarkedYAMLError):
            return [no_yaml(error)]
        groups = config_groups(self._folders, of_fleets=self._config_name == FLEET)
        primaries = sorted(path.stem for folder in self._folders for path in folder.glob("*.yaml"))
        if self._config_name not in primaries:
            return [
                Violation(
                    "--config-name must name a primary config",
                    repr(self._config_name),
                    hint_for(self._config_name, primaries),
                )
            ]
        violations: list[Violation] = []
        sound: list[str] = []
        single_keys: list[tuple[str, Override]] = []
        for text in overrides:
            try:
                (parsed,) = OverridesParser.create().parse_overrides([text])
            except OverrideParseException:
                violations.append(_malformed(text))
                continue
            if parsed.is_sweep_override():
                hint = "Use -m for several runs, [a,b] for a list, or quotes around text that has commas"
                violations.append(Violation("a single run takes one value a key", text, hint, parsed.key_or_group))
            elif parsed.key_or_group in groups and not parsed.is_delete():
                wrong = _wrong_options(parsed, groups)
                violations.extend(wrong)
                if not wrong:
                    sound.append(text)
            elif parsed.is_hydra_override():
                sound.append(text)
            else:
                single_keys.append((text, parsed))
        try:
            base = self._composed(sound)
            changes: list[str] = []
            for text, parsed in single_keys:
                wrong = _wrong_key(text, parsed, base, groups, self._legal_in(base))
                violations.extend(wrong)
                if not wrong:
                    changes.append(text)
            self._build(_mapping(self._composed([*sound, *changes]) if changes else base))
        except ConfigInvalid as invalid:
            violations.extend(invalid.violations)
        except _COMPOSITION_ERRORS as failure:
            if not violations:
                violations.append(Violation("the config must compose", _first_line(failure)))
        return violations or [Violation("the config must compose", _first_line(error))]


class Composer:
    """Composes many experiment configs over the same files, which must not change meanwhile."""

    def __init__(self, *, config_folder: Path | None = None, config_name: str = PRIMARY) -> None:
        """Remember where to look, as `compose` takes it.

        Raises:
            ConfigInvalid: There is no such folder.
        """
        self._composing = _Composing(_folders(config_folder), config_name, build, _legal_in)

    def compose(self, overrides: Sequence[str]) -> Composition:
        """Compose one run's config; writes no file and makes no folder.

        Raises:
            ConfigInvalid: As `compose` raises it.
        """
        config = self._composing.config(overrides)
        return Composition(config, plain(config), tuple(overrides), self._composing.choices(overrides))


def compose(overrides: Sequence[str], *, config_folder: Path | None = None, config_name: str = PRIMARY) -> Composition:
    """Compose one run's config; writes no file and makes no folder.

    Args:
        overrides: Hydra overrides: `key=value`, `+key=value`, `++key=value`, `~key`, `group=option`.
        config_folder: The user's own `conf/`.
        config_name: The primary config.

    Raises:
        ConfigInvalid: An override breaks Hydra's grammar, chooses an option that is not there or changes a key
            that is not there; a value breaks a rule of the schema. All violations at once.
    """
    return Composer(config_folder=config_folder, config_name=config_name).compose(overrides)


def read_ahead(choices: Sequence[str]) -> None:
    """Read what `choices` choose of our files, so that later compositions of this process and its forks need not.

    Args:
        choices: `Composition.choices` of such a composition.
    """
    _Composing(_folders(None), PRIMARY, build, _legal_in).base(tuple(choices))


def compose_fleet(overrides: Sequence[str], *, config_folder: Path | None = None) -> FleetConfig:
    """Compose a fleet's config; takes what `compose` takes.

    Raises:
        ConfigInvalid: As `compose` raises it.
    """

    def legal_in(base: DictConfig) -> list[str]:
        name = OmegaConf.select(base, "fleet.name", throw_on_missing=False)
        return legal_fleet_keys(name) if name in ENGINE_CONFIGS else []

    return _Composing(_folders(config_folder), FLEET, build_fleet, legal_in).config(overrides)


def multirun(
    overrides: Sequence[str], *, config_folder: Path | None = None, config_name: str = PRIMARY
) -> list[list[str]]:
    """The overrides of each run of a multirun: the product of all values, the last override varying fastest.

    Takes Hydra's sweep grammar: `a=1,2`, `choice(...)`, `range(...)`, `glob(...)`. Overrides of Hydra's own
    keys (`hydra/launcher=joblib`) choose how runs are started (see `launcher`) and are left out. Each run is
    composed and checked before the list is given.

    Raises:
        ConfigInvalid: An override is malformed, sweeps an interval, or a run's config breaks a rule.
    """
    groups = config_groups(_folders(config_folder))
    parsed = _parse_all([_without_glob(override, groups) for override in _of_the_run(overrides)])
    try:
        batches = BasicSweeper.split_arguments(parsed, None)
    except (HydraException, ValueError) as error:
        raise ConfigInvalid(
            [Violation("a multirun takes lists of values", str(error), "Use choice(...), range(...) or a,b,c")]
        ) from error
    runs = [list(run) for run in batches[0]]
    composer = Composer(config_folder=config_folder, config_name=config_name)
    for run in runs:
        composer.compose(run)
    return runs


def launcher(overrides: Sequence[str], *, config_folder: Path | None = None, config_name: str = PRIMARY) -> Launcher:
    """How the overrides (or the primary config) want a multirun's runs started.

    Raises:
        ConfigInvalid: The launcher is unknown or not installed.
    """
    own = [override for override in overrides if override not in _of_the_run(overrides)]
    with _hydra(_folders(config_folder)):
        try:
            composed = hydra_compose(config_name, overrides=own, return_hydra_config=True)
            name = str(composed.hydra.runtime.choices["hydra/launcher"])
            jobs = int(OmegaConf.select(composed, "hydra.launcher.n_jobs", default=1))
        except _COMPOSITION_ERRORS as error:
            hint = "For hydra/launcher=joblib: pip install 'sweepyard[joblib]'; or leave the launcher out"
            raise ConfigInvalid(
                [Violation("the launcher must be an installed one", _first_line(error), hint)]
            ) from error
    if name not in {"basic", "joblib"}:
        hint = "Use hydra/launcher=joblib, or leave it out to run one after another"
        raise ConfigInvalid([Violation("the launcher must be basic or joblib", repr(name), hint, "hydra/launcher")])
    return Launcher(name, jobs)


_State = tuple[tuple[Path, int, int], ...]


def _state_of(folder: Path) -> _State:
    """The files of configs below `folder`, each with its time and size: where these are the same, so are they."""
    found = ((path, path.stat()) for path in sorted(folder.rglob("*.yaml")))
    return tuple((path, about.st_mtime_ns, about.st_size) for path, about in found)


@lru_cache(maxsize=64)
def _composed_of_ours(folder: Path, config_name: str, choices: tuple[str, ...], state: _State) -> DictConfig:
    """What `_composed_by_hydra` gives while the files are in this `state`; not to be changed."""
    return _composed_by_hydra([folder], config_name, choices)


def _composed_by_hydra(folders: Sequence[Path], config_name: str, choices: tuple[str, ...]) -> DictConfig:
    unused = () if any("hydra" in choice for choice in choices) else _UNUSED
    with _hydra(folders):
        return hydra_compose(config_name, overrides=[*choices, *unused])


def _folders(config_folder: Path | None) -> list[Path]:
    if config_folder is None:
        return [conf_folder()]
    folder = config_folder.expanduser().absolute()
    if not folder.is_dir():
        raise ConfigInvalid([Violation("--config-dir must name a folder", str(config_folder))])
    return [folder, conf_folder()]


@contextmanager
def _hydra(folders: Sequence[Path]) -> Iterator[None]:
    """Hydra with `folders` on its search path, the first one first; whatever was set up before is restored."""
    with _one_at_a_time, initialize_config_dir(str(folders[-1]), job_name=_JOB, version_base=_HYDRA_VERSION):
        if len(folders) > 1:
            # hydra.searchpath can only add folders behind the primary one; a user's goes before ours.
            search_path = create_config_search_path(str(folders[-1]))
            for folder in reversed(folders[:-1]):
                search_path.prepend("user", f"file://{folder}", anchor="main")
            GlobalHydra.instance().clear()
            Hydra.create_main_hydra2(task_name=_JOB, config_search_path=search_path)
        yield


def _mapping(composed: DictConfig) -> dict[str, Any]:
    """The composed config with interpolations resolved.

    Raises:
        ConfigInvalid: Keys still await a value (`???`).
    """
    unresolved = cast(JsonObject, OmegaConf.to_container(composed, resolve=False))
    missing = [key for key, value in flatten(unresolved) if value == "???"]
    if missing:
        raise ConfigInvalid([Violation("a value is required", hint=f"Set {key}=...", where=key) for key in missing])
    return cast(dict[str, Any], OmegaConf.to_container(composed, resolve=True, throw_on_missing=True))


def _wrong_options(parsed: Override, groups: dict[str, tuple[str, ...]]) -> list[Violation]:
    """Violations of an override that chooses a group's option."""
    group, chosen = parsed.key_or_group, parsed.value()
    options = groups[group]
    if chosen is None:
        hint = f"Options: {', '.join(options)}; leave the override out for the default"
        return [Violation(f"`{group}` is a config group and takes an option's name", "null", hint, group)]
    if not isinstance(chosen, str):
        hint = f"Options: {', '.join(options)}; a single key is set with `{group}.KEY={chosen}`"
        return [Violation(f"`{group}` is a config group and takes an option's name", repr(chosen), hint, group)]
    below, _, option = f"{group}/{chosen}".rpartition("/")
    if option in groups.get(below, ()):
        return []
    return [Violation(f"`{group}` must be one of its options", repr(chosen), hint_for(chosen, options), group)]


def _wrong_key(
    text: str, parsed: Override, base: DictConfig, groups: dict[str, tuple[str, ...]], legal: Sequence[str]
) -> list[Violation]:
    """Violations of an override that changes, adds or removes a single key, of the `legal` ones."""
    key = parsed.key_or_group
    present = _holds(base, key)
    if parsed.is_add() and present:
        return [Violation(f"`{key}` is there already, so + cannot add it", text, f"Write {text[1:]}", key)]
    if parsed.is_delete() and present and OmegaConf.select(base, key, throw_on_missing=False) is None:
        return [Violation(f"`{key}` has no value, so ~ cannot remove it", text, "Leave the override out", key)]
    if present or parsed.is_add() or parsed.is_force_add():
        return []
    if key in legal:
        return [Violation(f"the chosen files leave `{key}` out", text, f"Write ++{text.lstrip('~')}", key)]
    there = [path for path in _paths(base) if not path.startswith("hydra")]
    return [Violation(UNKNOWN_KEY, text, _hint_for_key(key, [*there, *legal], [*groups, *base]), key)]


def _hint_for_key(key: str, dotted: Sequence[str], top: Sequence[str]) -> str:
    elsewhere = hint_for_other_models(key)
    if elsewhere:
        return elsewhere
    near = nearest_name(key, dotted if "." in key else top)
    meant = [near] if near else same_last_part(key, dotted)
    if meant:
        return f"Did you mean {' or '.join(f'`{name}`' for name in meant)}?"
    # Only custom models, data sets and optimisers take keys that the schema does not name.
    return "A new key is added with +, where the schema allows one" if "." in key else hint_for(key, top)


def _legal_in(base: DictConfig) -> list[str]:
    name = OmegaConf.select(base, "model.name", throw_on_missing=False)
    return legal_keys(MODEL_CONFIGS[name]) if name in MODEL_CONFIGS else legal_keys()


def _holds(base: DictConfig, key: str) -> bool:
    """Whether the dotted `key` has a place in `base`, be its value null or awaited."""
    parent_key, _, leaf = key.rpartition(".")
    try:
        parent = OmegaConf.select(base, parent_key) if parent_key else base
    except OmegaConfBaseException:
        return False
    return isinstance(parent, DictConfig) and leaf in parent.keys()  # noqa: SIM118 - `in` hides awaited values


def _paths(node: DictConfig, prefix: str = "") -> Iterator[str]:
    for key in node:
        path = f"{prefix}{key!s}"
        child = node._get_node(key)
        if isinstance(child, DictConfig) and not child._is_none() and not child._is_missing():
            yield from _paths(child, f"{path}.")
        else:
            yield path


def _malformed(text: str) -> Violation:
    hint = "Write key=value; put quotes around text with = , # ' { } [ ] ( ) or spaces: key=\"'a=b'\""
    if text.startswith("-"):
        hint = "Options of the command go before the overrides; see --help"
    return Violation("an override must follow Hydra's grammar", repr(text), hint)


def _parse_all(overrides: Sequence[str]) -> list[Override]:
    parsed: list[Override] = []
    violations: list[Violation] = []
    for text in overrides:
        try:
            parsed.extend(OverridesParser.create().parse_overrides([text]))
        except OverrideParseException:
            violations.append(_malformed(text))
    if violations:
        raise ConfigInvalid(violations)
    return parsed


def _without_glob(text: str, groups: dict[str, tuple[str, ...]]) -> str:
    """`text` with a `glob(...)` over a group's options written out."""
    (parsed,) = _parse_all([text])
    value: object = parsed._value
    if not isinstance(value, Glob):
        return text
    names = value.filter(list(groups.get(parsed.key_or_group, ())))
    if not names:
        raise ConfigInvalid([Violation("a glob must match at least one option of a config group", text)])
    return f"{parsed.get_key_element()}={','.join(names)}"


def _of_the_run(overrides: Sequence[str]) -> list[str]:
    """The overrides that do not concern Hydra itself."""
    return [text for text in overrides if not text.lstrip("+~").startswith(("hydra.", "hydra/"))]


def _first_line(error: BaseException) -> str:
    source = error.__cause__ if not str(error) and error.__cause__ is not None else error
    return next((line.strip() for line in str(source).splitlines() if line.strip()), type(source).__name__)


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=False)
