"""The routes of a sweep's page: itself, what changes the sweep, what its charts are drawn from."""

from __future__ import annotations

from functools import partial

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from sweepyard.domain.access import Actor
from sweepyard.domain.sweep import SweepState
from sweepyard.errors import RequestInvalid, Violation
from sweepyard.hub.dashboard import urls
from sweepyard.hub.dashboard.doors import Doors
from sweepyard.hub.dashboard.drawn.printed import FORMS
from sweepyard.hub.dashboard.drawn.sending import sheet_response
from sweepyard.hub.dashboard.drawn.sweep_sheet import sweep_sheet
from sweepyard.hub.dashboard.frame import Page
from sweepyard.hub.dashboard.pages.sweep import sweep_page
from sweepyard.hub.dashboard.pages.sweep_changes import MAX_FILE_BYTES, confirm_page, edit_page, edited
from sweepyard.hub.dashboard.places import SWEEP, sweep_of
from sweepyard.hub.dashboard.sweep_sections.chart_data import bands_data, points_data, results_data
from sweepyard.hub.dashboard.views import RunsView
from sweepyard.jsonvalue import JsonObject
from sweepyard.services.bundle import Services

_STEERED = {
    state.value: state for state in (SweepState.RUNNING, SweepState.PAUSED, SweepState.FINISHED, SweepState.CANCELED)
}
_ENDS = {"stop": SweepState.FINISHED, "cancel": SweepState.CANCELED}


def sweep_routes(doors: Doors, services: Services) -> list[BaseRoute]:
    """All of them but those of its table of runs."""

    def page(request: Request, actor: Actor) -> Page:
        return sweep_page(services, actor, sweep_of(request), request.query_params)

    def steer(request: Request, _actor: Actor, form: QueryParams) -> str:
        services.sweeps.set_state(sweep_of(request), _state_in(form))
        return _page_of(request)

    def readmit(request: Request, _actor: Actor, form: QueryParams) -> str:
        services.agents.readmit(sweep_of(request), form.get("host", ""))
        return _page_of(request)

    def edit(request: Request, actor: Actor) -> Page:
        return edit_page(services, actor, sweep_of(request))

    def change(request: Request, actor: Actor, form: QueryParams) -> str | Page:
        return edited(services, actor, sweep_of(request), form.get("file", ""), form.get("seen", ""))

    def points(request: Request) -> JsonObject:
        asked = request.query_params
        return points_data(services, sweep_of(request), RunsView.of(asked), asked.getlist("of"))

    def sheet(request: Request, form: str) -> Response:
        path = sweep_of(request)
        return sheet_response(sweep_sheet(services, path, request.query_params, services.clock.now()), path, form)

    return [
        doors.page(SWEEP, page),
        doors.events(urls.events_url(SWEEP), lambda request: services.watching.sweep(sweep_of(request))),
        doors.action(urls.sweep_state_url(SWEEP), steer, back=_page_of),
        doors.action(urls.readmit_url(SWEEP), readmit, back=_page_of),
        *(_confirming(doors, services, name) for name in _ENDS),
        doors.page(urls.edit_sweep_url(SWEEP), edit),
        doors.action(
            urls.edit_sweep_url(SWEEP),
            change,
            back=lambda request: urls.edit_sweep_url(_page_of(request)),
            limit_bytes=MAX_FILE_BYTES,
        ),
        doors.data(urls.sweep_points_url(SWEEP), points),
        doors.data(urls.sweep_results_url(SWEEP), lambda request: results_data(services, sweep_of(request))),
        doors.data(urls.sweep_bands_url(SWEEP), lambda request: bands_data(services, sweep_of(request))),
        *(doors.answer(urls.sweep_sheet_url(SWEEP, form), partial(sheet, form=form)) for form in ("html", *FORMS)),
    ]


def _confirming(doors: Doors, services: Services, name: str) -> BaseRoute:
    def page(request: Request, actor: Actor) -> Page:
        return confirm_page(services, actor, sweep_of(request), _ENDS[name])

    return doors.page(urls.confirm_sweep_url(SWEEP, name), page)


def _page_of(request: Request) -> str:
    return urls.sweep_url(sweep_of(request))


def _state_in(form: QueryParams) -> SweepState:
    asked = form.get("to", "")
    if asked not in _STEERED:
        raise RequestInvalid([Violation(f"a sweep is asked to be {', '.join(_STEERED)}", repr(asked[:40]), where="to")])
    return _STEERED[asked]
