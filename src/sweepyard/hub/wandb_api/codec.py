"""Values on the wire and ours, one pair of functions a noun; the wire's wrapping is known here alone.

Names are turned by the schema (its fields are found by their names in snake case); this module turns values:
node ids, moments, configs, run states, commands.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sweepyard import jsonvalue
from sweepyard.domain.agent import Command, CommandKind
from sweepyard.domain.run import RunPath, RunState
from sweepyard.domain.sweep import SweepPath, SweepState
from sweepyard.errors import NotFound, RequestInvalid, Violation
from sweepyard.jsonvalue import JsonObject, JsonValue

CLIENT_KEY = "_wandb"
_VALUE = "value"
_SYNC = re.compile(r"(?:.*[/\\])?(?:wandb|wb)(?:\.exe)?|-m wandb(?:\.__main__)?")

# --------------------------------------------------------------------------------------------------- ids


def node_id(kind: str, *parts: str | int) -> str:
    """An opaque id: base64 of `Kind:part:part`; the last part alone may hold colons."""
    return base64.b64encode(":".join([kind, *map(str, parts)]).encode()).decode()


def parts_of_id(kind: str, text: str, count: int) -> list[str]:
    """The `count` parts behind the kind of an id that `node_id` made.

    Raises:
        NotFound: The text is no id of that kind.
    """
    try:
        inside = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise NotFound(f"{text[:80]!r} is not the id of a {kind.lower()}") from error
    head, *parts = inside.split(":", count)
    if head != kind or len(parts) != count or "\0" in inside:
        raise NotFound(f"{text[:80]!r} is not the id of a {kind.lower()}")
    return parts


def number_of_id(kind: str, text: str) -> int:
    """The number in an id that `node_id(kind, number)` made.

    Raises:
        NotFound: The text is no id of that kind.
    """
    (digits,) = parts_of_id(kind, text, 1)
    if not digits.isdecimal() or len(digits) > 18:
        raise NotFound(f"{text[:80]!r} is not the id of a {kind.lower()}")
    return int(digits)


def run_to_id(path: RunPath) -> str:
    """A run's id on the wire."""
    return node_id("Run", "v1", path.run_id, path.project, path.entity)


def run_from_id(text: str) -> RunPath:
    """The run that an id on the wire names.

    Raises:
        NotFound: It names none.
    """
    _, run_id, project, entity = parts_of_id("Run", text, 4)
    return RunPath(entity, project, run_id)


def sweep_to_id(path: SweepPath) -> str:
    """A sweep's id on the wire."""
    return node_id("Sweep", "v1", path.sweep_id, path.project, path.entity)


def sweep_from_id(text: str) -> SweepPath:
    """The sweep that an id on the wire names.

    Raises:
        NotFound: It names none.
    """
    _, sweep_id, project, entity = parts_of_id("Sweep", text, 4)
    return SweepPath(entity, project, sweep_id)


def run_file_to_id(path: RunPath, name: str) -> str:
    """The id on the wire of a run's file."""
    return node_id("File", "v1", path.run_id, path.project, path.entity, name)


def run_file_from_id(text: str) -> tuple[RunPath, str]:
    """The run's file that an id on the wire names.

    Raises:
        NotFound: It names none.
    """
    _, run_id, project, entity, name = parts_of_id("File", text, 5)
    return RunPath(entity, project, run_id), name


# ----------------------------------------------------------------------------------------------- moments


def moment_to_wire(moment: datetime) -> str:
    """A moment as RFC 3339 in UTC, to the second, as W&B's own server writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# ------------------------------------------------------------------------------------------- JSON strings


def object_from_wire(what: str, text: str) -> JsonObject:
    """A JSON object sent as text.

    Raises:
        RequestInvalid: It is not one; the message says `what` was meant to be one.
    """
    try:
        return jsonvalue.loads_object(text)
    except ValueError as error:
        raise RequestInvalid([Violation(f"{what} is a JSON object, as text", str(error))]) from error


def config_to_wire(config: JsonObject, client: JsonObject) -> str:
    """A run config as the client reads it: each value wrapped, the client's own part under `_wandb`."""
    wrapped: JsonObject = {key: {_VALUE: value} for key, value in config.items()}
    if client:
        wrapped[CLIENT_KEY] = {_VALUE: client}
    return jsonvalue.dumps(wrapped)


def config_from_wire(text: str) -> tuple[JsonObject, JsonObject]:
    """A run config and the client's own part of it, unwrapped.

    Raises:
        RequestInvalid: Not a JSON object, or keys whose value is not wrapped; all of them are named.
    """
    config = object_from_wire("a config", text)
    violations: list[Violation] = []
    plain: JsonObject = {}
    for key, wrapped in config.items():
        if isinstance(wrapped, dict) and _VALUE in wrapped:
            plain[key] = wrapped[_VALUE]
        else:
            rule = 'each key of a config holds {"value": ...}'
            violations.append(Violation(rule, jsonvalue.dumps(wrapped)[:80], where=key))
    if violations:
        raise RequestInvalid(violations)
    client = plain.pop(CLIENT_KEY, None)
    return plain, client if isinstance(client, dict) else {}


def chosen_to_wire(mapping: JsonObject, keys: Iterable[str] | None) -> str:
    """The chosen keys of a mapping (all of them for None), those that there are."""
    chosen = mapping if keys is None else {key: mapping[key] for key in keys if key in mapping}
    return jsonvalue.dumps(chosen)


def strings_to_wire(lines: Iterable[str]) -> str:
    """A JSON list of texts."""
    return jsonvalue.dumps(list(lines))


def is_sync(program: str | None) -> bool:
    """Whether a run's upsert comes from `wandb sync`, which names itself as the program of what it sends again."""
    return program is not None and _SYNC.fullmatch(program) is not None


# ------------------------------------------------------------------------------------------------- states


def run_state_from_wire(text: str) -> RunState:
    """A run's state.

    Raises:
        RequestInvalid: There is no such state.
    """
    try:
        return RunState(text)
    except ValueError:
        legal = ", ".join(state.value for state in RunState)
        raise RequestInvalid([Violation(f"a run's state is one of {legal}", repr(text[:40]))]) from None


def sweep_state_from_wire(text: str) -> SweepState:
    """A sweep's state.

    Raises:
        RequestInvalid: There is no such state.
    """
    try:
        return SweepState(text.upper())
    except ValueError:
        legal = ", ".join(state.value for state in SweepState)
        raise RequestInvalid([Violation(f"a sweep's state is one of {legal}", repr(text[:40]))]) from None


# ------------------------------------------------------------------------------------------------- agents


def commands_to_wire(commands: Iterable[Command]) -> str:
    """The commands that answer a heartbeat, as a JSON list."""
    return jsonvalue.dumps([_command_to_wire(command) for command in commands])


def _command_to_wire(command: Command) -> JsonObject:
    wire: JsonObject = {"type": command.kind.value}
    if command.kind is CommandKind.EXIT:
        return wire
    wire["run_id"] = command.run_id
    if command.kind in {CommandKind.RUN, CommandKind.RESUME}:
        wire["program"] = command.program
        wire["args"] = {key: {_VALUE: value} for key, value in command.parameters.items()}
        wire["logs"] = []
    return wire


def running_from_wire(text: str | None) -> tuple[str, ...]:
    """The ids of the runs that an agent says it is working on.

    Raises:
        RequestInvalid: Not a JSON object.
    """
    states = object_from_wire("runState", text) if text else {}
    return tuple(run_id for run_id, running in states.items() if running)


# ------------------------------------------------------------------------------------------------ history


@dataclass(frozen=True, slots=True)
class HistorySpec:
    """What a client wants of a run's history.

    Attributes:
        keys: Only rows that have all of them, and only these; empty for whole rows.
        samples: About how many rows; None for all.
        max_step: The last step wanted, itself included.
    """

    keys: tuple[str, ...]
    samples: int | None
    min_step: int | None
    max_step: int | None


def history_spec_from_wire(text: str) -> HistorySpec:
    """A spec of sampled history.

    Raises:
        RequestInvalid: Not a JSON object of the right types.
    """
    spec = object_from_wire("a history spec", text)
    keys = spec.get("keys") or []
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise RequestInvalid([Violation("a history spec's keys are a list of texts", jsonvalue.dumps(keys)[:80])])
    return HistorySpec(
        keys=tuple(str(key) for key in keys),
        samples=_whole_number(spec, "samples"),
        min_step=_whole_number(spec, "minStep"),
        max_step=_whole_number(spec, "maxStep"),
    )


def _whole_number(spec: Mapping[str, JsonValue], key: str) -> int | None:
    value = spec.get(key)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise RequestInvalid([Violation(f"a history spec's {key} is a whole number", jsonvalue.dumps(value)[:80])])
