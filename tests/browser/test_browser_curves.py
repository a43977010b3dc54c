"""Curves on the pages of projects, sweeps and runs: drawn, pointed at, zoomed, chosen, grouped, alive."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.parts.chromium import Watch, log_in
from tests.parts.filling import Filling
from tests.parts.hub_process import Hub

EVIL = '<img src=x onerror=alert(1)> "quoted" \u05e9\u05dc\u05d5\u05dd ' + "n" * 4000
STEPS = 600
INKED = """canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
  .reduce((count, value, index) => count + (index % 4 === 3 && value > 0), 0)"""

COLOURED = """canvas => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let place = 0; place < data.length; place += 4) {
    const colours = data.slice(place, place + 3);
    if (data[place + 3] > 200 && Math.max(...colours) - Math.min(...colours) > 40) count += 1;
  }
  return count;
}"""


def rows(place: int) -> list[dict[str, Any]]:
    """A loss that falls to the run's place, with a spike at step 301; an accuracy; an epoch every hundredth step."""
    found: list[dict[str, Any]] = []
    for step in range(STEPS):
        row = {"_step": step, "_runtime": step / 2, "loss": place + math.exp(-step / 50), "acc": 1 - 1 / (step + 2)}
        if step % 100 == 99:
            row |= {"epoch": step // 100, "epoch/val_loss": place + 1 / (step + 1)}
        found.append(row)
    found[301]["loss"] = place + 40
    return found


@pytest.fixture(scope="session")
def waves(filling: Filling) -> str:
    """A project of fourteen runs: twelve of two models, one with NaN and infinities, one that logs something else."""
    project = "waves"
    filling.run(project, "other", rows=[{"_step": 0, "only": 1}], summary={"only": 1}, displayName="other")
    bad = [{"_step": step, "loss": value} for step, value in enumerate([1.0, math.nan, math.inf, 0.0, 2.0])]
    filling.run(project, "bad", rows=bad, summary={"loss": 2.0}, displayName=EVIL)
    for place in range(12):
        filling.run(
            project,
            f"w{place:02}",
            config={"model": "mlp" if place % 2 else "convnet", "seed": place // 2},
            summary={"loss": place, "acc": 1, "epoch/val_loss": place, "epoch": 5},
            rows=rows(place),
            displayName=f"wave-{place:02}",
        )
    return project


COLOUR = "(each, part) => getComputedStyle(each, part).backgroundColor"
NONE = "rgba(0, 0, 0, 0)"


def chart(page: Page, metric: str) -> Locator:
    """The chart of a metric, once it is drawn."""
    figure = page.locator(f'figure[data-metric="{metric}"]')
    expect(figure.locator(".plot")).to_have_attribute("aria-busy", "false")
    return figure


def listed(figure: Locator) -> list[str]:
    """What a chart draws, by the names in its table."""
    if figure.locator("details").get_attribute("open") is None:
        figure.get_by_text("Table", exact=True).click()
    expect(figure.locator(".legend tbody th").first).to_be_visible()  # It is filled when it is opened.
    return [text.strip() for text in figure.locator(".legend tbody th").all_text_contents()]


def drag(page: Page, figure: Locator, begin: float, end: float) -> None:
    """Choose a stretch of a chart with the mouse, in shares of its width."""
    box = figure.locator(".plot").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + begin * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], middle, steps=4)
    page.mouse.up()


@pytest.fixture
def curves(page: Page, waves: str) -> Page:
    """The project's page; it is never loaded again."""
    page.goto(f"/local/{waves}")
    page.evaluate("window.stays = true")
    return page


def test_the_most_telling_metrics_are_drawn_and_a_table_says_the_same(curves: Page) -> None:
    assert curves.locator("figure[data-chart=curves]").evaluate_all("all => all.map(each => each.dataset.metric)") == [
        "epoch/val_loss",
        "acc",
        "loss",
    ]
    loss = chart(curves, "loss")
    assert loss.locator("canvas").first.evaluate(INKED) > 1_000
    names = listed(loss)
    assert len(names) == 13
    assert names[0] == "wave-11"
    row = loss.locator(".legend tbody tr").first
    assert row.locator("td").all_text_contents() == ["11", "11", "51", "0"]
    row.get_by_role("link").click()
    expect(curves).to_have_url(re.compile("/runs/w11$"))


def test_pointing_tells_the_run_its_value_and_where(curves: Page) -> None:
    loss = chart(curves, "loss")
    loss.locator(".plot").hover(position={"x": 300, "y": 190})
    said = loss.locator(".said")
    expect(said).to_contain_text(re.compile(r"wave-\d\d"))
    expect(said).to_contain_text(re.compile(r"step \d+"))
    curves.mouse.move(0, 0)
    expect(said).to_have_text("1 of 14 have none here · 1 NaN · 1 infinite")


def test_the_keyboard_walks_along_curves_and_from_one_to_the_next(curves: Page) -> None:
    loss = chart(curves, "loss")
    said = loss.locator(".said")
    loss.locator(".plot").focus()
    curves.keyboard.press("ArrowRight")
    expect(said).to_contain_text("wave-11")
    expect(said).to_contain_text("step 599")
    curves.keyboard.press("ArrowLeft")
    expect(said).not_to_contain_text("step 599")
    curves.keyboard.press("End")
    curves.keyboard.press("ArrowDown")
    expect(said).to_contain_text("wave-10")
    curves.keyboard.press("ArrowUp")
    expect(said).to_contain_text("wave-11")
    curves.keyboard.press("+")
    expect(loss.get_by_role("button", name="Reset zoom")).to_be_visible()
    curves.keyboard.press("Escape")
    expect(loss.get_by_role("button", name="Reset zoom")).to_be_hidden()
    curves.keyboard.press("ArrowRight")
    curves.keyboard.press("Enter")
    expect(curves).to_have_url(re.compile("/runs/w11$"))


def test_a_zoom_asks_the_hub_for_what_lies_within(curves: Page, watch: Watch) -> None:
    loss = chart(curves, "loss")
    before = [request for request in watch.requests if "from=" in request]
    with curves.expect_response(lambda answer: "from=" in answer.url) as answered:
        drag(curves, loss, 0.45, 0.6)
    assert not before
    sent = answered.value.json()["charts"][0]
    # All rows of the stretch, each a point: no mean of several.
    assert "low" not in sent["curves"][0]
    assert 301 in sent["axes"][sent["curves"][0]["x"]]
    expect(loss.get_by_role("button", name="Reset zoom")).to_be_visible()
    listed(loss)
    expect(loss.locator(".legend caption")).to_have_text("In the stretch shown")
    # And they are what is drawn: from one point to the next is one step.
    loss.locator(".plot").focus()
    curves.keyboard.press("ArrowRight")
    expect(loss.locator(".said")).to_contain_text("step")
    last = int(loss.locator(".said span").last.text_content().removeprefix("step "))  # type: ignore[union-attr]
    curves.keyboard.press("ArrowLeft")
    expect(loss.locator(".said span").last).to_have_text(f"step {last - 1}")
    loss.locator(".plot").dblclick()
    expect(loss.get_by_role("button", name="Reset zoom")).to_be_hidden()
    expect(loss.locator(".legend caption")).to_have_text("loss of what is drawn")


def test_a_zoom_with_the_keyboard_stays_within_what_was_logged(curves: Page) -> None:
    loss = chart(curves, "loss")
    loss.locator(".plot").focus()
    curves.keyboard.press("Home")
    curves.keyboard.press("+")
    expect(curves).to_have_url(re.compile(r"[?&]chart-zoom=0%2C299\.5%2Closs$"))
    chart(curves, "loss")
    curves.keyboard.press("-")
    expect(loss.get_by_role("button", name="Reset zoom")).to_be_hidden()
    curves.keyboard.press("End")
    curves.keyboard.press("+")
    expect(curves).to_have_url(re.compile(r"[?&]chart-zoom=299\.5%2C599%2Closs$"))


def test_a_metric_of_nothing_but_nan_says_that_there_is_nothing_to_draw(
    page: Page, filling: Filling, project: str
) -> None:
    filling.run(project, "one", rows=[{"_step": step, "loss": math.nan} for step in range(3)])
    page.goto(f"/local/{project}/runs/one")
    loss = chart(page, "loss")
    expect(loss.locator(".blank")).to_have_text("No value here has a place on the chart.")
    expect(loss.locator(".said")).to_have_text("3 NaN")


def test_a_zoom_stands_in_the_address(curves: Page) -> None:
    loss = chart(curves, "loss")
    drag(curves, loss, 0.45, 0.6)
    expect(curves).to_have_url(re.compile(r"[?&]chart-zoom=[\d.]+%2C[\d.]+%2Closs$"))
    curves.get_by_label("Search").fill("wave-0")  # What else is chosen keeps it.
    curves.keyboard.press("Enter")
    expect(curves).to_have_url(re.compile("search=wave-0.*chart-zoom="))
    with curves.expect_response(lambda answer: "from=" in answer.url):
        curves.reload()
    loss = chart(curves, "loss")
    reset = loss.get_by_role("button", name="Reset zoom")
    expect(reset).to_be_visible()
    expect(chart(curves, "acc").get_by_role("button", name="Reset zoom")).to_be_hidden()
    listed(loss)
    expect(loss.locator(".legend caption")).to_have_text("In the stretch shown")
    reset.click()
    expect(loss.locator(".legend caption")).to_have_text("loss of what is drawn")
    assert "chart-zoom" not in curves.url
    curves.goto(f"{curves.url}&chart-zoom=7,2,loss&chart-zoom=,,loss&chart-zoom=x")  # No stretch: the whole.
    loss = chart(curves, "loss")
    expect(loss.get_by_role("button", name="Reset zoom")).to_be_hidden()
    drag(curves, loss, 0.2, 0.6)
    curves.get_by_label("over").select_option("time")  # A stretch of steps is none of time.
    expect(curves).not_to_have_url(re.compile("%2Closs"))


def test_choices_stand_in_the_address_and_other_parts_keep_them(curves: Page) -> None:
    chart(curves, "loss")
    curves.get_by_label("smoothing").fill("60")
    curves.get_by_label("log y").check()
    expect(chart(curves, "loss").locator(".said")).to_contain_text("0 and below have no place on a log axis")
    curves.get_by_label("over").select_option("time")
    expect(curves).to_have_url(re.compile("chart-x=time"))
    assert curves.url.endswith("?chart-x=time&chart-smooth=60&chart-log=y")
    curves.get_by_role("columnheader", name="seed").get_by_role("link").click()
    expect(curves.get_by_role("columnheader", name="seed")).to_have_attribute("aria-sort", "descending")
    assert "chart-smooth=60" in curves.url
    curves.reload()
    expect(curves.get_by_label("smoothing")).to_have_value("60")
    expect(curves.get_by_label("log y")).to_be_checked()
    figure = chart(curves, "epoch/val_loss")
    figure.locator(".plot").hover(position={"x": 300, "y": 150})
    expect(figure.locator(".said")).to_contain_text(", unsmoothed ")
    curves.get_by_label("over").select_option("epoch")
    expect(figure.locator(".said")).to_contain_text("have none here")
    figure.locator(".plot").hover(position={"x": 300, "y": 120})
    expect(figure.locator(".said")).to_contain_text(re.compile(r"epoch \d"))


def test_charts_are_added_and_removed(curves: Page) -> None:
    chart(curves, "loss")
    curves.get_by_label("Add a chart of a metric").fill("only")
    curves.keyboard.press("Enter")
    assert listed(chart(curves, "only")) == ["other"]
    curves.get_by_role("button", name="Remove the chart of acc").click()
    expect(curves.locator('figure[data-metric="acc"]')).to_have_count(0)
    curves.go_back()
    expect(curves.locator('figure[data-metric="acc"]')).to_have_count(1)
    curves.get_by_label("Add a chart of a metric").fill("never logged")
    curves.keyboard.press("Enter")
    expect(chart(curves, "never logged")).to_contain_text("None of 14 has logged this.")
    assert curves.evaluate("window.stays")


def test_the_runs_that_are_ticked_are_those_drawn(curves: Page) -> None:
    loss = chart(curves, "loss")
    assert len(listed(loss)) == 13
    for name in ("wave-03", "wave-07"):
        curves.get_by_label(f"Select {name}").check()
    expect(loss.locator(".legend tbody tr")).to_have_count(2)
    assert sorted(listed(loss)) == ["wave-03", "wave-07"]
    curves.get_by_role("button", name="Clear selection").click()
    expect(loss.locator(".legend tbody tr")).to_have_count(13)
    curves.get_by_label("Filter").fill("model = mlp")
    curves.keyboard.press("Enter")
    expect(loss.locator(".legend tbody tr")).to_have_count(6)
    curves.get_by_label("Filter").fill("model =")
    curves.keyboard.press("Enter")
    expect(loss).to_contain_text("The filter or a column breaks a rule")


def test_groups_have_a_mean_and_say_of_how_many(curves: Page) -> None:
    loss = chart(curves, "loss")
    curves.get_by_label("Groups").fill("config.model")
    listed(loss)
    expect(loss.get_by_role("row", name=re.compile("^model = convnet"))).to_be_visible()
    row = loss.get_by_role("row", name=re.compile("^model = mlp"))
    # The mean of 1, 3, ..., 11.
    assert row.locator("td").all_text_contents()[0] == "6"
    assert row.locator("td").all_text_contents()[-1] == "6"
    loss.locator(".plot").focus()
    curves.keyboard.press("ArrowRight")
    expect(loss.locator(".said")).to_contain_text("n = 6")


def test_names_have_the_colours_of_their_curves_beside_them(curves: Page) -> None:
    loss = chart(curves, "loss")
    listed(loss)
    for key in ("w11", "w10"):
        swatch = loss.locator(f'.legend tr[data-key="{key}"] .swatch').evaluate(COLOUR, None)
        assert curves.locator(f'#runs tr[data-key="{key}"] .of-curve').evaluate(COLOUR, "::before") == swatch != NONE
    curves.get_by_label("Groups").fill("config.model")
    hidden = curves.get_by_role("link", name="Hide convnet")
    expect(hidden).to_be_visible()
    listed(loss)
    expect(loss.get_by_role("row", name=re.compile("^model = convnet"))).to_be_visible()
    assert hidden.evaluate(COLOUR, "::before") != NONE
    hidden.click()
    expect(loss.get_by_role("row", name=re.compile("^model = convnet"))).to_be_hidden()
    assert curves.get_by_role("link", name="Show convnet").evaluate(COLOUR, "::before") == NONE


def test_compared_runs_have_the_colours_of_their_curves_beside_them(page: Page, waves: str) -> None:
    page.goto(f"/local/{waves}/compare?runs=w11&runs=w10")
    loss = chart(page, "loss")
    listed(loss)
    for key in ("w11", "w10"):
        swatch = loss.locator(f'.legend tr[data-key="{key}"] .swatch').evaluate(COLOUR, None)
        assert page.locator(f'.chosen [data-key="{key}"] .of-curve').evaluate(COLOUR, "::before") == swatch != NONE


def test_groups_that_are_hidden_are_not_drawn(curves: Page) -> None:
    loss = chart(curves, "loss")
    curves.get_by_label("Groups").fill("config.model")
    listed(loss)
    mlp, convnet = (loss.get_by_role("row", name=re.compile(f"^model = {name}")) for name in ("mlp", "convnet"))
    expect(convnet).to_be_visible()
    colour = mlp.locator(".swatch").get_attribute("class")
    curves.get_by_role("link", name="Hide convnet").click()
    expect(convnet).to_be_hidden()
    expect(mlp).to_be_visible()
    assert mlp.locator(".swatch").get_attribute("class") == colour
    curves.reload()
    listed(loss)
    expect(mlp).to_be_visible()
    expect(convnet).to_be_hidden()
    for group in ("mlp", "–"):
        curves.get_by_role("link", name=f"Hide {group}").press("Enter")
        expect(curves.get_by_role("link", name=f"Show {group}")).to_be_visible()
    expect(curves.locator("#curves-note")).to_have_text("All groups are hidden")
    curves.get_by_role("link", name="Show convnet").press("Enter")
    expect(convnet).to_be_visible()
    expect(mlp).to_be_hidden()


def test_a_point_with_nothing_beside_it_is_a_dot_that_can_be_seen(page: Page, filling: Filling, project: str) -> None:
    filling.run(project, "one", rows=[{"_step": 0, "loss": 1}], summary={"loss": 1})
    page.goto(f"/local/{project}")
    assert chart(page, "loss").locator("canvas").first.evaluate(COLOURED) > 12


def test_a_sample_is_said_to_be_one(page: Page, waves: str) -> None:
    page.goto(f"/local/{waves}?chart-runs=10")
    chart(page, "loss")
    expect(page.locator("#curves-note")).to_have_text("The first 10 of 14 runs, in the table's order")
    page.goto(f"/local/{waves}?chart-runs=10&group=config.model")
    chart(page, "loss")
    expect(page.locator("#curves-note")).to_have_text("10 of 14 runs, evenly chosen of all groups")
    page.get_by_label("at most").select_option("25")
    expect(page.locator("#curves-note")).to_have_text("")


def test_what_is_logged_is_drawn_at_once_and_zoom_and_pointing_stay(
    page: Page, filling: Filling, project: str, watch: Watch
) -> None:
    for run in ("one", "two"):
        filling.begin(project, run)
        filling.log(project, run, [{"_step": step, "loss": 1 / (step + 1)} for step in range(50)])
        filling.summarise(project, run, {"loss": 0.02})
    page.goto(f"/local/{project}")
    expect(page.locator("#live")).to_have_text("Live")
    loss = chart(page, "loss")
    listed(loss)
    drag(page, loss, 0.5, 0.95)
    expect(loss.locator(".legend caption")).to_have_text("In the stretch shown")
    loss.locator(".plot").focus()
    page.keyboard.press("ArrowRight")
    expect(loss.locator(".said")).to_contain_text("two")
    asked = len(watch.requests)
    filling.log(project, "one", [{"_step": 45, "loss": 7}], offset=45)
    filling.summarise(project, "one", {"loss": 7})
    cell = loss.get_by_role("row", name=re.compile("^one")).locator("td").nth(2)
    expect(cell).to_have_text("7")
    expect(loss.locator(".said")).to_contain_text("two")
    expect(loss.get_by_role("button", name="Reset zoom")).to_be_visible()
    # The run that has not changed is not sent again.
    later = [request for request in watch.requests[asked:] if "curves.json" in request]
    assert all("have=" in request and not request.endswith("have=") for request in later)
    filling.delete(project, "two")
    filling.summarise(project, "one", {"loss": 8})
    expect(loss.locator(".legend tbody tr")).to_have_count(1)


def test_a_run_that_begins_to_log_gets_its_charts(page: Page, filling: Filling, project: str) -> None:
    filling.begin(project, "one")
    page.goto(f"/local/{project}/runs/one")
    expect(page.get_by_text("No metric was logged yet")).to_be_visible()
    expect(page.locator("#live")).to_have_text("Live")
    filling.log(project, "one", [{"_step": 0, "loss": 0.25}, {"_step": 1, "loss": 0.5}])
    loss = chart(page, "loss")
    loss.locator(".plot").focus()
    page.keyboard.press("End")
    expect(loss.locator(".said")).to_contain_text("0.5")
    filling.log(project, "one", [{"_step": 2, "loss": 0.75}], offset=2)
    listed(loss)
    expect(loss.locator(".legend td").first).to_have_text("0.75")


def test_a_sweeps_page_begins_with_what_it_searches_for(page: Page, filling: Filling, project: str) -> None:
    sweep = filling.sweep(
        project, "method: random\nmetric: {name: zeal, goal: maximize}\nparameters: {a: {min: 0.0, max: 1.0}}"
    )
    filling.run(project, "one", sweep=sweep, rows=[{"_step": 0, "zeal": 3, "acc": 1}], summary={"zeal": 3, "acc": 1})
    filling.run(project, "none", rows=[{"_step": 0, "zeal": 4}], summary={"zeal": 4})
    page.goto(f"/local/{project}/sweeps/{sweep}")
    page.locator("#curves").scroll_into_view_if_needed()
    assert page.locator("figure[data-chart=curves]").first.get_attribute("data-metric") == "zeal"
    assert listed(chart(page, "zeal")) == ["one"]


def test_hostile_names_are_text_and_the_curve_is_cut_at_what_is_no_number(page: Page, waves: str) -> None:
    page.goto(f"/local/{waves}?filter=loss+%3D+2+and+seed+not+exists")
    loss = chart(page, "loss")
    (name,) = listed(loss)
    assert name.startswith("<img src=x")
    assert len(name) == 200
    assert loss.locator("td").all_text_contents() == ["2", "0", "2", "2"]
    loss.locator(".plot").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(loss.locator(".said")).to_contain_text("step 3")
    page.keyboard.press("ArrowLeft")
    expect(loss.locator(".said")).to_contain_text("step 0")


def test_a_log_axis_for_steps_says_that_the_first_is_not_on_it(curves: Page) -> None:
    said = chart(curves, "loss").locator(".said")
    expect(said).not_to_contain_text("log axis")
    curves.get_by_label("log x").check()
    expect(said).to_contain_text("0 and below have no place on a log axis")
    curves.goto(f"{curves.url}&chart-zoom=0,20,loss")  # A stretch that begins at 0 is drawn as it is.
    said = chart(curves, "loss").locator(".said")
    expect(said).not_to_contain_text("log axis")


def test_a_narrow_screen_scrolls_down_alone(page: Page, waves: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/local/{waves}")
    chart(page, "epoch/val_loss")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_label("log y").check()
    page.locator('figure[data-metric="loss"]').scroll_into_view_if_needed()
    said = chart(page, "loss").locator(".said")
    expect(said).to_contain_text("0 and below have no place on a log axis")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_label("smoothing").fill("60")
    page.locator('figure[data-metric="loss"] .plot').focus()
    page.keyboard.press("End")
    expect(said).to_contain_text("unsmoothed")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_scripts_a_run_shows_small_pictures(chromium: Browser, hub: Hub, waves: str) -> None:
    context = chromium.new_context(base_url=hub.url, java_script_enabled=False)
    log_in(context, hub.url, hub.key)
    page = context.new_page()
    page.goto(f"/local/{waves}/runs/w01")
    expect(page.get_by_role("img", name=re.compile("^loss"))).to_be_visible()
    assert not page.locator("figure.chart").first.is_visible()
    page.goto(f"/local/{waves}")
    page.locator("#curves").get_by_role("link", name="loss", exact=True).click()
    assert '"charts":[{"metric":"loss"' in page.content()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(
    page: Page, faults_of: Callable[[Page], list[str]], waves: str, scheme: Any
) -> None:
    page.emulate_media(color_scheme=scheme)
    for path in ("", "/runs/w01", "?group=config.model&chart-size=large"):
        page.goto(f"/local/{waves}{path}")
        listed(chart(page, "epoch/val_loss"))
        assert faults_of(page) == [], path
