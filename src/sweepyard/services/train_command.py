"""The words behind `sweepyard train` in a sweep's command, read as its own parser reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sweepyard.errors import Violation
from sweepyard.sweeps.findings import nearest_word

OPTIONS_WITH_VALUE = frozenset({"--parameters", "--config-dir", "--config-name", "--resume", "--cfg"})
FLAGS = frozenset({"-h", "--help", "-m", "--multirun"})
OVERRIDE_MACROS = frozenset({"${args_no_hyphens}", "${args_append_hydra}", "${args_override_hydra}"})
"""What becomes one Hydra override for each parameter."""

_PARAMETERS, _PARAMETER_FILE = "--parameters", "${args_json_file}"
_OTHER_MACROS = frozenset({"${args}", "${args_no_equals}", "${args_no_boolean_flags}", "${args_json}"}) | frozenset(
    {"${env}", "${interpreter}", "${program}"}
)
_PASS_ON = f'Pass {_PARAMETERS} and "{_PARAMETER_FILE}"'
_WHY_NOT: Mapping[str, str] = {
    "--cfg": "It prints the config and trains nothing",
    "-h": "It prints the help and trains nothing",
    "--help": "It prints the help and trains nothing",
    "-m": "The sweep's parameters vary what is to vary",
    "--multirun": "The sweep's parameters vary what is to vary",
    "--resume": "Agents go on with the runs of their sweep without it",
}


@dataclass(frozen=True, slots=True)
class TrainArguments:
    """What the words say.

    Attributes:
        options: The values of options that have one.
        overrides: The Hydra overrides that hold for every run.
        passes_parameters: Whether what the sweep suggests reaches the run.
        violations: Why such a run would fail, or would not train what the sweep suggests.
    """

    options: Mapping[str, str]
    overrides: tuple[str, ...]
    passes_parameters: bool
    violations: tuple[Violation, ...]


def read_arguments(words: Sequence[str], where: str) -> TrainArguments:
    """Read the words behind `train`.

    Args:
        where: The place of the command, for violations.
    """
    options: dict[str, str] = {}
    overrides: list[str] = []
    found: list[Violation] = []
    left = list(words)
    while left:
        word = left.pop(0)
        option, has_value, value = word.partition("=")
        if not word.startswith("-"):
            if "=" in word or word.startswith("~"):
                overrides.append(word)
            else:
                found += _wrong_word(word, where)
            continue
        if option in _WHY_NOT:
            rule = "the command of a sweep must not have this option of `sweepyard train`"
            found.append(Violation(rule, word, f"{_WHY_NOT[option]}: leave it out", where))
        elif option not in OPTIONS_WITH_VALUE:
            found.append(Violation("`sweepyard train` has no such option", word, _meant(option), where))
        if option in OPTIONS_WITH_VALUE and not has_value:
            if not left or left[0].startswith("-"):
                found.append(Violation(f"`{option}` must have its value behind it", "", "", where))
                continue
            value = left.pop(0)
        if option in OPTIONS_WITH_VALUE:
            options[option] = value
    file = options.get(_PARAMETERS, "")
    if file in _OTHER_MACROS | OVERRIDE_MACROS:
        rule = f"`{_PARAMETERS}` must be followed by the macro that names a file"
        found.append(Violation(rule, file, f'Write "{_PARAMETER_FILE}"', where))
    passes = file == _PARAMETER_FILE or not OVERRIDE_MACROS.isdisjoint(words)
    return TrainArguments(options, tuple(overrides), passes, tuple(found))


def _wrong_word(word: str, where: str) -> list[Violation]:
    """What is wrong with a word that is neither an option nor an override."""
    if word == _PARAMETER_FILE:
        rule = f"`{_PARAMETER_FILE}` must stand directly behind {_PARAMETERS}"
        return [Violation(rule, "", f'Write {_PARAMETERS}, "{_PARAMETER_FILE}"', where)]
    if word in _OTHER_MACROS:
        return [Violation("`sweepyard train` cannot read what this macro becomes", word, _PASS_ON, where)]
    if word.startswith("${"):  # One of an environment, or one that is refused for itself.
        return []
    rule = "a word behind `sweepyard train` must be an option or an override"
    return [Violation(rule, word, "Write key=value or group=option", where)]


def _meant(option: str) -> str:
    near = nearest_word(option, (OPTIONS_WITH_VALUE | FLAGS) - set(_WHY_NOT))
    return f"Did you mean `{near}`?" if near else "Keys of the config are set without dashes: key=value"
