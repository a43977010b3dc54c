"""A run's pages: overview, media by step, system metrics, console, files and artifacts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.parts.chromium import Watch, log_in
from tests.parts.filling import Filling
from tests.parts.hub_process import Hub

from sweepyard.hub.dashboard.assets import ASSETS

HOSTILE = '<img src=x onerror=alert(1)> "quoted" \u05e9\u05dc\u05d5\u05dd ' + "n" * 4000
SECTIONS = ("", "/media", "/system", "/console", "/files")


def loaded(page: Page, selector: str) -> list[bool]:
    """Whether each of these images has come."""
    page.locator(selector).first.scroll_into_view_if_needed()
    page.wait_for_function(
        "selector => [...document.querySelectorAll(selector)].some(image => image.complete && image.naturalWidth > 0)",
        arg=selector,
    )
    found: list[bool] = page.eval_on_selector_all(
        selector, "images => images.filter(image => image.complete).map(image => image.naturalWidth > 0)"
    )
    return found


def test_the_tabs_lead_through_a_run(page: Page, pictured: str) -> None:
    page.goto(f"/local/{pictured}/runs/one")
    tabs = page.get_by_role("navigation", name="Run")
    for text in ("Media", "System", "Console", "Files", "Overview"):
        tabs.get_by_role("link", name=text).click()
        expect(tabs.get_by_role("link", name=text)).to_have_attribute("aria-current", "page")
        expect(page.get_by_role("heading", level=1)).to_have_text("one")
    expect(page).to_have_url(f"{page.url.split('/local')[0]}/local/{pictured}/runs/one")


def test_the_overview_tells_what_the_run_is_made_of(page: Page, pictured: str) -> None:
    page.goto(f"/local/{pictured}/runs/one")
    expect(page.get_by_role("row", name="data mnist5k")).to_be_visible()
    expect(page.get_by_role("row", name="Python CPython")).to_be_visible()
    expect(page.get_by_text("Finished: exit code 0")).to_be_visible()
    packages = page.get_by_text("installed packages")
    packages.click()
    expect(page.get_by_role("listitem").filter(has_text="wandb==")).to_be_visible()


def test_a_key_is_found_among_five_hundred(page: Page, filling: Filling, project: str) -> None:
    filling.begin(project, "one", config={f"k{key:03}": key for key in range(500)})
    page.goto(f"/local/{project}/runs/one")
    page.get_by_label("Find in Config").fill("k499")
    expect(page.get_by_text("1 of 500")).to_be_visible()
    expect(page.get_by_role("row", name="k499 499")).to_be_visible()
    expect(page.get_by_role("row", name="k498 498")).to_be_hidden()
    expect(page.locator("#live")).to_have_text("Live")
    filling.summarise(project, "one", {"acc": 0.5})
    expect(page.get_by_role("row", name="acc 0.5")).to_be_visible()
    expect(page.get_by_role("row", name="k498 498")).to_be_hidden()


def test_images_tables_and_matrices_are_shown(page: Page, pictured: str) -> None:
    page.goto(f"/local/{pictured}/runs/one/media")
    assert all(loaded(page, ".pictures img"))
    expect(page.get_by_role("region", name="samples").get_by_text("digit 2")).to_be_visible()
    # Pictures in a table lie in the artifact that the client logs beside the run's own file.
    assert all(loaded(page, "table.logged img"))
    matrix = page.get_by_role("region", name="matrix")
    expect(matrix.get_by_text("90.00% of 20 on the diagonal.")).to_be_visible()
    expect(page.get_by_role("img", name="numbers, 4 values from 1 to 3")).to_be_visible()


def test_html_stays_outside_of_the_page(page: Page, pictured: str) -> None:
    page.goto(f"/local/{pictured}/runs/one/media?key=page")
    expect(page).to_have_title("one · Media · Sweepyard")
    assert page.locator("iframe").count() == 0
    with page.expect_download() as begun:
        page.get_by_role("link", name="Download").click()
    assert "taken over" in begun.value.path().read_text()
    expect(page).to_have_title("one · Media · Sweepyard")


def test_paths_of_media_fit_a_narrow_screen(page: Page, pictured: str) -> None:
    page.set_viewport_size({"width": 320, "height": 568})
    page.goto(f"/local/{pictured}/runs/one/media")
    expect(page.get_by_text("html-file:")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_steps_are_gone_through_with_the_keyboard(page: Page, watch: Watch, pictured: str) -> None:
    page.goto(f"/local/{pictured}/runs/one/media")
    page.evaluate("window.stays = true")
    slider = page.get_by_role("slider", name="Step")
    expect(slider).to_have_attribute("aria-valuetext", "step 3")
    slider.focus()
    page.keyboard.press("Home")
    expect(page.get_by_text("digit 0", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="matrix")).to_be_hidden()
    expect(slider).to_be_focused()
    assert page.url.endswith("?step=0")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("digit 0", exact=True)).to_be_hidden()
    assert page.url.endswith("?step=1")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("spinbutton", name="Step")).to_have_value("2")
    page.get_by_role("spinbutton", name="Step").fill("1")
    page.keyboard.press("Enter")
    expect(slider).to_have_value("1")
    page.go_back()
    expect(slider).to_have_value("2")
    # The hub cannot be reached: the page stays, and goes on once it can.
    watch.expect("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    page.get_by_role("link", name="Previous").click()
    expect(page.locator("#live")).to_have_text("The hub is away; trying again")
    page.context.set_offline(False)
    expect(slider).to_have_value("1", timeout=15000)
    expect(page.locator("#live")).to_have_text("Live")
    assert page.evaluate("window.stays")


def test_a_table_is_sorted_by_its_heads(page: Page, pictured: str) -> None:
    page.goto(f"/local/{pictured}/runs/one/media")
    page.get_by_role("link", name="All 12 rows").click()
    page.evaluate("window.stays = true")
    head = page.get_by_role("columnheader", name="confidence")
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("table.logged tbody tr").first).to_contain_text("0.79")
    assert page.evaluate("window.stays")
    page.get_by_role("link", name="All media of this run").click()
    expect(page.get_by_role("link", name="samples")).to_be_visible()


def test_new_media_come_by_themselves(page: Page, filling: Filling, project: str) -> None:
    filling.begin(project, "one")
    page.goto(f"/local/{project}/runs/one/media")
    expect(page.get_by_text("has logged no media")).to_be_visible()
    expect(page.locator("#live")).to_have_text("Live")
    filling.log(project, "one", [{"_step": 4, "h": {"_type": "histogram", "values": [1, 2], "bins": [0, 1, 2]}}])
    expect(page.get_by_role("img", name="h, 3 values from 0 to 2")).to_be_visible()


@pytest.fixture
def measured(filling: Filling, project: str) -> str:
    """The system metrics of a run of two GPUs, over an hour."""
    filling.begin(project, "one")
    rows = [
        {"_runtime": 15.0 * n, "system.gpu.0.gpu": n % 90, "system.gpu.1.gpu": 2, "system.proc.memory.rssMB": 900 + n}
        for n in range(240)
    ]
    filling.measure(project, "one", rows)
    return f"/local/{project}/runs/one/system"


def test_system_metrics_are_pointed_at_and_zoomed(page: Page, filling: Filling, measured: str, project: str) -> None:
    page.goto(measured)
    figure = page.locator("figure", has=page.get_by_role("application", name="utilisation, %"))
    plot = figure.locator(".plot")
    expect(plot).to_have_attribute("aria-busy", "false")
    plot.focus()
    page.keyboard.press("ArrowRight")
    expect(figure.locator(".said")).to_have_text(re.compile(r"GPU 0.*59 min 45 s$"))
    page.keyboard.press("ArrowDown")
    expect(figure.locator(".said")).to_contain_text("GPU 1")
    page.keyboard.press("Enter")  # A part has no page to open.
    with page.expect_response(lambda answer: "system.json" in answer.url and "from=" in answer.url) as answered:
        page.keyboard.press("+")
    assert [chart["metric"] for chart in answered.value.json()["charts"]] == ["gpu.*.gpu"]
    expect(page).to_have_url(re.compile(r"/system\?chart-zoom="))
    figure.get_by_text("Table", exact=True).click()
    expect(figure.locator(".legend caption")).to_have_text("In the stretch shown")
    expect(figure.locator(".legend tbody th")).to_have_text(["GPU 0", "GPU 1"])
    expect(figure.locator(".legend a")).to_have_count(0)
    other = page.locator("figure", has=page.get_by_role("application", name="process, MB"))
    other.get_by_text("Table", exact=True).click()
    expect(other.locator(".legend tbody th")).to_have_text("Memory")
    expect(other.locator(".legend td").first).to_have_text("1139")
    expect(page.locator("#live")).to_have_text("Live")
    filling.measure(project, "one", [{"_runtime": 3600.0, "system.proc.memory.rssMB": 7}], offset=240)
    expect(other.locator(".legend td").first).to_have_text("7")
    expect(figure.get_by_role("button", name="Reset zoom")).to_be_visible()


def test_system_metrics_have_pictures_without_scripts(chromium: Browser, hub: Hub, measured: str) -> None:
    context = chromium.new_context(base_url=hub.url, java_script_enabled=False)
    log_in(context, hub.url, hub.key)
    page = context.new_page()
    page.goto(measured)
    figure = page.locator("figure", has_text="utilisation, %")
    expect(figure.get_by_role("img", name="GPU, utilisation, %, from 0 to 89")).to_be_visible()
    first, second = (figure.locator(f"polyline.line-{number}") for number in (1, 2))
    colour = "line => getComputedStyle(line).stroke"
    assert first.evaluate(colour) != second.evaluate(colour)
    expect(page.locator(".plot").first).to_be_hidden()
    context.close()


def test_the_console_follows_until_somebody_scrolls_up(page: Page, filling: Filling, project: str) -> None:
    filling.begin(project, "one")
    filling.print(project, "one", [f"2026-01-01T00:00:00.0 epoch {n}" for n in range(300)])
    page.goto(f"/local/{project}/runs/one/console")
    frame = page.get_by_role("region", name="Console")
    gap = "frame => frame.scrollHeight - frame.scrollTop - frame.clientHeight"
    assert frame.evaluate(gap) < 2
    expect(page.locator("#live")).to_have_text("Live")
    filling.print(project, "one", ["ERROR 2026-01-01T00:00:00.0 \x1b[31mBoom <b>\x1b[0m"], offset=300)
    expect(frame.get_by_text("Boom <b>", exact=True)).to_be_in_viewport()
    frame.evaluate("frame => { frame.scrollTop = 0; }")
    expect(page.get_by_label("Follow")).not_to_be_checked()
    filling.print(project, "one", ["2026-01-01T00:00:00.0 the end"], offset=301)
    expect(frame.get_by_text("the end")).to_be_attached()
    assert frame.evaluate("frame => frame.scrollTop") < 100
    page.get_by_label("Follow").check()
    expect(frame.get_by_text("the end")).to_be_in_viewport()


def test_the_console_is_searched_and_downloaded(page: Page, pictured: str, filling: Filling, project: str) -> None:
    filling.begin(project, "one")
    filling.print(project, "one", [f"2026-01-01T00:00:00.0 epoch {n}" for n in range(300)])
    page.goto(f"/local/{project}/runs/one/console")
    page.get_by_label("Search the console").fill("EPOCH 29")
    page.keyboard.press("Enter")
    expect(page.get_by_text("11 of 11 lines with")).to_be_visible()
    page.get_by_label("Search the console").fill("nowhere")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Show the last lines").click()
    with page.expect_download() as begun:
        page.get_by_role("link", name="Download all").click()
    assert begun.value.suggested_filename == "one.log"
    assert len(begun.value.path().read_text().splitlines()) == 300
    page.goto(f"/local/{pictured}/runs/one/console")
    expect(page.get_by_text("trained", exact=True)).to_be_visible()


def test_artifacts_lead_to_who_made_and_who_used_them(page: Page, pictured: str) -> None:
    page.goto(f"/local/{pictured}/runs/two/files")
    used = page.get_by_role("region", name="Used by this run")
    expect(used.get_by_role("row", name="model-one:v0")).to_contain_text("one")
    used.get_by_role("link", name="model-one:v0").click()
    expect(page.get_by_role("heading", name="model-one:v0")).to_be_visible()
    page.get_by_role("link", name="two").click()
    page.go_back()
    page.get_by_role("link", name="one", exact=True).click()
    page.get_by_role("navigation", name="Run").get_by_role("link", name="Files").click()
    expect(page.get_by_role("row", name="model-one:v0")).to_contain_text("two")
    page.get_by_role("link", name="model-one:v0").click()
    answer = page.request.get(str(page.get_by_role("link", name="model.txt").get_attribute("href")))
    assert answer.text() == "weights"


def test_files_stand_in_folders(page: Page, pictured: str) -> None:
    page.goto(f"/local/{pictured}/runs/one/files")
    folder = page.locator("details", has=page.locator("> summary", has_text="images/")).last
    file = folder.get_by_role("link").first
    expect(file).to_be_visible()
    folder.locator("> summary").focus()
    page.keyboard.press("Enter")
    expect(file).to_be_hidden()
    page.keyboard.press("Enter")
    answer = page.request.get(str(file.get_attribute("href")))
    assert answer.headers["content-type"] == "image/png"


def test_hostile_names_are_text_everywhere(page: Page, filling: Filling, project: str) -> None:
    filling.begin(project, "one", config={HOSTILE: HOSTILE}, displayName=HOSTILE, notes=HOSTILE)
    picture = {"_type": "image-file", "path": "../../../login", "caption": HOSTILE}
    histogram = {"_type": "histogram", "values": [1], "bins": [0, 1]}
    filling.log(project, "one", [{"_step": 0, HOSTILE: histogram, "i": picture, "nan": float("nan")}])
    filling.print(project, "one", [HOSTILE])
    for section in SECTIONS:
        page.goto(f"/local/{project}/runs/one{section}")
        expect(page.get_by_role("heading", level=1)).to_contain_text('"quoted"')
        assert page.locator("img").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), section


def test_a_run_deleted_while_its_media_are_shown(page: Page, filling: Filling, project: str) -> None:
    filling.run(project, "one")
    page.goto(f"/local/{project}/runs/one/media")
    expect(page.locator("#live")).to_have_text("Live")
    filling.delete(project, "one")
    expect(page.locator("#live")).to_have_text("This is no longer there")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_in_a_run(
    page: Page, watch: Watch, faults_of: Callable[[Page], list[str]], pictured: str, scheme: Any
) -> None:
    page.emulate_media(color_scheme=scheme)
    for section in (*SECTIONS, "/media?key=mistakes&sort=-confidence"):
        page.goto(f"/local/{pictured}/runs/two{section}")
        assert faults_of(page) == [], section
    page.goto(f"/local/{pictured}/artifacts/model/model-one/v0")
    assert faults_of(page) == []


def test_a_long_key_does_not_widen_its_column(page: Page, filling: Filling, project: str) -> None:
    filling.run(project, "one", rows=[{"_step": 0, "k" * 200: 1, "acc": 0.5}])
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"/local/{project}/runs/one")
    head = page.get_by_role("columnheader", name="kkk")
    expect(head).to_have_attribute("title", "k" * 200)
    assert head.evaluate("node => node.offsetWidth") < 320


def test_durations_at_ticks_are_all_different(page: Page) -> None:
    page.goto("/")
    read = """async ([url, domain, count]) =>
      (await import(url)).time(domain, [0, 300]).ticks(count).map(({ label }) => label)"""
    for domain, count, expected in (
        ([15, 16.2], 3, ["15 s", "15.5 s", "16 s"]),
        ([0, 180], 3, ["0 s", "1 min", "2 min", "3 min"]),
        ([3590, 3640], 5, ["59 min 50 s", "1 h", "1 h 10 s", "1 h 20 s", "1 h 30 s", "1 h 40 s"]),
        ([0, 200000], 3, ["0 s", "1 d", "2 d"]),
    ):
        assert page.evaluate(read, [ASSETS.url("scripts/charts/scales.js"), domain, count]) == expected


def test_nothing_is_cut_off_on_a_narrow_screen(page: Page, pictured: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for section in SECTIONS:
        page.goto(f"/local/{pictured}/runs/one{section}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), section
