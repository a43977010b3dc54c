"""A sweep's page: what it says, what may be done there and by whom, what its charts are drawn from."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from sweepyard.domain.access import Role
from sweepyard.domain.run import RunPath
from sweepyard.domain.sweep import SweepPath, SweepState
from sweepyard.hub.http.authentication import SESSION_COOKIE
from sweepyard.services.runs import RunChanges
from sweepyard.services.streams import StreamUpdate
from sweepyard.services.sweeps import SweepDraft

EVIL = '<b>&"\u202e' + "n" * 4000
ORIGIN = {"Origin": "http://127.0.0.1", "Accept": "text/html"}
SWEEP = """
program: train.py
method: random
metric: {name: acc, goal: maximize}
max_host_failures: 1
early_terminate: {type: hyperband, min_iter: 1}
parameters:
  lr: {distribution: log_uniform_values, min: 0.001, max: 0.1}
  model: {values: [mlp, convnet]}
"""


class Visitor:
    """A person with a session at the sweep's page."""

    def __init__(self, door: Any, role: Role, sweep_id: str) -> None:
        self._door = door
        login = door.ask("POST", "/login", data={"key": door.keys[role], "next": "/"}, headers=ORIGIN)
        self._session = {**ORIGIN, "Cookie": f"{SESSION_COOKIE}={login.cookies[SESSION_COOKIE]}"}
        self.page = f"/lab/p/sweeps/{sweep_id}"

    def get(self, below: str = "", **parameters: Any) -> httpx.Response:
        answer: httpx.Response = self._door.ask("GET", self.page + below, params=parameters, headers=self._session)
        return answer

    def edit(self, text: str, seen: str = "") -> httpx.Response:
        """The answer to a file that is sent from the page as it is now, or as it was."""
        return self.post("/edit", file=text, seen=seen or self.seen())

    def seen(self) -> str:
        """What the page to edit says of the file."""
        return re.findall('name="seen" value="([^"]*)"', self.get("/edit").text)[0]

    def post(self, below: str, headers: Mapping[str, str] | None = None, /, **form: str) -> httpx.Response:
        answer: httpx.Response = self._door.ask(
            "POST", self.page + below, data=form, headers={**self._session, **(headers or {})}
        )
        return answer


@pytest.fixture
def path(door: Any) -> SweepPath:
    actor = door.services.access.authenticate(door.keys[Role.WRITE])
    path: SweepPath = door.services.sweeps.create("lab", "p", SweepDraft(config_yaml=SWEEP), actor=actor).path
    return path


@pytest.fixture
def writer(door: Any, path: SweepPath) -> Visitor:
    return Visitor(door, Role.WRITE, path.sweep_id)


@pytest.fixture
def reader(door: Any, path: SweepPath) -> Visitor:
    return Visitor(door, Role.READ, path.sweep_id)


def run(door: Any, path: SweepPath, run_id: str, summary: dict[str, Any], **config: Any) -> None:
    actor = door.services.access.authenticate(door.keys[Role.WRITE])
    changes = RunChanges(config=config, summary=summary, sweep_id=path.sweep_id, display_name=f"{run_id} {EVIL}")
    run = door.services.runs.upsert(_run_path(path, run_id), changes, actor=actor, begins=True).run
    door.services.streams.receive(run.path, StreamUpdate(summary=summary, complete=True, exit_code=0))


def _run_path(path: SweepPath, run_id: str) -> RunPath:
    return RunPath(path.entity, path.project, run_id)


def test_a_sweep_without_runs_says_so(writer: Visitor) -> None:
    text = writer.get().text
    for said in (
        "No run has begun yet",
        "No run has a result yet",
        "no run yet has a finite one",
        "No run has come to an iteration",
        "No agent has come yet",
        "No point was handed out yet",
        "No runs yet",
    ):
        assert said in text, said


def test_a_sweep_without_a_metric_says_so(door: Any, writer: Visitor, path: SweepPath) -> None:
    door.services.sweeps.edit(path, "program: t.py\nmethod: grid\nparameters: {x: {values: [1]}}\n")
    text = writer.get().text
    assert "names no metric, so no run is the best" in text
    assert "names no metric, so there is no result to explain" in text


def test_its_buttons_follow_its_state(door: Any, writer: Visitor, path: SweepPath) -> None:
    def controls() -> list[str]:
        found = re.search(r'<div class="steering".*?</div>', writer.get().text, re.DOTALL)
        return re.findall(r">(\w+)</(?:button|a)>", found[0]) if found else []

    assert controls() == ["Pause", "Stop", "Cancel", "Edit"]
    assert writer.post("/state", to="PAUSED").headers["location"] == writer.page
    assert controls() == ["Resume", "Stop", "Cancel", "Edit"]
    writer.post("/state", to="RUNNING")
    assert door.services.sweeps.get(path).state is SweepState.RUNNING
    writer.post("/state", to="CANCELED")
    assert controls() == []
    refused = writer.post("/state", to="RUNNING")
    assert refused.status_code == 409
    assert "a CANCELED sweep may become nothing else" in refused.text


def test_stop_and_cancel_are_asked_about(door: Any, writer: Visitor, path: SweepPath) -> None:
    agent = door.services.agents.create(path, host="h")
    door.services.agents.heartbeat(agent.agent_id, ())
    stop, cancel = writer.get("/stop").text, writer.get("/cancel").text
    assert "Runs that go on now, 1, are left to finish." in stop
    assert "Runs that go on now, 1, are told to stop, and killed." in cancel
    assert 'name="to" value="FINISHED"' in stop
    assert 'name="to" value="CANCELED"' in cancel
    assert "cannot be undone" in cancel


def test_the_page_of_a_sweep_whose_scheduler_proposes_its_runs(door: Any) -> None:
    actor = door.services.access.authenticate(door.keys[Role.WRITE])
    text = "method: custom\nmetric: {name: acc}\nscheduler: {engine: optuna}\nparameters: {lr: {min: 0.0, max: 1.0}}\n"
    path = door.services.sweeps.create("lab", "p", SweepDraft(config_yaml=text), actor=actor).path
    writer = Visitor(door, Role.WRITE, path.sweep_id)
    assert "No point was handed out yet" in writer.get().text
    for rate in (0.1, 0.2, 0.3):
        door.services.scheduling.enqueue(path, {"lr": rate}, actor=actor)
    assert "3 points of the scheduler's wait for an agent." in writer.get().text.replace("&#39;", "'")
    agent = door.services.agents.create(path, host="h")
    door.services.agents.heartbeat(agent.agent_id, ())
    page = writer.get().text.replace("&#39;", "'")
    assert "2 points of the scheduler's wait for an agent." in page
    assert "1 point handed out, 1 attempt in all." in page
    stop = writer.get("/stop").text
    assert "Runs that go on now, 1, are left to finish." in stop
    assert "Points that wait for an agent, 2, are not run." in stop


def test_the_page_of_a_sweep_whose_parameters_its_scheduler_alone_knows(door: Any) -> None:
    actor = door.services.access.authenticate(door.keys[Role.WRITE])
    text = "method: custom\nmetric: {name: acc}\nscheduler: {engine: optuna, source: s.py, search_space: f}\n"
    path = door.services.sweeps.create("lab", "p", SweepDraft(config_yaml=text), actor=actor).path
    door.services.scheduling.enqueue(path, {"lr": 0.25}, actor=actor)
    [command] = door.services.agents.heartbeat(door.services.agents.create(path, host="h").agent_id, ())
    door.services.streams.receive(
        _run_path(path, command.run_id), StreamUpdate(summary={"acc": 0.5}, complete=True, exit_code=0)
    )
    page = Visitor(door, Role.WRITE, path.sweep_id).get()
    assert page.status_code == 200
    assert "1 point handed out, 1 attempt in all." in page.text
    assert command.run_id in page.text


def test_what_is_no_state_is_refused(writer: Visitor) -> None:
    answer = writer.post("/state", to="<b>")
    assert answer.status_code == 400
    assert "RUNNING, PAUSED, FINISHED, CANCELED" in answer.text


def test_who_may_only_read_changes_nothing_and_is_offered_nothing(door: Any, reader: Visitor, path: SweepPath) -> None:
    page = reader.get()
    assert page.status_code == 200
    assert "steering" not in page.text
    for below, form in (("/state", {"to": "PAUSED"}), ("/edit", {"file": SWEEP}), ("/readmit", {"host": "h"})):
        answer = reader.post(below, **form)
        assert answer.status_code == 403, below
        assert "this needs the role write" in answer.text
    for below in ("/stop", "/cancel", "/edit"):
        assert reader.get(below).status_code == 403
    assert door.services.sweeps.get(path).state is SweepState.PENDING


def test_another_sites_form_is_refused(door: Any, writer: Visitor, path: SweepPath) -> None:
    answer = writer.post("/state", {"Origin": "http://evil.test"}, to="CANCELED")
    assert answer.status_code == 403
    assert door.services.sweeps.get(path).state is SweepState.PENDING


def test_without_a_session_the_login_leads_back_to_the_form(door: Any, writer: Visitor) -> None:
    answer = door.ask("POST", f"{writer.page}/edit", data={"file": SWEEP}, headers=ORIGIN)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={writer.page}/edit%23unsent"
    login = door.ask("GET", answer.headers["location"]).text
    assert "what you have just sent was not taken" in login
    assert "This browser runs no scripts, so what you had written is lost." in login
    assert "not taken" not in door.ask("GET", f"/login?next={writer.page}/edit").text


def test_a_file_is_edited(door: Any, writer: Visitor, path: SweepPath) -> None:
    page = writer.get("/edit").text
    assert "anything may change" in page
    assert "model: {values: [mlp, convnet]}" in page
    grown = SWEEP.replace("convnet]", "convnet, lenet5]")
    answer = writer.edit(grown.replace("\n", "\r\n"))
    assert answer.headers["location"] == writer.page
    assert door.services.sweeps.get(path).config_yaml == grown


def test_a_file_that_somebody_has_changed_meanwhile_is_not_overwritten_unasked(
    door: Any, writer: Visitor, path: SweepPath
) -> None:
    seen = writer.seen()
    door.services.sweeps.edit(path, f"{SWEEP}run_cap: 7\n")
    typed = f"{SWEEP}run_cap: 8\n"
    answer = writer.edit(typed, seen)
    assert answer.status_code == 422
    assert "somebody has changed the file" in answer.text
    assert "run_cap: 8" in answer.text
    assert door.services.sweeps.get(path).config_yaml.endswith("run_cap: 7\n")
    assert writer.edit(typed).status_code == 303


def test_all_that_is_wrong_with_a_file_is_told_and_nothing_typed_is_lost(
    door: Any, writer: Visitor, path: SweepPath
) -> None:
    typed = SWEEP.replace("random", "randam").replace("min: 0.001", "min: 1e-5") + "# </textarea><b>typed\n"
    answer = writer.edit(typed)
    assert answer.status_code == 422
    assert "sweep file:3: `method` must be one of" in answer.text
    assert "sweep file:8: " in answer.text
    assert "1.0e-5" in answer.text
    assert "&lt;/textarea&gt;&lt;b&gt;typed" in answer.text
    assert door.services.sweeps.get(path).config_yaml == SWEEP


def test_a_file_that_does_not_suit_the_runs_is_told_why(door: Any, writer: Visitor, path: SweepPath) -> None:
    agent = door.services.agents.create(path, host="h")
    door.services.agents.heartbeat(agent.agent_id, ())
    assert "it may only grow" in writer.get("/edit").text
    answer = writer.edit(SWEEP.replace(", convnet", ""))
    assert answer.status_code == 422
    assert "`model` must keep its values" in answer.text
    door.services.sweeps.set_state(path, SweepState.CANCELED)
    assert writer.get("/edit").status_code == 409


def test_a_host_is_let_back_in(door: Any, writer: Visitor, reader: Visitor, path: SweepPath) -> None:
    agent = door.services.agents.create(path, host=EVIL)
    [command] = door.services.agents.heartbeat(agent.agent_id, ())
    door.services.agents.heartbeat(agent.agent_id, (command.run_id,))
    actor = door.services.access.authenticate(door.keys[Role.WRITE])
    at = _run_path(path, command.run_id)
    machine = {"e": {"writer": {"gpu_nvidia": [{"name": "H200"}, {"name": "H200"}]}}}
    door.services.runs.upsert(at, RunChanges(wandb_config={"t": {}, **machine}), actor=actor, begins=True)
    assert "2 × H200" in writer.get().text
    door.services.streams.receive(at, StreamUpdate(complete=True, exit_code=1))
    assert "is put aside and gets no more runs: failures there in a row, 1." in writer.get().text
    assert "have runs again" not in reader.get().text
    assert writer.post("/readmit", host=EVIL).status_code == 303
    assert "have runs again" not in writer.get().text
    assert writer.post("/readmit", host="other").status_code == 404


@pytest.fixture
def points(door: Any, writer: Visitor, path: SweepPath) -> Visitor:
    """A sweep of runs with and without values, with hostile names."""
    for number in range(12):
        value = {3: math.nan, 4: math.inf, 5: None}.get(number, number / 16)
        summary = {} if value is None else {"acc": value}
        run(door, path, f"r{number:02}", summary, lr=0.001 * 2**number, model="mlp" if number % 2 else EVIL)
    return writer


def test_columns_say_how_they_are_drawn_and_how_a_filter_names_them(points: Visitor) -> None:
    data = points.get("/points.json", of=["config.lr", "config.model", "summary.acc", "created"], sort="+id").json()
    assert (data["shown"], data["total"], data["note"]) == (12, 12, "")
    assert data["objective"] == {"column": "summary.acc", "label": "acc", "goal": "maximize"}
    assert data["ids"][:2] == ["r00", "r01"]
    assert all(len(name) <= 200 for name in data["names"])
    lr, model, acc, created = data["columns"]
    assert (lr["kind"], lr["label"], lr["written"], lr["missing"]) == ("log", "lr", "config.lr", 0)
    assert model["kind"] == "category"
    assert [each["written"][:6] for each in model["categories"]] == ['"<b>&\\', '"mlp"']
    assert model["values"][:3] == [0, 1, 0]
    assert (acc["kind"], acc["missing"], acc["values"][3:6]) == ("linear", 3, [None] * 3)
    assert (created["kind"], created["values"][0], created["written"]) == ("time", 0.0, "")


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ("{distribution: uniform, min: 0.0, max: 0.5}", "linear"),
        ("{min: 0.0, max: 0.5}", "linear"),
        ("{distribution: log_uniform_values, min: 0.0001, max: 0.5}", "log"),
        (f"{{values: {[0.0001 * 2**place for place in range(13)]}}}", "log"),
    ],
)
def test_the_sweep_file_decides_the_scale_of_a_parameter_and_not_one_draw(door: Any, rule: str, kind: str) -> None:
    actor = door.services.access.authenticate(door.keys[Role.WRITE])
    file = f"program: t.py\nmethod: random\nparameters: {{dropout: {rule}}}\n"
    sweep = door.services.sweeps.create("lab", "p", SweepDraft(config_yaml=file), actor=actor).path
    for place in range(13):
        run(door, sweep, f"d{place:02}", {"loss": 10.0**place}, dropout=0.0001 * 2**place)
    reader = Visitor(door, Role.READ, sweep.sweep_id)
    dropout, loss = reader.get("/points.json", of=["config.dropout", "summary.loss"]).json()["columns"]
    assert (dropout["kind"], loss["kind"]) == (kind, "log")


def test_columns_follow_the_filter(points: Visitor) -> None:
    data = points.get("/points.json", of="config.lr", filter="config.lr >= 0.1 and acc exists").json()
    assert (data["total"], len(data["columns"][0]["values"])) == (5, 5)
    for parameters, said in (
        ({"of": "config.lr", "filter": "acc >"}, "the end"),
        ({"of": "nothing"}, "a column is an attribute"),
        ({"of": [f"config.{number}" for number in range(40)]}, "at most 32 columns"),
    ):
        answer = points.get("/points.json", **parameters)
        assert answer.status_code == 400
        assert said in answer.text


def test_results_and_bands(points: Visitor) -> None:
    results = points.get("/results.json").json()
    assert results["shown"] == 9
    assert results["results"][0] == {
        "id": "r00",
        "name": results["results"][0]["name"],
        "seconds": 0.0,
        "value": 0.0,
        "best": True,
    }
    assert points.get("/bands.json").json()["runs"] == []


def test_the_page_of_hostile_names_holds_no_markup_of_theirs(points: Visitor) -> None:
    page = points.get(x="config.model", colour="none", axis=["config.lr", "summary.acc"])
    assert page.status_code == 200
    assert "<b>&" not in page.text
    assert 'value="none" selected' in page.text
    assert "9 of 12 runs (1 without a value, 2 with NaN or infinity left out)" in page.text


def test_an_address_that_asks_for_what_is_no_column_is_told(points: Visitor) -> None:
    for parameters in ({"x": "nothing"}, {"axis": [f"config.{number}" for number in range(20)]}):
        answer = points.get(**parameters)
        assert answer.status_code == 400


def test_of_five_hundred_parameters_those_that_matter_are_shown(door: Any, writer: Visitor, path: SweepPath) -> None:
    listed = "".join(f"  p{number:03}: {{min: 0.0, max: 1.0}}\n" for number in range(500))
    door.services.sweeps.edit(path, f"program: t.py\nmethod: random\nmetric: {{name: acc}}\nparameters:\n{listed}")
    for number in range(6):
        config = {f"p{place:03}": (number * (place + 1)) % 7 / 7 for place in range(500)}
        run(door, path, f"r{number}", {"acc": number}, **config)
    text = writer.get().text
    assert "460 less important parameters are not shown" in text
    assert len(re.findall('name="axis" value="[^"]*" checked', text)) == 8


def test_a_metric_of_a_hostile_name_is_a_name(door: Any, writer: Visitor, path: SweepPath) -> None:
    name = "x'\"><i> and y"
    search = "method: random\nparameters: {x: {min: 0.0, max: 1.0}}\n"
    text = f"program: t.py\nmetric: {{name: {json.dumps(name)}}}\n{search}"
    door.services.sweeps.edit(path, text)
    for number in range(5):
        run(door, path, f"r{number}", {name: number / 8}, x=number / 8)
    page = writer.get().text
    assert "<i>" not in page
    [column] = writer.get("/points.json", of=f"summary.{name}", sort="+id").json()["columns"]
    assert column["values"] == [0.0, 0.125, 0.25, 0.375, 0.5]
    narrowed = writer.get("/points.json", of="config.x", filter=f"{column['written']} >= 0.3").json()
    assert narrowed["total"] == 2


def test_repeated_points_have_mean_and_spread(door: Any) -> None:
    actor = door.services.access.authenticate(door.keys[Role.WRITE])
    file = (
        "program: t.py\nmethod: grid\nrepeats: 2\nmetric: {name: acc, goal: maximize}\n"
        "parameters: {lr: {values: [0.5, 0.25]}, name: {values: ['<b>']}}\n"
    )
    sweep = door.services.sweeps.create("lab", "p", SweepDraft(config_yaml=file), actor=actor).path
    reader = Visitor(door, Role.READ, sweep.sweep_id)
    assert "No point was handed out yet." in texts_in(reader.get(), "repeats")
    agent = door.services.agents.create(sweep, host="h")
    for value in (0.5, 0.75, 0.875):
        [command] = door.services.agents.heartbeat(agent.agent_id, ())
        run = RunPath("lab", "p", command.run_id)
        door.services.agents.heartbeat(agent.agent_id, (command.run_id,))
        changes = RunChanges(config=dict(command.parameters), summary={"acc": value})
        door.services.runs.upsert(run, changes, actor=actor, begins=True)
        door.services.streams.receive(run, StreamUpdate(complete=True, exit_code=0))
    said = texts_in(reader.get(), "repeats")
    assert said.index("0.25 &lt;b&gt; 0.875 – 1 1") < said.index("0.5 &lt;b&gt; 0.625 0.18 2 2")
    [link] = re.findall('[?]filter=([^"]*)#runs" aria-label="Show the 2 runs', reader.get().text)
    assert unquote(link) == 'config.lr = 0.5 and config.name = "<b>"'
    assert "0.625" in reader.get("/sheet.html").text


def test_sweeps_of_one_name_are_told_apart_by_their_ids(door: Any, reader: Visitor, path: SweepPath) -> None:
    actor = door.services.access.authenticate(door.keys[Role.WRITE])
    draft = SweepDraft(config_yaml=SWEEP, display_name="twin")
    twins = [door.services.sweeps.create("lab", "p", draft, actor=actor).path.sweep_id for _ in range(2)]
    reader.page = "/lab/p"
    page = reader.get().text
    assert [f'<bdi>twin</bdi></a> <span class="note">{twin}</span>' in page for twin in twins] == [True, True]
    assert page.count(f">{path.sweep_id}<") == 1, "a sweep without a name is called by its id, once"


def texts_in(answer: httpx.Response, section: str) -> str:
    """What one section of a page says."""
    found = re.findall(f'<section id="{section}".*?</section>', answer.text, re.DOTALL)[0]
    return " ".join(re.sub("<[^>]*>", " ", found).split())


def test_a_file_that_a_client_dumped_is_shown_with_its_letters(door: Any) -> None:
    actor = door.services.access.authenticate(door.keys[Role.WRITE])
    file = 'method: random\nname: "\\u0645"\nparameters:\n  x:\n    max: 1.0\n    min: 0.0\nprogram: t.py\n'
    sweep = door.services.sweeps.create("lab", "p", SweepDraft(config_yaml=file), actor=actor)
    visitor = Visitor(door, Role.WRITE, sweep.path.sweep_id)
    for below in ("", "/edit", "/sheet.html"):
        assert "name: \u0645\n" in visitor.get(below).text
