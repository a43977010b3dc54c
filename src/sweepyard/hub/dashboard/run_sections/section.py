"""What one page of a run shows below the run's name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from starlette.datastructures import QueryParams

from sweepyard.domain.run import Run
from sweepyard.services.bundle import Services


@dataclass(frozen=True, slots=True)
class Section:
    """What one page of a run shows.

    Attributes:
        template: The file in `templates/` that draws it.
        scripts: The modules in `static/scripts/` that its controls need.
    """

    template: ClassVar[str]
    scripts: ClassVar[tuple[str, ...]] = ()


SectionOf = Callable[[Services, Run, QueryParams], Section]
"""Builds a section of a run from what the address asks for."""
