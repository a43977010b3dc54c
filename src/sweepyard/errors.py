"""Every deliberate error of Sweepyard, as one tree.

SweepyardError                    exit code 1 at the command line
├── InvalidInput                  one or many violations: rule, value received, what to do
│   ├── ArgumentInvalid           the command line makes no sense; exit code 2
│   ├── ConfigInvalid             a Hydra composition breaks a rule
│   ├── SweepFileInvalid          a sweep file breaks a rule
│   └── RequestInvalid            a client of the hub sent something malformed
├── DataError
│   ├── DataMissing               no source could deliver a data set
│   ├── DigestMismatch            bytes differ from the catalogue's digest
│   └── IdxInvalid                not a well-formed IDX file
├── TrainingError
│   ├── NonFiniteLoss             the loss became NaN or infinite
│   ├── OutOfMemory               the device has too little memory; exit code 71
│   ├── CheckpointError           a checkpoint cannot be written, read or resumed
│   └── ModelFileError            a model file is unreadable or has another shape
├── TrackingError                 the tracker's server refused or is away
│   ├── NotTracked                it has no run or sweep of that name
│   ├── SweepClosed               the sweep hands out no runs: it is over, or paused
│   └── Preempted                 a run lost its host, and the client's service before it could say so; exit code 75
├── StorageError                  a database cannot be reached, used or understood
│   ├── StorageAway               its server answers nobody for now
│   └── StorageFull               there is no room for more
├── FleetError                    an engine of fleets is not there, or refuses
├── HubError
│   ├── HubUnreachable            no hub answers where one is expected
│   ├── HubAlreadyRunning         one hub a home
│   ├── PortTaken                 the address is in use
│   └── ArchiveError              a backup or an export cannot be made, trusted or restored
└── ServiceError                  what the hub's services answer
    ├── NotFound
    ├── Conflict
    ├── Unauthenticated           no key, or a wrong one
    └── Forbidden                 a right key with too few rights
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sweepyard import exitcodes


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule.

    Attributes:
        rule: What must hold, as a sentence without a full stop.
        received: The offending value, as the user wrote it; empty when something is absent.
        hint: What to do about it, for example the nearest legal name; may be empty.
        where: A file, line, key or path that locates the value; may be empty.
    """

    rule: str
    received: str = ""
    hint: str = ""
    where: str = ""

    def __str__(self) -> str:
        head = f"{self.where}: {self.rule}" if self.where else self.rule
        received = f"; received {self.received}" if self.received else ""
        hint = f". {self.hint}" if self.hint else ""
        return f"{head}{received}{hint}"


class SweepyardError(Exception):
    """The root of all deliberate errors; its text is fit for a terminal."""

    exit_code = 1


class InvalidInput(SweepyardError):
    """One or many violations, all reported at once."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        if not violations:
            raise ValueError("an InvalidInput needs at least one violation")
        self.violations = tuple(violations)
        super().__init__("\n".join(str(violation) for violation in violations))


class ArgumentInvalid(InvalidInput):
    """An argument of a command makes no sense, or not on this host."""

    exit_code = 2


class ConfigInvalid(InvalidInput):
    """A Hydra composition breaks a rule."""


class SweepFileInvalid(InvalidInput):
    """A sweep file breaks a rule."""


class RequestInvalid(InvalidInput):
    """A client of the hub sent something malformed."""


class DataError(SweepyardError):
    """A data set cannot be had or trusted."""


class DataMissing(DataError):
    """No source could deliver a data set."""


class DigestMismatch(DataError):
    """Bytes differ from the digest that the catalogue names."""


class IdxInvalid(DataError):
    """Bytes are not a well-formed IDX file."""


class TrainingError(SweepyardError):
    """A fit cannot go on."""


class NonFiniteLoss(TrainingError):
    """The loss became NaN or infinite."""


class OutOfMemory(TrainingError):
    """The device has too little memory for the fit."""

    exit_code = exitcodes.OUT_OF_MEMORY


class CheckpointError(TrainingError):
    """A checkpoint cannot be written, read or resumed from."""


class ModelFileError(TrainingError):
    """A model file is unreadable or has another shape than asked for."""


class TrackingError(SweepyardError):
    """The tracker's server refused, or is away."""


class NotTracked(TrackingError):
    """The tracker's server has nothing under that name."""


class StorageError(SweepyardError):
    """A database cannot be reached, used or understood."""


class StorageAway(StorageError):
    """The database's server answers nobody for now: it restarts, or cannot be reached."""


class StorageFull(StorageError):
    """There is no room for more; nothing of what was to be stored is."""


class SweepClosed(TrackingError):
    """The sweep hands out no runs: it is over, or paused."""

    def __init__(self, message: str, *, is_over: bool) -> None:
        self.is_over = is_over
        super().__init__(message)


class Preempted(TrackingError):
    """A run lost its host, and the client's service before it could say so itself; its server knows."""

    exit_code = exitcodes.PREEMPTED


class FleetError(SweepyardError):
    """An engine of fleets is not there, or refuses; or there is no such fleet."""


class HubError(SweepyardError):
    """The embedded hub cannot be started or reached."""


class HubUnreachable(HubError):
    """No hub answers where one is expected."""


class HubAlreadyRunning(HubError):
    """A home has one hub, and it is running already."""


class PortTaken(HubError):
    """The address asked for is in use."""


class ArchiveError(HubError):
    """A backup or an export cannot be made, trusted or restored."""


class ServiceError(SweepyardError):
    """What the hub's services answer when a request cannot be served."""


class NotFound(ServiceError):
    """Nothing is stored under that name."""


class Conflict(ServiceError):
    """The request contradicts the present state."""


class Unauthenticated(ServiceError):
    """No key, or a wrong one."""


class Forbidden(ServiceError):
    """A right key with too few rights."""
