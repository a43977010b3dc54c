"""A sweep's page: charts and the brush on them, steering and editing; with the mouse and the keyboard."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.parts.chromium import Watch, log_in
from tests.parts.filling import Filling
from tests.parts.hub_process import Hub

from sweepyard.hub.dashboard.assets import ASSETS

SWEEP = """program: train.py
method: random
name: Tuning
metric: {name: acc, goal: maximize}
run_cap: 60
early_terminate: {type: hyperband, min_iter: 1, eta: 3}
parameters:
  lr: {distribution: log_uniform_values, min: 0.0001, max: 0.1}
  model: {values: [mlp, convnet, "<b>bold</b>"]}
  dropout: {min: 0.0, max: 0.5}
"""
MODELS = ("mlp", "convnet", "<b>bold</b>")
PLACED = "node => [node.offsetTop, node.offsetHeight]"
IS_DRAWN = """canvas => {
  const { width, height } = canvas;
  return canvas.toDataURL() !== Object.assign(document.createElement("canvas"), { width, height }).toDataURL();
}"""


@pytest.fixture(scope="session")
def tuned(filling: Filling) -> str:
    """The page of a sweep of forty runs, one each without a value, with NaN and infinite; nobody changes it."""
    project = "tuned"
    sweep = filling.sweep(project, SWEEP)
    for place in range(40):
        rate, model = 10 ** (-4 + 3 * place / 39), MODELS[place % 3]
        value = 0.9 - 0.1 * (math.log10(rate) + 2.5) ** 2 + 0.01 * (place % 3)
        summary = {"acc": {3: math.nan, 4: math.inf}.get(place, value), "_runtime": 5 + place}
        rows = [{"_step": step, "acc": value * (step + 1) / 3} for step in range(3)]
        filling.run(
            project,
            f"r{place:02}",
            config={"lr": rate, "model": model, "dropout": (place * 7 % 40) / 80},
            summary={} if place == 5 else summary,
            rows=rows,
            sweep=sweep,
            displayName=f"fox-{place:02}",
        )
    return f"/local/{project}/sweeps/{sweep}"


def test_the_page_is_saved_as_a_file_that_opens_without_the_hub(
    page: Page, tuned: str, chromium: Browser, tmp_path: Path
) -> None:
    page.goto(f"{tuned}?filter=model+%3D+mlp")
    with page.expect_download() as saving:
        page.get_by_role("navigation", name="Save this page").get_by_role("link", name="HTML").click()
    file = tmp_path / saving.value.suggested_filename
    saving.value.save_as(file)
    context = chromium.new_context(offline=True, java_script_enabled=False)
    alone = context.new_page()
    asked: list[str] = []
    alone.on("request", lambda request: asked.append(request.url))
    alone.goto(file.as_uri())
    expect(alone.get_by_role("heading", level=1)).to_have_text("Tuning")
    expect(alone.get_by_role("img", name="14 runs on 4 parallel axes")).to_be_visible()
    row = alone.get_by_role("row", name=re.compile("^fox-39"))
    expect(row).to_be_visible()
    alone.set_viewport_size({"width": 320, "height": 800})
    box = row.bounding_box()
    assert box is not None
    assert box["height"] < 100, "words stay whole however many columns there are"
    assert asked == [file.as_uri()]
    context.close()


@pytest.fixture
def own(filling: Filling, project: str) -> str:
    """The page of a sweep of the test's own, without runs."""
    return f"/local/{project}/sweeps/{filling.sweep(project, SWEEP)}"


def plot(page: Page, kind: str) -> Locator:
    return page.locator(f'[data-chart="{kind}"] [data-plot]')


def said(page: Page, kind: str) -> Locator:
    return page.locator(f'[data-chart="{kind}"] [data-said]')


def filter_of(page: Page) -> str:
    return parse_qs(urlsplit(page.url).query).get("filter", [""])[0]


def drawn(page: Page, kind: str) -> None:
    """Wait until a chart has something on its canvas."""
    canvas = plot(page, kind).locator("canvas")
    canvas.scroll_into_view_if_needed()
    page.wait_for_function(IS_DRAWN, arg=canvas.element_handle(), polling=100)


def drag(page: Page, x: float, begin: float, end: float) -> None:
    """Brush the parallel coordinates at `x` from one height to another, all as shares."""
    plot(page, "parallel").scroll_into_view_if_needed()
    box = plot(page, "parallel").locator("canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + x, box["y"] + begin * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + x, box["y"] + end * box["height"], steps=4)
    page.mouse.up()


def test_all_charts_are_drawn(page: Page, tuned: str) -> None:
    page.goto(tuned)
    for kind in ("parallel", "best", "scatter", "bands"):
        drawn(page, kind)
    slices = page.locator("[data-slices] canvas")
    expect(slices).to_have_count(3)
    expect(page.locator('[data-chart="scatter"] [data-note]')).to_contain_text("3 runs without a value")
    expect(page.get_by_role("row", name=re.compile("^lr"))).to_contain_text("37")


def test_no_name_of_an_axis_is_cut_at_the_edge(page: Page, filling: Filling, project: str) -> None:
    long = "weight_of_the_" + "regularising_" * 8 + "term"
    sweep_id = filling.sweep(
        project, f"program: t.py\nmethod: random\nparameters: {{{long}: {{min: 0.0, max: 1.0}}}}\n"
    )
    for place in range(4):
        filling.run(project, f"r{place}", config={long: place / 4, "a": place}, summary={"acc": 1}, sweep=sweep_id)
    page.add_init_script(
        """const fill = CanvasRenderingContext2D.prototype.fillText;
        window.over = []; window.written = [];
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
          window.written.push(text);
          const end = x + (this.textAlign === "left" ? this.measureText(text).width : 0);
          if (end > this.canvas.clientWidth + 0.5) window.over.push(text);
          fill.call(this, text, x, y);
        };"""
    )
    page.set_viewport_size({"width": 700, "height": 800})
    page.goto(f"/local/{project}/sweeps/{sweep_id}?axis=config.a&axis=config.{long}")
    drawn(page, "parallel")
    assert any(text.startswith("weight_of") and text.endswith("…") for text in page.evaluate("written"))
    assert page.evaluate("over") == []
    box = plot(page, "parallel").locator("canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 64, box["y"] + box["height"] / 2)
    expect(plot(page, "parallel").get_by_title(long)).to_be_visible()


def test_a_brush_filters_the_table_and_stands_in_the_address(page: Page, tuned: str) -> None:
    page.goto(tuned)
    drawn(page, "parallel")
    page.evaluate("window.stays = true")
    drag(page, 36, 0.2, 0.5)
    expect(page.get_by_text(re.compile(r"^\d+ runs of 40$"))).to_be_visible()
    assert re.fullmatch(r"config\.lr >= [\d.e-]+ and config\.lr <= [\d.e-]+", filter_of(page))
    expect(page.get_by_label("Filter")).to_have_value(filter_of(page))
    count = page.locator("table.runs tbody tr").count()
    expect(page.locator('[data-chart="parallel"] [data-note]')).to_contain_text(f"{count} of 40 brushed")
    assert page.evaluate("window.stays")
    page.reload()
    expect(page.locator('[data-chart="parallel"] [data-note]')).to_contain_text(f"{count} of 40 brushed")
    page.get_by_role("button", name="Clear the brush").click()
    expect(page.get_by_text("40 runs", exact=True)).to_be_visible()
    assert filter_of(page) == ""


def test_a_brush_with_the_keyboard_goes_behind_what_was_typed(page: Page, tuned: str) -> None:
    page.goto(f"{tuned}?filter=acc+exists+or+id+%3D+r05&axis=config.model&axis=config.lr")
    drawn(page, "parallel")
    chart = plot(page, "parallel")
    chart.focus()
    page.keyboard.press("Enter")
    expect(said(page, "parallel")).to_contain_text("model: ")
    page.keyboard.press("Escape")
    expect(said(page, "parallel")).to_contain_text("model: not brushed")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(said(page, "parallel")).to_contain_text("lr: ")
    before = said(page, "parallel").text_content()
    for key in ("ArrowUp", "Shift+ArrowUp"):
        page.keyboard.press(key)
    assert said(page, "parallel").text_content() != before
    expect(page.get_by_text(re.compile(r"^\d+ runs of 40$"))).to_be_visible()
    assert re.fullmatch(r"\(acc exists or id = r05\) and config\.lr >= \S+ and config\.lr <= \S+", filter_of(page))
    page.keyboard.press("Delete")
    expect(page.get_by_label("Filter")).to_have_value("acc exists or id = r05")
    expect(chart).to_be_focused()


def test_a_brush_of_categories_says_them_as_a_filter_does(page: Page, tuned: str) -> None:
    page.goto(f"{tuned}?axis=config.model")
    drawn(page, "parallel")
    drag(page, 36, 0.12, 0.3)
    expect(page.get_by_text("14 runs of 40")).to_be_visible()
    assert filter_of(page) == 'config.model in ("mlp")'
    page.get_by_label("Filter").fill(
        'config.model in ("<b>bold</b>", "convnet") and config.lr >= 0.01 and config.lr <= 0.05'
    )
    page.keyboard.press("Enter")
    expect(page.locator('[data-chart="parallel"] [data-note]')).to_contain_text("of 40 brushed")


def test_a_filter_that_is_none_leaves_the_charts_as_they_are(page: Page, tuned: str, watch: Watch) -> None:
    watch.expect("status of 400")  # The charts of logged metrics ask for these runs, and are told what is wrong.
    page.goto(tuned)
    drawn(page, "parallel")
    page.get_by_label("Filter").fill("acc =>")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("link", name="Clear the filter").click()
    expect(page.get_by_text("40 runs", exact=True)).to_be_visible()
    page.goto(f"{tuned}?filter=id+%3D+nothing")
    expect(plot(page, "parallel").get_by_text("or none passes the filter.")).to_be_visible()


@pytest.mark.parametrize(
    ("written", "base", "brushes"),
    [
        ("", "", []),
        ("lr >= 1 and lr <= 2", "", [["lr", {"low": 1, "high": 2}]]),
        ("(a = 1 or b = 2) and lr >= 1 and lr <= 2", "a = 1 or b = 2", [["lr", {"low": 1, "high": 2}]]),
        ("a = 1 or b = 2 and lr >= 1 and lr <= 2", "a = 1 or b = 2 and lr >= 1 and lr <= 2", []),
        ("lr >= 1", "lr >= 1", []),
        ("lr >= 1 and lr >= 2 and lr <= 3", "lr >= 1", [["lr", {"low": 2, "high": 3}]]),
        ('m in ("a and (b", "c\\"") and x = 1', 'm in ("a and (b", "c\\"") and x = 1', []),
        ('x = 1 and m in ("a and (b", 3, true)', "x = 1", [["m", {"literals": ['"a and (b"', "3", "true"]}]]),
        (
            "(a = 1) and (b = 2) and lr >= 1e-05 and lr <= .5",
            "(a = 1) and (b = 2)",
            [["lr", {"low": 1e-5, "high": 0.5}]],
        ),
    ],
)
def test_a_brush_is_read_from_the_end_of_a_filter(page: Page, written: str, base: str, brushes: list[object]) -> None:
    page.goto("/")
    read = """async ([url, filter]) => {
      const { readBrushes, writeBrushes } = await import(url);
      const { base, brushes } = readBrushes(filter, ["lr", "m"]);
      return [base, [...brushes], readBrushes(writeBrushes(base, brushes), ["lr", "m"]).base];
    }"""
    found = page.evaluate(read, [ASSETS.url("scripts/charts/brush.js"), written])
    assert found == [base, brushes, base]


def test_categories_that_do_not_lie_together_are_a_filter_but_no_brush(page: Page, tuned: str) -> None:
    page.goto(f"{tuned}?filter=config.model+in+(%22%3Cb%3Ebold%3C/b%3E%22,%20%22mlp%22)")
    note = page.locator('[data-chart="parallel"] [data-note]')
    expect(note).to_contain_text("coloured by acc")
    expect(note).not_to_contain_text("brushed")
    plot(page, "parallel").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Filter")).to_have_value(
        re.compile(r'^\(config\.model in \("<b>bold</b>", "mlp"\)\) and config\.lr')
    )


def test_points_lead_to_their_runs(page: Page, tuned: str) -> None:
    page.goto(tuned)
    drawn(page, "best")
    plot(page, "best").focus()
    page.keyboard.press("End")
    expect(said(page, "best")).to_contain_text("fox-39")
    page.keyboard.press("ArrowLeft")
    expect(said(page, "best")).to_contain_text("fox-38")
    drawn(page, "scatter")
    box = plot(page, "scatter").bounding_box()
    assert box is not None
    for share in range(1, 10):  # Some point is near one of these places.
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * share / 10)
        if said(page, "scatter").text_content():
            break
    expect(said(page, "scatter")).to_contain_text("fox-")
    plot(page, "best").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page).to_have_title(re.compile("^fox-00"))


def test_what_is_scattered_stands_in_the_address(page: Page, tuned: str) -> None:
    page.goto(tuned)
    drawn(page, "scatter")
    page.get_by_label("across").select_option("duration")
    page.get_by_label("coloured by").select_option("summary.acc")
    expect(page).to_have_url(re.compile("x=duration.*colour=summary.acc"))
    expect(page.locator("[data-legend] span")).to_have_count(2)
    page.reload()
    expect(page.get_by_label("across")).to_have_value("duration")
    expect(page.get_by_label("coloured by")).to_have_value("summary.acc")


def test_charts_follow_what_happens(page: Page, filling: Filling, own: str, project: str) -> None:
    sweep = own.rpartition("/")[2]
    page.goto(own)
    expect(plot(page, "parallel").get_by_text("No run has begun")).to_be_visible()
    page.evaluate("window.stays = true")
    before = page.locator("#pictures").evaluate(PLACED)
    filling.run(project, "one", config={"lr": 0.01, "model": "mlp", "dropout": 0.1}, summary={"acc": 0.5}, sweep=sweep)
    expect(plot(page, "parallel").get_by_text("No run has begun")).to_be_hidden()
    drawn(page, "best")
    assert page.locator("#pictures").evaluate(PLACED) == before
    filling.run(project, "two", config={"lr": 0.02, "model": "mlp", "dropout": 0.2}, summary={"acc": 0.75}, sweep=sweep)
    expect(page.get_by_text("Best so far: two")).to_be_visible()
    deadline = time.monotonic() + 15
    while "two" not in str(said(page, "best").text_content()) and time.monotonic() < deadline:
        page.wait_for_timeout(200)
        plot(page, "best").focus()
        page.keyboard.press("End")
    expect(said(page, "best")).to_contain_text("two")
    assert page.evaluate("window.stays")


def test_a_sweep_is_steered_with_the_keyboard(page: Page, filling: Filling, own: str) -> None:
    page.goto(own)
    state = page.locator("h1 .state")
    for verb, name in (("Pause", "paused"), ("Resume", "running")):
        page.get_by_role("button", name=verb).focus()
        page.keyboard.press("Enter")
        expect(state).to_have_text(name)
        expect(page.get_by_role("group", name="Steer the sweep").locator("button, a").first).to_be_focused()
    page.get_by_role("link", name="Cancel").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Leave it as it is").click()
    expect(state).to_have_text("running")
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Cancel the sweep").focus()
    page.keyboard.press("Enter")
    expect(state).to_have_text("canceled")
    expect(page.get_by_role("group", name="Steer the sweep")).to_have_count(0)


def test_a_file_is_edited_and_nothing_typed_is_lost(page: Page, own: str, watch: Watch) -> None:
    watch.expect("status of 422")
    page.goto(own)
    page.get_by_role("link", name="Edit", exact=True).click()
    field = page.get_by_label("Sweep file")
    expect(field).to_be_focused()
    broken = SWEEP.replace("random", "randam").replace("run_cap: 60", "run_cap: many")
    field.fill(broken)
    page.get_by_role("button", name="Go on by this file").click()
    expect(page.get_by_role("alert")).to_contain_text("sweep file:2")
    expect(page.get_by_role("alert")).to_contain_text("sweep file:5")
    expect(field).to_have_value(broken)
    field.fill(SWEEP.replace("run_cap: 60", "run_cap: 90"))
    page.get_by_role("button", name="Go on by this file").click()
    expect(page.locator("pre")).to_contain_text("run_cap: 90")


def test_a_bad_host_is_let_back_in(page: Page, filling: Filling, project: str) -> None:
    sweep = filling.sweep(project, f"max_host_failures: 1\n{SWEEP}")
    agent = filling.agent(project, sweep, "gpu7")
    [command] = filling.heartbeat(agent)
    filling.begin(project, command["run_id"], sweep=sweep)
    filling.heartbeat(agent, command["run_id"])
    filling.end(project, command["run_id"], exit_code=1)
    page.goto(f"/local/{project}/sweeps/{sweep}")
    expect(page.get_by_text("is put aside and gets no more runs")).to_be_visible()
    page.get_by_role("button", name="Let gpu7 have runs again").click()
    expect(page.get_by_text("is put aside and gets no more runs")).to_have_count(0)


def test_a_sweep_without_runs_or_a_metric_says_so(page: Page, filling: Filling, own: str, project: str) -> None:
    page.goto(own)
    expect(page.get_by_text("No run has a result yet")).to_be_visible()
    for chart in ("parallel", "scatter"):
        expect(plot(page, chart).get_by_text("No run has begun")).to_be_visible()
    expect(plot(page, "best").get_by_text("No run has a finite value of acc yet.")).to_be_visible()
    aimless = filling.sweep(project, "program: t.py\nmethod: random\nparameters: {x: {min: 0.0, max: 1.0}}\n")
    filling.run(project, "one", config={"x": 0.5}, sweep=aimless)
    page.goto(f"/local/{project}/sweeps/{aimless}")
    expect(page.get_by_text("names no metric, so no run is the best")).to_be_visible()
    expect(plot(page, "best").get_by_text("The sweep file names no metric.")).to_be_visible()
    expect(plot(page, "scatter").get_by_text("No run has both x and duration.")).to_be_visible()


def test_the_page_is_useful_without_scripts(chromium: Browser, hub: Hub, tuned: str) -> None:
    context = chromium.new_context(base_url=hub.url, java_script_enabled=False)
    log_in(context, hub.url, hub.key)
    page = context.new_page()
    page.goto(tuned)
    expect(page.get_by_role("row", name=re.compile("^lr"))).to_be_visible()
    page.get_by_text("How the best result came about").click()
    expect(page.get_by_role("link", name="fox-00").first).to_be_visible()
    page.get_by_label("across").select_option("duration")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(re.compile("x=duration"))
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_in_a_sweep(
    page: Page, faults_of: Callable[[Page], list[str]], tuned: str, own: str, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for path in (tuned, own, f"{own}/cancel", f"{own}/edit"):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        assert faults_of(page) == [], path
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(tuned)
    drawn(page, "parallel")
    assert faults_of(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
