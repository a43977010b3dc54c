"""Comparing runs: chosen in a table, side by side, live; with the mouse and the keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.parts.filling import Filling

HOSTILE = '<img src=x onerror=alert(1)> "quoted" \u05e9\u05dc\u05d5\u05dd ' + "n" * 4000


@pytest.fixture(scope="session")
def repeated(filling: Filling) -> str:
    """A project with three seeds of two configs each."""
    for place in range(6):
        lr, seed = (0.1, 0.01)[place // 3], place % 3
        filling.run(
            "repeated",
            f"r{place}",
            config={"lr": lr, "seed": seed, "model": "mlp"},
            summary={"acc": 0.9 - place // 3 * 0.2 + seed / 100, "loss": 1.0},
            displayName=f"fox-{place}",
        )
    return "repeated"


def test_runs_are_chosen_in_the_table_and_compared(page: Page, repeated: str) -> None:
    page.goto(f"/local/{repeated}")
    page.get_by_label("Select fox-0").check()
    page.get_by_label("Search names").fill("fox-5")
    expect(page.get_by_text("1 run of 6")).to_be_visible()
    page.get_by_label("Select fox-5").check()
    page.get_by_role("button", name="Compare").click()
    expect(page).to_have_title("Compare runs · Sweepyard")
    assert page.url.endswith(f"/local/{repeated}/compare?runs=r0,r5")
    config = page.locator("#config")
    assert config.locator("tbody tr").count() == 2
    expect(config.get_by_role("row", name="lr 0.1 0.01")).to_be_visible()
    expect(page.locator("#metrics").get_by_role("row", name="acc")).to_contain_text("−0.18")


def test_all_keys_another_base_and_one_run_less(page: Page, repeated: str) -> None:
    page.goto(f"/local/{repeated}/compare?runs=r0,r1,r3")
    page.get_by_role("link", name="Show all keys").click()
    expect(page.locator("#config").get_by_role("row", name="model")).to_be_visible()
    page.get_by_label("Compare with").select_option("fox-3")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#metrics").get_by_role("row", name="acc")).to_contain_text("+0.2")
    expect(page.locator("#config").get_by_role("row", name="model")).to_be_visible()
    page.get_by_role("link", name="Leave out fox-1").click()
    expect(page.get_by_role("link", name="fox-1")).to_have_count(0)
    expect(page.get_by_role("link", name="Leave out")).to_have_count(0)
    assert "runs=r0,r3" in page.url
    page.get_by_label("Find in Config").fill("mod")
    expect(page.get_by_text("1 of 3")).to_be_visible()


def test_repeats_say_whether_a_difference_is_chance(page: Page, repeated: str) -> None:
    page.goto(f"/local/{repeated}/compare?runs=r0,r1,r2,r3,r4,r5")
    row = page.get_by_role("region", name="Repeats").get_by_role("row", name="acc")
    expect(row).to_contain_text("0.91 ± 0.01 n = 3")
    expect(row).to_contain_text("lower, hardly by chance")
    loss = page.get_by_role("region", name="Repeats").get_by_role("row", name="loss")
    expect(loss).to_contain_text("no spread to judge by")
    expect(page.get_by_text("3 runs: fox-3, fox-4, fox-5")).to_be_visible()


def test_what_real_runs_recorded_is_compared_with_its_pictures(page: Page, pictured: str) -> None:
    page.goto(f"/local/{pictured}/compare?runs=one,two")
    expect(page.get_by_text("90.00% of 20 on the diagonal.")).to_have_count(2)
    table = page.get_by_role("region", name="Predictions: mistakes")
    row = table.get_by_role("row", name="11").first
    row.scroll_into_view_if_needed()
    expect(row).to_contain_text("2 79%")
    image = row.locator("img")
    page.wait_for_function("image => image.complete && image.naturalWidth === 28", arg=image.element_handle())
    expect(table.get_by_role("row").last).to_contain_text("not recorded")


def test_curves_of_these_runs_and_no_others(page: Page, filling: Filling, project: str) -> None:
    for run_id in ("one", "two", "three"):
        filling.run(project, run_id, rows=[{"_step": step, "acc": step / 10} for step in range(5)])
    page.goto(f"/local/{project}/compare?runs=one,three")
    chart = page.locator("figure", has=page.get_by_role("application", name="acc"))
    chart.get_by_text("Table").click()
    table = chart.get_by_role("region", name="Table of acc")
    expect(table).to_contain_text("three")
    expect(table).not_to_contain_text("two")
    page.get_by_label("log y").check()
    expect(page).to_have_url(re.compile("chart-log=y"))
    page.reload()
    page.get_by_role("link", name="Show all keys").click()
    expect(page).to_have_url(re.compile("keys=all.*chart-log=y"))
    expect(page.get_by_label("log y")).to_be_checked()


@pytest.mark.parametrize(("query", "words"), [("?runs=r0", "1 is chosen"), ("", "0 are chosen")])
def test_too_few_runs(page: Page, repeated: str, query: str, words: str) -> None:
    page.goto(f"/local/{repeated}/compare{query}")
    expect(page.get_by_text(words)).to_be_visible()
    page.get_by_role("link", name="Choose runs in the project's table").click()
    expect(page).to_have_title(f"local/{repeated} · Sweepyard")


def test_runs_under_way_are_followed(page: Page, filling: Filling, project: str) -> None:
    for run_id in ("one", "two"):
        filling.begin(project, run_id, config={"lr": run_id})
    page.goto(f"/local/{project}/compare?runs=one,two")
    expect(page.locator("#live")).to_have_text("Live")
    filling.summarise(project, "two", {"acc": 0.75})
    expect(page.locator("#metrics").get_by_role("row", name="acc")).to_contain_text("0.75")
    filling.end(project, "two")
    expect(page.get_by_role("listitem").filter(has_text="two")).to_contain_text("finished")


def test_a_run_that_is_deleted_is_missed_at_once(page: Page, filling: Filling, project: str) -> None:
    for run_id in ("one", "two", "three"):
        filling.run(project, run_id, config={"lr": run_id})
    page.goto(f"/local/{project}/compare?runs=one,two,three")
    filling.delete(project, "three")
    expect(page.get_by_text("No longer there, or never: three.")).to_be_visible()
    expect(page.get_by_role("list", name="Runs").get_by_role("listitem")).to_have_count(2)
    filling.delete(project, "two")
    expect(page.get_by_text("Of the 3 runs to compare, 1 is still there.")).to_be_visible()


def test_hostile_names_and_numbers_that_are_none(page: Page, filling: Filling, project: str) -> None:
    for place, run_id in enumerate(("one", "two")):
        config = {HOSTILE: f"{HOSTILE}{place}", **{f"k{key:03}": key * place for key in range(500)}}
        summary = {"nan": float("nan"), "inf": float("inf"), HOSTILE: place}
        filling.run(project, run_id, config=config, summary=summary, displayName=HOSTILE)
    page.goto(f"/local/{project}/compare?runs=one,two")
    assert page.locator("img").count() == 0
    assert page.locator("#config tbody tr").count() == 500
    expect(page.locator("#metrics").get_by_role("row", name="nan")).to_contain_text("NaN")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_long_names_leave_room_for_what_is_compared(page: Page, filling: Filling, project: str) -> None:
    for run_id in ("one", "two", "three"):
        config = {f"k{key:02}": run_id for key in range(40)}
        filling.run(project, run_id, config=config, summary={"acc": 1}, displayName=run_id * 60)
    page.goto(f"/local/{project}/compare?runs=one,two,three")
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 568})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        assert page.locator(".leave").evaluate_all("all => all.every(each => each.offsetHeight < 30)"), width
        table = page.get_by_role("region", name="Config key")
        assert table.locator("thead").evaluate("head => head.offsetHeight") < 100, width
        table.locator("tbody tr").last.scroll_into_view_if_needed()
        expect(table.locator("tbody tr").last).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_in_comparisons(
    page: Page, faults_of: Callable[[Page], list[str]], repeated: str, pictured: str, scheme: Any
) -> None:
    page.emulate_media(color_scheme=scheme)
    for path in (
        f"{repeated}/compare?runs=r0,r1,r2,r3,r4,r5",
        f"{pictured}/compare?runs=one,two",
        f"{repeated}/compare",
    ):
        page.goto(f"/local/{path}")
        assert faults_of(page) == [], path
