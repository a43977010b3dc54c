"""What all pages have: a session, colours, a way to the content, and hearing of changes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.parts.chromium import Watch, log_in
from tests.parts.filling import Filling
from tests.parts.hub_process import Client, Hub, serving

AWAY = "ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_NETWORK"


def test_a_person_logs_in_and_is_where_they_wanted_to_be(
    context: BrowserContext, watch: Watch, hub: Hub, filling: Filling, project: str
) -> None:
    filling.run(project, "one")
    watch.expect("status of 401")
    page = context.new_page()
    page.goto(f"/local/{project}?q=x")
    expect(page.get_by_label("API key")).to_be_focused()
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("key")
    page.get_by_label("API key").fill(hub.key)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{hub.url}/local/{project}?q=x")
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_title("Log in · Sweepyard")


def test_the_colours_follow_the_system_or_the_switch_and_stay(page: Page) -> None:
    def paper() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    page.emulate_media(color_scheme="dark")
    page.goto("/")
    dark = paper()
    page.emulate_media(color_scheme="light")
    light = paper()
    assert dark != light
    switch = page.get_by_role("button", name="Theme")
    expect(switch).to_have_accessible_name("Theme: System")
    switch.click()
    expect(switch).to_have_accessible_name("Theme: Light")
    switch.click()
    assert paper() == dark
    page.reload()
    assert paper() == dark
    page.get_by_role("button", name="Theme: Dark").click()
    assert paper() == light


def test_the_keyboard_reaches_the_content_at_once(page: Page, filling: Filling, project: str) -> None:
    filling.run(project, "one")
    page.goto(f"/local/{project}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_pages_are_readable_without_scripts(chromium: Browser, hub: Hub, filling: Filling, project: str) -> None:
    filling.run(project, "one", config={"lr": 0.5}, summary={"acc": 0.75})
    context = chromium.new_context(base_url=hub.url, java_script_enabled=False)
    log_in(context, hub.url, hub.key)
    page = context.new_page()
    page.goto(f"/local/{project}")
    page.get_by_role("link", name="one").click()
    expect(page.get_by_role("row", name="acc 0.75")).to_be_visible()
    assert not page.locator("#theme").is_visible()
    context.close()


def test_what_a_real_run_logs_is_shown_without_a_reload(page: Page, client: Client, project: str) -> None:
    script = f"""
import sys, time, wandb
with wandb.init(project={project!r}, entity="local", id="live", config={{"lr": 0.1}}) as run:
    run.log({{"acc": 0.5}})
    print("RESULT 1", flush=True)
    sys.stdin.read()
"""

    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env=client.environ(),
        cwd=client.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        while "RESULT" not in process.stdout.readline():
            assert process.poll() is None
        page.goto(f"/local/{project}")
        page.evaluate("window.stays = true")
        row = page.get_by_role("row", name="live")
        expect(row).to_contain_text("running")
        process.communicate("")
        expect(row).to_contain_text("finished")
        expect(row).to_contain_text("0.5")
        assert page.evaluate("window.stays")
    finally:
        process.kill()
        process.communicate()


def test_a_change_touches_nothing_else(page: Page, filling: Filling, project: str) -> None:
    filling.begin(project, "one")
    filling.begin(project, "two")
    page.goto(f"/local/{project}/runs/one")
    expect(page.locator("#live")).to_have_text("Live")
    page.evaluate("window.heading = document.querySelector('h1')")
    page.evaluate("getSelection().selectAllChildren(window.heading)")
    filling.log(project, "one", [{"_step": 0, "loss": 0.25}])
    expect(page.get_by_role("application", name="loss")).to_be_visible()
    assert page.evaluate("window.heading === document.querySelector('h1')")
    assert "one" in page.evaluate("getSelection().toString()")


def test_a_page_says_that_the_hub_is_away_and_recovers(chromium: Browser, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home) as first:
        port = first.url.rsplit(":", 1)[1]
        context = chromium.new_context(base_url=first.url)
        watch = Watch(context, first.url)
        watch.expect(AWAY)
        log_in(context, first.url, first.key)
        with closing(Filling(first.url, first.key)) as there:
            there.begin("p", "one")
        page = context.new_page()
        page.goto("/local/p")
        expect(page.locator("#live")).to_have_text("Live")
    expect(page.locator("#live")).to_have_text("The hub is away; trying again")
    expect(page.get_by_role("link", name="one")).to_be_visible()
    with serving(home, "--port", port) as second:
        with closing(Filling(second.url, second.key)) as there:
            there.begin("p", "two")
        expect(page.get_by_role("link", name="two")).to_be_visible(timeout=15000)
        expect(page.locator("#live")).to_have_text("Live")
        assert second.log().count("Traceback") == 0
    context.close()
    assert not watch.faults


def test_what_was_chosen_while_the_hub_was_away_is_done_once_it_is_back(chromium: Browser, tmp_path: Path) -> None:
    home = tmp_path / "home"
    sweep_file = "method: random\nmetric: {name: loss, goal: minimize}\nparameters: {lr: {min: 0.0, max: 1.0}}"
    with serving(home) as first:
        port = first.url.rsplit(":", 1)[1]
        context = chromium.new_context(base_url=first.url, viewport={"width": 1280, "height": 1600})
        watch = Watch(context, first.url)
        watch.expect(AWAY)
        log_in(context, first.url, first.key)
        with closing(Filling(first.url, first.key)) as there:
            sweep = there.sweep("p", sweep_file)
            for place, run in enumerate(("one", "two")):
                rows = [{"_step": step, "_runtime": step * 2, "loss": place + 1 / (step + 1)} for step in range(9)]
                there.run("p", run, sweep=sweep, config={"lr": place / 2}, rows=rows, summary={"loss": place})
        page, swept = context.new_page(), context.new_page()
        swept.goto(f"/local/p/sweeps/{sweep}")
        page.goto("/local/p")
        for each in (page, swept):
            expect(each.locator("#live")).to_have_text("Live")
            each.evaluate("window.stays = true")
        legend = page.locator('figure[data-metric="loss"] .legend tbody tr')
        page.locator('figure[data-metric="loss"]').get_by_text("Table", exact=True).click()
        expect(legend).to_have_count(2)
    # No run is running, so nothing changes meanwhile but what the reader chooses.
    for each in (page, swept):
        expect(each.locator("#live")).to_have_text("The hub is away; trying again")
    page.get_by_label("Select two").check()
    expect(page.locator("#curves-note")).to_have_text("The hub is away; trying again")
    page.get_by_label("over").select_option("time")
    page.get_by_role("columnheader", name="loss").get_by_role("link").click()
    page.get_by_role("link", name="Columns").click()
    swept.get_by_label("Filter").fill("lr > 0.2")
    swept.get_by_role("button", name="Apply").click()
    swept.get_by_label("across").select_option("config.lr")
    with serving(home, "--port", port) as second:
        expect(page.locator("#live")).to_have_text("Live", timeout=15000)
        expect(page.locator("#curves-note")).to_have_text("")
        expect(legend).to_have_count(1)
        expect(legend).to_contain_text("two")
        expect(page).to_have_url(re.compile(r"\?sort=-summary\.loss&runs=two&chart-x=time$"))
        expect(page.get_by_role("columnheader", name="loss")).to_have_attribute("aria-sort", "descending")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(swept.locator("#live")).to_have_text("Live", timeout=15000)
        expect(swept).to_have_url(re.compile(r"[?&]x=config\.lr"))
        expect(swept.locator("table.runs tbody th.name")).to_have_text(["two"])
        for each in (page, swept):
            assert each.evaluate("window.stays")
        assert second.log().count("Traceback") == 0
    context.close()
    assert not watch.faults


def test_a_page_says_that_its_session_has_ended(
    context: BrowserContext, page: Page, filling: Filling, project: str
) -> None:
    filling.begin(project, "one")
    page.goto(f"/local/{project}")
    expect(page.locator("#live")).to_have_text("Live")
    context.clear_cookies()
    # The stream asks with the cookie that it began with; what the page fetches does not have it.
    filling.summarise(project, "one", {"acc": 1})
    expect(page.locator("#live")).to_contain_text("The session has expired")
    page.get_by_role("link", name="Log in").click()
    expect(page).to_have_url(f"{page.url.split('/login')[0]}/login?next=%2Flocal%2F{project}")


def test_a_page_says_that_its_run_is_gone(page: Page, filling: Filling, project: str) -> None:
    filling.run(project, "one")
    page.goto(f"/local/{project}/runs/one")
    expect(page.locator("#live")).to_have_text("Live")
    filling.delete(project, "one")
    expect(page.locator("#live")).to_have_text("This is no longer there")
    expect(page.get_by_role("heading", name="one")).to_be_visible()


def test_an_error_page_keeps_who_has_logged_in_and_leads_back(
    page: Page, watch: Watch, filling: Filling, project: str
) -> None:
    watch.expect("status of 40[04]")
    filling.run(project, "one")
    for path in ("runs/none", "runs/one/nothing", "sweeps/none", "?size=7"):
        page.goto(f"/local/{project}/{path}")
        expect(page.get_by_role("heading", name="That did not work")).to_be_visible()
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.goto(f"/local/{project}/sweeps/none/edit")
    back = page.get_by_text("Back to")
    assert back.get_by_role("link").all_text_contents() == ["none", f"local/{project}", "all projects"]
    back.get_by_role("link", name=f"local/{project}").click()
    expect(page).to_have_title(f"local/{project} · Sweepyard")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(
    page: Page, watch: Watch, faults_of: Callable[[Page], list[str]], filling: Filling, project: str, scheme: Any
) -> None:
    watch.expect("status of 404")
    filling.run(project, "one", config={"lr": 0.5}, summary={"acc": 0.75}, rows=[{"_step": 0, "acc": 0.75}])
    page.emulate_media(color_scheme=scheme)
    for path in ("/", f"/local/{project}", f"/local/{project}/runs/one", "/local/none"):
        page.goto(path)
        assert faults_of(page) == [], path


def test_a_static_file_is_kept_for_good_under_its_version(page: Page, watch: Watch, hub: Hub) -> None:
    page.goto("/")
    page.goto("/")
    served = [url for url in watch.requests if "/static/" in url]
    assert served
    answer = page.request.get(served[0])
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    folder = served[0].split("/static/")[1].split("/")[0]
    assert page.request.get(served[0].replace(folder, "0" * len(folder))).status == 404
