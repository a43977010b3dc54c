"""Reports as W&B's clients save and read them: views, each with a specification of blocks and panels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import GraphQLResolveInfo

from sweepyard import jsonvalue
from sweepyard.domain.project import Project
from sweepyard.domain.report import REPORT_KIND, Report, SavedView
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import NotFound, RequestInvalid, Violation
from sweepyard.hub.view_specs import sweep_of
from sweepyard.hub.wandb_api import codec
from sweepyard.hub.wandb_api.connections import Connection, connect
from sweepyard.hub.wandb_api.context import Context, Input, Resolvers, context_of
from sweepyard.hub.wandb_api.operations.users import UserNode, user_node
from sweepyard.jsonvalue import JsonObject
from sweepyard.services.paging import page_of
from sweepyard.services.ports.runs import RunSelection

MAX_SPEC = 4 << 20
"""In characters."""
_SPEC_VERSION = 5


class ViewNode:
    """A report; one written at the hub is a single block of Markdown to clients."""

    def __init__(self, context: Context, report: Report) -> None:
        self._context = context
        self.report = report
        self.id = report.report_id
        self.type = report.kind
        self.name = _name_of(report)
        self.display_name = report.title
        self.description = report.view.description if report.view else ""
        self.spec = jsonvalue.dumps(report.view.spec if report.view else _spec_of(report.text))
        self.created_at = report.created_at
        self.updated_at = report.updated_at

    @property
    def user(self) -> UserNode | None:
        return user_node(self._context, self.report.author)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which views a client asks for; None for any, but for the kind, where it means reports."""

    kind: str | None
    name: str | None
    author: str | None


def connect_views(
    context: Context, entity: str, project: str, wanted: Wanted, *, first: int | None, after: str | None
) -> Connection[ViewNode]:
    """A project's views, the last changed first."""
    found = [
        report
        for report in context.services.reports.list(entity, project, kind=wanted.kind or REPORT_KIND)
        if wanted.name in {None, _name_of(report)} and wanted.author in {None, report.author}
    ]
    page = page_of(found, lambda report: report.report_id, first=first, after=after)
    return connect(page, lambda report: ViewNode(context, report))


def view(_root: object, info: GraphQLResolveInfo, identity: str) -> ViewNode | None:
    """The view of that id, or None."""
    context = context_of(info)
    report = context.services.reports.find(identity)
    return ViewNode(context, report) if report else None


def upsert_view(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Make a view, or change the one whose id is given."""
    context = context_of(info)
    context.require_write()
    saved = SavedView(
        name=given.get("name") or "",
        kind=given.get("type") or REPORT_KIND,
        description=given.get("description") or "",
        spec=_spec_from_wire(given.get("spec")),
    )
    title, author = given.get("display_name"), context.actor.username
    if given.get("id"):
        report = context.services.reports.change_view(given["id"], title, saved, editor=author)
        return {"view": ViewNode(context, report), "inserted": False}
    if not given.get("project_name"):
        raise RequestInvalid([Violation("a new view names its project by `projectName`", "none")])
    project = context.services.projects.get(context.entity(given.get("entity_name")), given["project_name"])
    place = RunSelection(entity=project.entity, project=project.name, sweep_id=_sweep_in(context, project, saved.spec))
    report = context.services.reports.save_view(place, title or "Untitled", saved, author=author)
    return {"view": ViewNode(context, report), "inserted": True}


def delete_view(_root: object, info: GraphQLResolveInfo, given: Input) -> dict[str, Any]:
    """Delete a view; drafts of it are views of their own, and stay."""
    context = context_of(info)
    context.require_write()
    report = context.services.reports.find(given["id"])
    if report is None:
        raise NotFound(f"there is no view {given['id'][:80]!r}")
    context.services.reports.delete(report)
    return {"success": True, "pending_drafts": []}


def _name_of(report: Report) -> str:
    return report.view.name if report.view else report.report_id


def _sweep_in(context: Context, project: Project, spec: JsonObject) -> str | None:
    """The sweep of the project that a report is about."""
    sweep_id = sweep_of(spec)
    path = SweepPath(project.entity, project.name, sweep_id or "")
    return sweep_id if sweep_id and context.services.sweeps.find(path) else None


def _spec_from_wire(text: str | None) -> JsonObject:
    if text is not None and len(text) > MAX_SPEC:
        raise RequestInvalid([Violation(f"a view's spec has at most {MAX_SPEC:,} characters", f"{len(text):,}")])
    return codec.object_from_wire("a view's spec", text) if text else {}


def _spec_of(text: str) -> JsonObject:
    nothing: JsonObject = {"text": ""}
    edge: JsonObject = {"type": "paragraph", "children": [nothing]}
    note: JsonObject = {"type": "markdown-block", "children": [nothing], "content": text}
    return {"version": _SPEC_VERSION, "panelSettings": {}, "blocks": [edge, note, edge], "width": "readable"}


QUERIES: Resolvers = {"view": view}
MUTATIONS: Resolvers = {"upsert_view": upsert_view, "delete_view": delete_view}
