"""Reports: written, edited and deleted in the browser; the charts in them, alive."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from tests.parts.chromium import Watch, log_in
from tests.parts.filling import Filling
from tests.parts.hub_process import Hub

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1)) ![p](https://evil.example/p.png)"
SWEEP = """program: train.py
method: random
name: Tuning
metric: {name: acc, goal: maximize}
run_cap: 60
parameters:
  lr: {min: 0.0001, max: 0.1}
"""
NOTE = f"""Dropout *helps*, see below.

```chart
metric: [acc, loss]
group: config.model
x: epoch
```

## Why

| model | acc |
|---|---:|
| mlp | 0.97 |

{EVIL}

```chart
metric: loss
runs: model = mlp
log: y
```
"""


def rows(place: int, begin: int, end: int) -> list[dict[str, float]]:
    return [
        {"_step": step, "epoch": step // 10, "acc": 1 - math.exp(-step / (20 + place)), "loss": math.exp(-step / 30)}
        for step in range(begin, end)
    ]


@pytest.fixture
def sweep(filling: Filling, project: str) -> str:
    """The page of a sweep of the test's own with four runs of two models, the last one under way."""
    sweep_id = filling.sweep(project, SWEEP)
    for place in range(4):
        config = {"lr": 0.01 * (place + 1), "model": "mlp" if place % 2 else "convnet"}
        filling.begin(project, f"r{place}", config=config, sweep=sweep_id, displayName=f"fox-{place}")
        filling.log(project, f"r{place}", rows(place, 0, 100))
        filling.summarise(project, f"r{place}", {"acc": 0.9, "loss": 0.1, "epoch": 9})
        if place < 3:
            filling.end(project, f"r{place}")
    return f"/local/{project}/sweeps/{sweep_id}"


def write(page: Page, title: str, text: str) -> None:
    page.get_by_label("Title").fill(title)
    page.get_by_label("Note, in Markdown").fill(text)
    page.get_by_role("button", name="Save").click()


def chart(page: Page, metric: str, block: int = 0) -> Locator:
    """The chart of a metric in one of the note's blocks, once it is drawn."""
    figure = page.locator("[data-curves]").nth(block).locator(f'figure[data-metric="{metric}"]')
    figure.scroll_into_view_if_needed()
    expect(figure.locator(".plot")).to_have_attribute("aria-busy", "false")
    return figure


def listed(figure: Locator) -> list[str]:
    """What a chart draws, by the names in its table."""
    figure.get_by_text("Table", exact=True).click()
    expect(figure.locator(".legend tbody th").first).to_be_visible()
    return [text.strip() for text in figure.locator(".legend tbody th").all_text_contents()]


def test_a_report_is_written_where_it_belongs_and_its_charts_show_those_runs(page: Page, sweep: str) -> None:
    page.goto(sweep)
    page.get_by_role("navigation", name="Reports").get_by_role("link", name="Write a report").click()
    expect(page.get_by_label("Note, in Markdown")).to_have_value("\n\n```chart\nmetric: acc\n```\n")
    write(page, "What dropout does", NOTE)
    expect(page.get_by_role("heading", level=1)).to_have_text("What dropout does")
    expect(page.get_by_role("navigation", name="Breadcrumb")).to_contain_text("Tuning")
    assert listed(chart(page, "acc")) == ["model = convnet", "model = mlp"]
    assert listed(chart(page, "loss", 1)) == ["fox-3", "fox-1"]
    expect(page.get_by_role("heading", level=3, name="Why")).to_be_visible()
    expect(page.get_by_role("cell", name="0.97")).to_have_css("text-align", "right")
    expect(page.locator("article img, article script")).to_have_count(0)
    expect(page.locator('article a[href*="javascript"]')).to_have_count(0)
    expect(page.get_by_role("link", name="p", exact=True)).to_have_attribute("rel", "noopener noreferrer")
    page.goto(sweep)
    page.get_by_role("navigation", name="Reports").get_by_role("link", name="What dropout does").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What dropout does")


def test_a_report_follows_what_its_runs_log_and_what_others_write(
    page: Page, chromium: Browser, hub: Hub, filling: Filling, sweep: str, project: str
) -> None:
    page.goto(f"/local/{project}/reports/new")
    write(page, "Alive", "```chart\nmetric: loss\nruns: name = fox-3\n```\n")
    figure = chart(page, "loss")
    assert listed(figure) == ["fox-3"]
    last = figure.locator(".legend tbody td").first
    before = str(last.text_content())
    filling.log(project, "r3", [{"_step": 100, "loss": 7.5}], offset=100)
    filling.summarise(project, "r3", {"loss": 7.5})  # Lines alone, a moment after the last, move no mark.
    expect(last).to_have_text("7.5")
    assert before != "7.5"
    other = chromium.new_context(base_url=hub.url)
    log_in(other, hub.url, hub.key)
    second = other.new_page()
    second.goto(f"{page.url}/edit")
    write(second, "Alive", "Now *this*.\n\n```chart\nmetric: acc\n```\n")
    expect(page.locator("article em")).to_have_text("this")
    assert listed(chart(page, "acc")) == ["fox-3", "fox-2", "fox-1", "fox-0"]
    expect(page.locator('figure[data-metric="loss"]')).to_have_count(0)
    second.get_by_role("link", name="Delete").click()
    second.get_by_role("button", name="Delete the report").click()
    expect(second.get_by_text("No report yet")).to_be_visible()
    expect(page.get_by_role("status").first).to_contain_text("no longer there")
    other.close()


def test_what_was_typed_stays_when_it_is_refused(
    page: Page, watch: Watch, chromium: Browser, hub: Hub, sweep: str
) -> None:
    watch.expect("status of 422")
    page.goto(sweep)
    page.get_by_role("link", name="Write a report").click()
    write(page, "Draft", "```chart\nmetrik: acc\n```")
    expect(page.get_by_role("alert")).to_contain_text("Did you mean metric?")
    expect(page.get_by_label("Note, in Markdown")).to_have_value("```chart\nmetrik: acc\n```")
    write(page, "Draft", "first")
    address = page.url
    page.get_by_role("link", name="Edit").click()
    other = chromium.new_context(base_url=hub.url)
    log_in(other, hub.url, hub.key)
    second = other.new_page()
    second.goto(f"{address}/edit")
    write(second, "Draft", "theirs")
    expect(second.get_by_text("theirs")).to_be_visible()
    write(page, "Draft", "mine")
    expect(page.get_by_role("alert")).to_contain_text("has changed the report meanwhile")
    page.get_by_text("What it says now").click()
    expect(page.get_by_text("theirs")).to_be_visible()
    expect(page.get_by_label("Note, in Markdown")).to_have_value("mine")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("mine")).to_be_visible()
    other.close()


def test_a_report_needs_no_mouse_and_no_scripts(
    page: Page, chromium: Browser, hub: Hub, sweep: str, faults_of: Callable[[Page], list[str]]
) -> None:
    page.goto(sweep)
    page.get_by_role("link", name="Write a report").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Title")).to_be_focused()
    page.keyboard.type("By hand")
    assert faults_of(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Save")).to_be_focused()
    page.keyboard.press("Enter")
    plot = chart(page, "acc").locator(".plot")
    assert faults_of(page) == []
    plot.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".said").first).to_contain_text("fox-")
    plain = chromium.new_context(base_url=hub.url, java_script_enabled=False)
    log_in(plain, hub.url, hub.key)
    reader = plain.new_page()
    reader.goto(page.url)
    expect(reader.get_by_text("Runs of the sweep Tuning")).to_be_visible()
    reader.get_by_role("link", name="acc", exact=True).click()
    assert '"charts":[{"metric":"acc"' in reader.content()
    plain.close()


def test_what_was_written_outlives_the_session(
    context: BrowserContext, page: Page, hub: Hub, sweep: str, project: str
) -> None:
    page.goto(f"/local/{project}/reports/new")
    context.clear_cookies()
    write(page, "Long thoughts", "They took an hour.\n\nReally.")
    expect(page.get_by_role("alert")).to_contain_text("not taken")
    page.get_by_label("API key").fill(hub.key)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("status")).to_contain_text("this was not saved")
    expect(page.get_by_label("Title")).to_have_value("Long thoughts")
    expect(page.get_by_label("Note, in Markdown")).to_have_value("They took an hour.\n\nReally.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Long thoughts")
    page.wait_for_load_state()  # The page's scripts run once all of it is there.
    assert page.evaluate("sessionStorage.getItem('draft')") is None

    page.goto(f"{sweep}/edit")
    context.clear_cookies()
    longer = SWEEP.replace("run_cap: 60", "run_cap: 90")
    page.get_by_label("Sweep file").fill(longer)
    page.get_by_role("button", name="Go on by this file").click()
    page.get_by_label("API key").fill(hub.key)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_label("Sweep file")).to_have_value(longer)
    page.get_by_role("button", name="Go on by this file").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Tuning")
    page.goto(f"{sweep}/edit")
    expect(page.get_by_label("Sweep file")).to_have_value(longer)


def test_a_form_says_where_nothing_was_kept_of_what_was_sent(page: Page, sweep: str) -> None:
    page.goto(f"{sweep}/edit#unsent")
    expect(page.get_by_role("status")).to_contain_text("this tab has not kept it")
    expect(page.get_by_label("Sweep file")).to_have_value(SWEEP)
    assert page.url.endswith("/edit")
