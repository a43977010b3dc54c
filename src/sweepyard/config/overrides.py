"""From swept parameters to Hydra overrides, types kept: the quoting rules of Hydra's grammar live here."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from sweepyard.config.locations import conf_folder
from sweepyard.errors import ConfigInvalid, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue, loads_object

FLEET = "fleet"  # the primary config of fleets, and its only group
_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*(\.([A-Za-z_$][A-Za-z0-9_$-]*|0|[1-9][0-9]*))*")
_SEGMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_DICT_KEY = re.compile(r"[A-Za-z_]([A-Za-z0-9_.-]*[A-Za-z0-9_-])?|0|-?[1-9][0-9]*")
_NOT_TEXT = frozenset({"true", "false", "null", "nan", "inf"})
_OPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(/[A-Za-z_][A-Za-z0-9_-]*)*")
_INTERPOLATION = re.compile(r"(\\*)\$\{")
_RECORDED_BY_WANDB = "_wandb"


def config_groups(folders: Iterable[Path], *, of_fleets: bool = False) -> dict[str, tuple[str, ...]]:
    """The config groups below `folders`, each with its options in alphabetical order.

    Args:
        of_fleets: Those of fleets, in place of those of experiments.
    """
    groups: dict[str, set[str]] = {}
    for folder in folders:
        for path in folder.rglob("*.yaml"):
            group = path.parent.relative_to(folder).as_posix()
            if group != "." and (group == FLEET) == of_fleets:
                groups.setdefault(group, set()).add(path.stem)
    return {group: tuple(sorted(options)) for group, options in sorted(groups.items())}


def optional_groups(folders: Iterable[Path], config_name: str = "train") -> frozenset[str]:
    """The groups of which the primary config chooses no option by default.

    Raises:
        ConfigInvalid: The primary config is no YAML.
    """
    for folder in folders:
        path = folder / f"{config_name}.yaml"
        if path.is_file():
            with path.open("rb") as stream:  # A stream, so that an error has its name.
                try:
                    primary = yaml.safe_load(stream)
                except yaml.MarkedYAMLError as error:
                    raise ConfigInvalid([no_yaml(error)]) from error
            defaults = primary.get("defaults", []) if isinstance(primary, dict) else []
            chosen = [item for item in defaults if isinstance(item, dict)]
            return frozenset(str(group) for item in chosen for group, option in item.items() if option is None)
    return frozenset()


def no_yaml(error: yaml.MarkedYAMLError) -> Violation:
    """What to say of a config file that cannot be read as YAML."""
    mark = error.problem_mark or error.context_mark
    where = f"{mark.name}:{mark.line + 1}" if mark is not None else ""
    return Violation(f"a config file must be YAML: {error.problem or error.context}", where=where)


def overrides_of(parameters: Mapping[str, JsonValue], *, config_folder: Path | None = None) -> list[str]:
    """Hydra overrides that give every parameter exactly its value, group choices first.

    A key that names a config group chooses that group's option (`model: mlp` gives `model=mlp`); other keys
    are dotted paths or nested mappings and become `++key=value`, so that a key outside the schema is refused
    by the config's own rules.

    Args:
        parameters: A run's swept parameters, flat dotted keys or nested mappings.
        config_folder: The user's own `conf/`, whose groups count too.

    Raises:
        ConfigInvalid: A key or value that Hydra's grammar cannot express, or a group that is given a value;
            all at once; or a primary config that is no YAML.
    """
    folders = [conf_folder()] if config_folder is None else [config_folder, conf_folder()]
    groups = config_groups(folders)
    optional = optional_groups(folders)
    violations: list[Violation] = []
    choices: list[str] = []
    values: list[str] = []
    for key, value in _paths(parameters, ""):
        if not _KEY.fullmatch(key):
            rule = "a parameter's name must be made of letters, digits, dots, dashes and underscores"
            violations.append(Violation(rule, repr(key), where=key))
        elif key in optional and value is None:
            continue  # Hydra has no override for "no option", which these groups start with.
        elif key in groups and isinstance(value, str):
            choices.append(f"{key}={_option(value)}")
        elif key in groups:
            rule = f"`{key}` is a config group and takes the name of an option"
            hint = f"Options: {', '.join(groups[key])}; single keys are swept as `{key}.KEY`"
            violations.append(Violation(rule, json.dumps(value), hint, key))
        else:
            values.append(f"++{key}={_literal(value, key, violations)}")
    if violations:
        raise ConfigInvalid(violations)
    return choices + values


def read_parameters(path: Path, *, swept: Collection[str] | None = None) -> JsonObject:
    """The parameters in the JSON file that an agent names by `${args_json_file}`.

    Args:
        path: The file.
        swept: The sweep's own keys. On resume W&B hands over the run's whole recorded config; only these
            are taken from it. By default everything but W&B's own record (`_wandb`).

    Raises:
        ConfigInvalid: The file cannot be read, or is not a JSON object.
    """
    try:
        parameters = loads_object(path.read_bytes())
    except OSError as error:
        rule, reason = "--parameters must name a file that can be read", error.strerror or str(error)
        raise ConfigInvalid(
            [Violation(rule, f"{path}: {reason}", "Agents name theirs by ${args_json_file}")]
        ) from error
    except ValueError as error:
        raise ConfigInvalid(
            [Violation("the file of parameters must hold a JSON object", str(error), where=str(path))]
        ) from error
    return {
        key: value for key, value in parameters.items() if key != _RECORDED_BY_WANDB and (swept is None or key in swept)
    }


def _paths(mapping: Mapping[str, JsonValue], prefix: str) -> Iterator[tuple[str, JsonValue]]:
    """(dotted key, leaf) pairs; a mapping whose keys are no path segments stays a leaf."""
    for key, value in mapping.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and value and all(_SEGMENT.fullmatch(inner) for inner in value):
            yield from _paths(value, f"{path}.")
        else:
            yield path, value


def _option(value: str) -> str:
    return value if _OPTION.fullmatch(value) and value.lower() not in _NOT_TEXT else _quoted(value)


def _literal(value: JsonValue, where: str, violations: list[Violation]) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        if value == "???":
            violations.append(Violation("`???` stands for a missing value and cannot be one", repr(value), where=where))
        return _quoted(value)
    if isinstance(value, list):
        return f"[{','.join(_literal(item, where, violations) for item in value)}]"
    pairs = []
    for key, item in value.items():
        if not _DICT_KEY.fullmatch(key) or key.lower() in _NOT_TEXT:
            rule = "a nested key must be a name of ASCII letters, digits, dots, dashes and underscores, or a number"
            violations.append(Violation(rule, repr(key), where=where))
        pairs.append(f"{key}:{_literal(item, where, violations)}")
    return f"{{{','.join(pairs)}}}"


def _quoted(text: str) -> str:
    """`text` in single quotes, so that Hydra's grammar and then OmegaConf's interpolation give it back unchanged."""
    # OmegaConf: backslashes before ${ are escapes, and \${ is a literal ${.
    plain = _INTERPOLATION.sub(lambda match: match[1] * 2 + r"\${", text)
    # Hydra: backslashes before a quote, and before the closing one, are escapes.
    escaped = re.sub(r"(\\*)'", lambda match: match[1] * 2 + r"\'", plain)
    trailing = len(escaped) - len(escaped.rstrip("\\"))
    return f"'{escaped}{chr(92) * trailing}'"
