"""Charts under a finger: a stretch of curves is zoomed to, axes are brushed, and the page still scrolls."""

from __future__ import annotations

import math
import re

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.parts.chromium import swipe
from tests.parts.filling import Filling

SWEEP = "program: t.py\nmethod: random\nmetric: {name: acc, goal: maximize}\nparameters: {lr: {min: 0.0, max: 1.0}}\n"


@pytest.fixture
def sweep(filling: Filling, project: str) -> str:
    """The page of a sweep with eight runs."""
    sweep_id = filling.sweep(project, SWEEP)
    for place in range(8):
        rows = [{"_step": step, "acc": place / 10 + math.sin(step / 9)} for step in range(100)]
        config = {"lr": place / 8, "width": 2**place}
        filling.run(project, f"r{place}", config=config, summary={"acc": place / 10}, rows=rows, sweep=sweep_id)
    return f"/local/{project}/sweeps/{sweep_id}"


def across(plot: Locator, *shares: tuple[float, float]) -> list[tuple[float, float]]:
    """Places of a plot, by shares of its width and height."""
    box = plot.bounding_box()
    assert box is not None
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in shares]


def test_a_finger_zooms_curves_and_points(touched: Page, sweep: str) -> None:
    touched.goto(sweep)
    figure = touched.locator('figure[data-metric="acc"]')
    figure.scroll_into_view_if_needed()
    plot = figure.locator(".plot")
    expect(plot).to_have_attribute("aria-busy", "false")
    swipe(touched, *across(plot, (0.5, 0.5)))
    expect(figure.locator(".said")).to_contain_text("step")
    swipe(touched, *across(plot, (0.4, 0.5), (0.5, 0.5), (0.6, 0.5), (0.7, 0.5)))
    expect(figure.get_by_role("button", name="Reset zoom")).to_be_visible()
    expect(touched).to_have_url(re.compile(r"chart-zoom=[\d.]+%2C[\d.]+%2Cacc$"))


def test_a_finger_scrolls_over_curves(touched: Page, sweep: str) -> None:
    touched.goto(sweep)
    figure = touched.locator('figure[data-metric="acc"]')
    figure.scroll_into_view_if_needed()
    before = touched.evaluate("scrollY")
    swipe(touched, *across(figure.locator(".plot"), (0.5, 0.2), (0.5, 0.5), (0.5, 0.8), (0.5, 1.2)))
    touched.wait_for_function("before => scrollY < before", arg=before)
    expect(figure.get_by_role("button", name="Reset zoom")).to_be_hidden()


def test_a_finger_brushes_an_axis_and_scrolls_elsewhere(touched: Page, sweep: str) -> None:
    touched.goto(f"{sweep}?axis=config.lr&axis=config.width")
    chart = touched.locator('[data-chart="parallel"]')
    plot = chart.locator("[data-plot]")
    plot.scroll_into_view_if_needed()
    expect(chart.locator("[data-note]")).to_contain_text("coloured by acc")
    box = plot.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    begin = touched.evaluate("scrollY")
    swipe(touched, *((box["x"] + 36, middle + by) for by in (0, 20, 40, 60, 80)))
    expect(touched.get_by_label("Filter")).to_have_value(re.compile(r"^config\.lr >= \S+ and config\.lr <= \S+$"))
    expect(chart.locator("[data-note]")).to_contain_text("of 8 brushed")
    assert touched.evaluate("scrollY") == begin
    written = touched.get_by_label("Filter").input_value()
    swipe(touched, *((box["x"] + 120, middle - by) for by in (0, 40, 80, 120)))
    touched.wait_for_function("before => scrollY > before", arg=begin)
    expect(touched.get_by_label("Filter")).to_have_value(written)
