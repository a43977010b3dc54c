"""Reports: who may write them, what is kept of what was typed, what their pages say."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx
import pytest

from sweepyard.domain.access import Actor, Role
from sweepyard.hub.http.authentication import SESSION_COOKIE
from sweepyard.services.reports import ReportDraft
from sweepyard.services.sweeps import SweepDraft

ORIGIN = {"Origin": "http://127.0.0.1", "Accept": "text/html"}
EVIL = "<script>alert(1)</script>\"'"
SWEEP = "program: train.py\nmethod: random\nname: Tuning\nmetric: {name: acc}\nparameters: {lr: {min: 0, max: 1}}"
CHART = "```chart\nmetric: acc\n```\n"


class Writer:
    """A person with a session."""

    def __init__(self, door: Any, role: Role) -> None:
        self._door = door
        login = door.ask("POST", "/login", data={"key": door.keys[role], "next": "/"}, headers=ORIGIN)
        self._session = {**ORIGIN, "Cookie": f"{SESSION_COOKIE}={login.cookies[SESSION_COOKIE]}"}

    def get(self, path: str) -> httpx.Response:
        answer: httpx.Response = self._door.ask("GET", path, headers=self._session)
        return answer

    def post(self, path: str, **form: str) -> httpx.Response:
        answer: httpx.Response = self._door.ask("POST", path, data=form, headers=self._session)
        return answer

    def write(self, text: str = CHART, *, title: str = "Findings", sweep: str = "") -> str:
        """The address of a new report."""
        path = "/lab/p/reports/new" + (f"?sweep={sweep}" if sweep else "")
        answer = self.post(path, title=title, text=text, seen="0")
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]


@pytest.fixture
def sweep(door: Any) -> str:
    door.services.projects.ensure("lab", "p")
    actor = Actor("lab", "write", Role.WRITE)
    return door.services.sweeps.create("lab", "p", SweepDraft(config_yaml=SWEEP), actor=actor).path.sweep_id


@pytest.fixture
def ann(door: Any, sweep: str) -> Writer:
    return Writer(door, Role.WRITE)


def field(answer: httpx.Response, name: str) -> str:
    [value] = re.findall(f'name="{name}" value="([^"]*)"', answer.text)
    return html.unescape(value)


def text_in(answer: httpx.Response) -> str:
    [text] = re.findall("<textarea[^>]*>\n(.*)</textarea>", answer.text, re.S)
    return html.unescape(text)


def problems_in(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422
    return [html.unescape(text) for text in re.findall("<li><bdi>(.*?)</bdi></li>", answer.text, re.S)]


def test_a_report_is_written_read_changed_and_deleted(ann: Writer, sweep: str) -> None:
    path = ann.write("Dropout *helps*.\r\n\r\n" + CHART, sweep=sweep)
    page = ann.get(path).text
    assert "<em>helps</em>" in page
    assert f'data-url="/lab/p/sweeps/{sweep}/curves.json"' in page
    assert 'data-curves="chart-x=step&amp;chart-runs=100"' in page
    assert f"/lab/p/reports/new?sweep={sweep}" in ann.get(f"/lab/p/sweeps/{sweep}").text
    for above in ("/lab/p", f"/lab/p/sweeps/{sweep}", "/lab/p/reports"):
        assert f'href="{path}"' in ann.get(above).text
    form = ann.get(f"{path}/edit")
    assert (field(form, "title"), field(form, "seen")) == ("Findings", "1")
    assert text_in(form) == "Dropout *helps*.\n\n" + CHART
    assert ann.post(f"{path}/edit", title="Other", text="x", seen="1").headers["location"] == path
    assert "changed by write" in ann.get(path).text
    seen = field(ann.get(f"{path}/delete"), "seen")
    assert ann.post(f"{path}/delete", seen="1").status_code == 409
    assert ann.post(f"{path}/delete", seen=seen).headers["location"] == "/lab/p/reports"
    assert ann.get(path).status_code == ann.get(f"{path}/events").status_code == 404
    assert "No report yet" in ann.get("/lab/p/reports").text


def test_what_is_refused_stays_in_its_fields(ann: Writer) -> None:
    wrong = f"{EVIL}\n```chart\nx: steps\nruns: a >\nsweep: nothing\ngroup: [config.a, config.b, host, nothing]\n```"
    for path in ("/lab/p/reports/new", f"{ann.write()}/edit"):
        answer = ann.post(path, title=EVIL + "\n", text=wrong, seen="1")
        assert text_in(answer) == wrong
        assert field(answer, "title") == EVIL
        told = problems_in(answer)
        assert [text.splitlines()[0] for text in told] == [
            "line 3: a chart names its metric, or a list of up to 50; received 0",
            "line 3: x is one of step, epoch, time; received 'steps'",
            "line 3: the project has no such sweep; received 'nothing'. `sweep: none` draws all runs of the project",
            "line 3: a view has at most 3 columns to group by; received 4",
            told[4],
            "line 3:",
        ]
        assert told[4].startswith(
            "line 3: a column is an attribute of runs, config.KEY or summary.KEY; received 'nothing'"
        )
        assert "behind an operator comes a value" in told[-1]
        assert "<script>alert" not in answer.text
    blank = ann.post("/lab/p/reports/new", title=" ", text="```chart\nmetric: [" + "a, b, c, " * 20 + "]\n```")
    assert problems_in(blank) == ["title: a title is 1 to 200 characters in one line; received none"]
    many = "\n".join(f"```chart\nmetric: [{', '.join(f'm{place}' for place in range(30))}]\n```" for _ in range(2))
    assert problems_in(ann.post("/lab/p/reports/new", title="t", text=many)) == [
        "a report has at most 50 charts; received 60"
    ]


def test_two_who_edit_do_not_overwrite_each_other(door: Any, ann: Writer) -> None:
    root, path = Writer(door, Role.ADMIN), ann.write("first")
    assert ann.post(f"{path}/edit", title="t", text="ann's", seen="1").status_code == 303
    answer = root.post(f"{path}/edit", title="t", text="root's", seen="1")
    assert problems_in(answer) == [
        "write has changed the report meanwhile (revision 2; seen was 1). Sent again, this takes its place"
    ]
    assert text_in(answer) == "root's"
    assert '<pre tabindex="0" dir="auto">ann&#39;s</pre>' in answer.text
    assert root.post(f"{path}/edit", title="t", text="root's", seen=field(answer, "seen")).status_code == 303
    assert text_in(root.get(f"{path}/edit")) == "root's"


def test_the_text_survives_that_its_report_is_deleted(ann: Writer) -> None:
    path = ann.write()
    ann.post(f"{path}/delete", seen="1")
    answer = ann.post(f"{path}/edit", title="t", text="kept", seen="1")
    assert "somebody has deleted the report meanwhile" in problems_in(answer)[0]
    assert text_in(answer) == "kept"
    assert 'action="/lab/p/reports/new"' in answer.text


def test_who_may_only_read_reads(door: Any, ann: Writer, sweep: str) -> None:
    path, reader = ann.write(sweep=sweep), Writer(door, Role.READ)
    page = reader.get(path).text
    assert "Findings" in page
    assert "/edit" not in page
    assert "/delete" not in page
    for above in ("/lab/p", f"/lab/p/sweeps/{sweep}", "/lab/p/reports"):
        assert path in reader.get(above).text
        assert "reports/new" not in reader.get(above).text
    for forbidden in ("/lab/p/reports/new", f"{path}/edit", f"{path}/delete"):
        assert reader.get(forbidden).status_code == 403
        assert reader.post(forbidden, title="t", text="x", seen="1").status_code == 403
    assert "Findings" in ann.get(path).text


def test_places_that_are_not_there(ann: Writer) -> None:
    missing = ("/lab/none/reports", "/lab/none/reports/new", "/lab/p/reports/new?sweep=none", "/lab/p/reports/none")
    assert [ann.get(path).status_code for path in missing] == [404] * len(missing)
    assert ann.get("/zoo/p/reports").status_code == 403


def test_a_chart_that_can_no_longer_be_drawn_says_why(door: Any, ann: Writer) -> None:
    path = ann.write()
    report = door.services.reports.get("lab", "p", path.rpartition("/")[2])
    door.services.reports.change(report, ReportDraft("t", "```chart\nmetric: a\nruns: <b> >\n```\nafter"), editor="ann")
    page = ann.get(path)
    assert page.status_code == 200
    assert "This chart cannot be drawn" in page.text
    assert "<b>" not in page.text
    assert "after" in page.text


def test_many_reports_are_listed_on_a_page_of_their_own(ann: Writer) -> None:
    for number in range(10):
        ann.write(title=f"Report {number}")
    assert "and 2 more" in ann.get("/lab/p").text
    assert ann.get("/lab/p/reports").text.count("Report ") >= 10
