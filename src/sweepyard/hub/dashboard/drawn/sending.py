"""A sweep's document as a response: a file to be saved."""

from __future__ import annotations

from starlette.responses import Response

from sweepyard.domain.sweep import SweepPath
from sweepyard.hub.dashboard.drawn.pages import one_sheet, pages
from sweepyard.hub.dashboard.drawn.printed import FORMS, printed
from sweepyard.hub.dashboard.drawn.sweep_sheet import SweepSheet
from sweepyard.hub.dashboard.rendering import render
from sweepyard.web.headers import NEVER_STORED


def sheet_response(sheet: SweepSheet, path: SweepPath, form: str) -> Response:
    """The document as html, pdf or png.

    Raises:
        Conflict: It cannot be printed here.
    """
    if form == "html":
        response: Response = render(sheet)
    else:
        content = printed(pages(sheet) if form == "pdf" else [one_sheet(sheet)], form)
        response = Response(content, media_type=FORMS[form], headers=NEVER_STORED)
    response.headers["Content-Disposition"] = f'attachment; filename="{path.project}-{path.sweep_id}.{form}"'
    return response
