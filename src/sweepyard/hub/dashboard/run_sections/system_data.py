"""The numbers of charts of system metrics, for their script."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sweepyard.domain.curves import ordered, thinned, within
from sweepyard.domain.rows import decode_line
from sweepyard.domain.run import RunPath
from sweepyard.hub.dashboard import texts
from sweepyard.hub.dashboard.curve_data import Line, unicode_text
from sweepyard.hub.dashboard.curve_numbers import chart_of
from sweepyard.hub.dashboard.curve_views import CurvesAsked
from sweepyard.hub.dashboard.run_sections.system import Points, drawn_parts, kind_of, measured
from sweepyard.services.bundle import Services
from sweepyard.services.curves import CurvesWanted


def system_data(services: Services, path: RunPath, asked: CurvesAsked) -> dict[str, object]:
    """The curves of a run's system metrics over seconds; each chart has lines of its own, one a part.

    Raises:
        NotFound: There is no such run.
    """
    families = measured([decode_line(text) for text in services.history.events(path)])
    charts = [_chart(family, families.get(family, {}), asked.wanted) for family in asked.wanted.metrics]
    return {"note": "", "charts": charts}


def _chart(family: str, parts: Mapping[str, Points], wanted: CurvesWanted) -> dict[str, object]:
    shown = drawn_parts(parts)
    measured_in = [within(*ordered(*np.array(parts[part], np.float64).T), wanted.edges) for part in shown]
    curves = {number: curve for number, curve in enumerate(thinned(measured_in, wanted.points)) if len(curve.x)}
    lines = [Line(key=unicode_text(part), name=_name(family, part)).as_json() for part in shown]
    return {"metric": family, "lines": lines, **chart_of(curves)}


def _name(family: str, part: str) -> str:
    return unicode_text(texts.shortened(f"{kind_of(family)} {part}".strip()))
