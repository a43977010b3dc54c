"""Changing a sweep: asking whether to stop or to cancel it, and the page to edit its file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import ClassVar

from sweepyard.domain.access import Actor, Role
from sweepyard.domain.names import shown_name
from sweepyard.domain.sweep import Sweep, SweepPath, SweepState
from sweepyard.errors import Conflict, SweepFileInvalid
from sweepyard.hub.dashboard import texts, urls
from sweepyard.hub.dashboard.frame import Page
from sweepyard.hub.dashboard.links import project_link, sweep_link
from sweepyard.hub.dashboard.pages.confirm import ConfirmPage
from sweepyard.services.bundle import Services
from sweepyard.services.guard import allow
from sweepyard.services.sweeps import require_editable
from sweepyard.sweeps.document import readable

MAX_FILE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPage(Page):
    """A sweep's file in a field.

    Attributes:
        text: What stands in the field.
        seen: Tells which file the sweep went by when the page was made.
        problems: What is wrong with it; empty before it was sent.
        rules: What may be changed.
        send_url: Where it is sent.
    """

    template: ClassVar[str] = "sweep_edit.html"
    text: str
    seen: str
    problems: tuple[str, ...]
    rules: str
    send_url: str
    leave_url: str


def confirm_page(services: Services, actor: Actor, path: SweepPath, to: SweepState) -> ConfirmPage:
    """The page that asks whether the sweep shall be finished, or canceled.

    Raises:
        NotFound: There is no such sweep.
        Forbidden: The actor may only read.
    """
    sweep = services.sweeps.get(path)
    allow(actor, Role.WRITE)
    waiting = sum(point.waits for point in services.sweep_overview.points(path))
    live = sum(count for state, count in services.sweeps.counts(path).items() if state.is_live) - waiting
    verb, fate = ("Cancel", "told to stop, and killed") if to is SweepState.CANCELED else ("Stop", "left to finish")
    page = urls.sweep_url(path)
    return ConfirmPage(
        title=f"{verb} the sweep?",
        username=actor.username,
        trail=(project_link(path.entity, path.project), sweep_link(sweep)),
        question=f"{verb} the sweep {texts.shortened(shown_name(sweep.display_name, path.sweep_id))}?",
        consequences=tuple(
            filter(
                None,
                (
                    "No more runs are handed out; its agents leave.",
                    f"Runs that go on now, {live:,}, are {fate}." if live else "",
                    f"Points that wait for an agent, {waiting:,}, are not run." if waiting else "",
                    "This cannot be undone.",
                ),
            )
        ),
        verb=f"{verb} the sweep",
        answer=(("to", to.value),),
        answer_url=urls.sweep_state_url(page),
        leave_url=page,
    )


def edit_page(services: Services, actor: Actor, path: SweepPath) -> EditPage:
    """The sweep's file, to be edited.

    Raises:
        NotFound: There is no such sweep.
        Forbidden: The actor may only read.
        Conflict: The sweep is over.
    """
    sweep = services.sweeps.get(path)
    allow(actor, Role.WRITE)
    require_editable(sweep)
    return _edit_page(services, actor, sweep, readable(sweep.config_yaml), ())


def edited(services: Services, actor: Actor, path: SweepPath, text: str, seen: str) -> str | EditPage:
    """The address of the sweep that goes on by a new file; or the page again, with what is wrong with the file.

    Args:
        seen: What the page with the form said of the file that the sweep went by then.

    Raises:
        NotFound: There is no such sweep.
        Forbidden: The actor may only read.
    """
    sweep = services.sweeps.get(path)
    allow(actor, Role.WRITE)
    # Browsers send lines as CR LF, whatever they were.
    written = text.replace("\r\n", "\n")
    if seen != _mark_of(sweep):
        return _edit_page(services, actor, sweep, written, (_CHANGED,))
    try:
        services.sweeps.edit(path, written)
    except SweepFileInvalid as error:
        problems = tuple(str(violation) for violation in error.violations)
    except Conflict as error:
        problems = (str(error),)
    else:
        return urls.sweep_url(path)
    return _edit_page(services, actor, sweep, written, problems)


def _edit_page(services: Services, actor: Actor, sweep: Sweep, text: str, problems: tuple[str, ...]) -> EditPage:
    page = urls.sweep_url(sweep.path)
    return EditPage(
        title="Edit the sweep",
        username=actor.username,
        trail=(project_link(sweep.path.entity, sweep.path.project), sweep_link(sweep)),
        text=text,
        seen=_mark_of(sweep),
        problems=problems,
        rules=_GROWS if services.sweeps.leases(sweep.path) else "No run was handed out yet, so anything may change.",
        send_url=urls.edit_sweep_url(page),
        leave_url=page,
    )


def _mark_of(sweep: Sweep) -> str:
    return hashlib.sha256(sweep.config_yaml.encode("utf-8", "backslashreplace")).hexdigest()[:16]


_CHANGED = (
    "somebody has changed the file since this page was opened; the sweep's page shows how it is now. "
    "Send this one again to have it in its place"
)
_GROWS = (
    "The sweep has runs already, so it may only grow: more values, wider ranges, a higher run_cap; names, targets, "
    "budgets and retries as you like. A grid goes on with the points that no run has; random and Bayesian search go "
    "on with their sequence."
)
