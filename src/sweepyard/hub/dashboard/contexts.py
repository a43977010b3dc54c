"""What each page is told: every name that a template may use."""

from __future__ import annotations

from dataclasses import dataclass

from sweepyard.hub.dashboard.curves import Curve
from sweepyard.hub.dashboard.tables import RunTable

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads somewhere, and what stands beside it."""

    text: str
    url: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPage:
    """The form that asks for a key."""

    title: str
    next: str
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """What went wrong, in words."""

    title: str
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectsPage:
    """All projects."""

    title: str
    username: str
    projects: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage:
    """A project's sweeps and runs."""

    title: str
    username: str
    description: str
    sweeps: tuple[Link, ...]
    runs: RunTable
    total_runs: int
    next_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """A run: what went in, what came out.

    Attributes:
        rows: Cells of `columns`, evenly chosen where the history is long.
        hidden_columns: How many columns the history has beyond those shown.
    """

    title: str
    username: str
    state: str
    project: Link
    sweep: Link | None
    about: Pairs
    notes: str
    config: Pairs
    summary: Pairs
    curves: tuple[Curve, ...]
    history_lines: int
    columns: tuple[str, ...]
    hidden_columns: int
    rows: tuple[tuple[str, ...], ...]
    files: tuple[Link, ...]
    more_files: int
    artifacts: Pairs
    events: tuple[tuple[str, str, str], ...]
    console: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPage:
    """A sweep: its file, how far it is, its runs and agents."""

    title: str
    username: str
    state: str
    project: Link
    about: Pairs
    description: str
    best: Link | None
    config_yaml: str
    runs: RunTable
    total_runs: int
    agents: tuple[tuple[str, str, str, str, str], ...]


PageContext = LoginPage | ErrorPage | ProjectsPage | ProjectPage | RunPage | SweepPage
