"""A project's runs: columns, order, filter, groups, pages, selection, downloads; with the mouse and the keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.parts.chromium import log_in
from tests.parts.filling import Filling
from tests.parts.hub_process import Client, Hub

LONG = '<img src=x onerror=alert(1)> "quoted" \u05e9\u05dc\u05d5\u05dd ' + "n" * 4000


@pytest.fixture(scope="session")
def digits(filling: Filling) -> str:
    """A project of sixty runs: two models, five seeds, numbers that are none, and hostile names."""
    project = "digits"
    for place in range(60):
        accuracy = {3: float("nan"), 4: float("inf")}.get(place, 0.9 + place / 1000)
        filling.run(
            project,
            f"r{place:02}",
            config={
                "model": "mlp" if place % 2 else "convnet",
                "seed": place % 5,
                "optimizer": {"lr": 0.1 / (place + 1)},
            },
            summary={"acc": accuracy, "loss": 1 / (place + 1), "_runtime": 10 + place},
            displayName=LONG if place == 5 else f"fox-{place:02}",
            tags=["baseline"] if place < 3 else [],
        )
    return project


def names(page: Page) -> list[str]:
    """The runs shown, by name."""
    return [text.strip() for text in page.locator("table.runs tbody th.name").all_text_contents()]


def view(page: Page) -> str:
    """The address behind the project's."""
    return page.url.partition("?")[2]


@pytest.fixture
def runs(page: Page, digits: str) -> Page:
    """The project's page; it is never loaded again."""
    page.goto(f"/local/{digits}")
    page.evaluate("window.stays = true")
    return page


def test_a_click_on_a_head_sorts_and_the_address_tells(runs: Page) -> None:
    head = runs.get_by_role("columnheader", name="acc")
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(runs.locator("tbody tr").first).to_contain_text("∞")
    assert names(runs)[1:3] == ["fox-59", "fox-58"]
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(runs.locator("tbody th.name").first).to_have_text("fox-00")
    assert view(runs) == "sort=%2Bsummary.acc"
    runs.go_back()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert runs.evaluate("window.stays")


def test_runs_are_sorted_by_their_names(runs: Page) -> None:
    head = runs.locator("table.runs thead th.name")
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert names(runs)[0] == "fox-59"
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert names(runs)[1] == "fox-00"
    assert view(runs) == "sort=%2Bname"
    assert runs.evaluate("window.stays")


def test_a_run_without_a_visible_name_goes_by_its_id(page: Page, filling: Filling, project: str) -> None:
    filling.run(project, "blank", displayName="  \u200b ")
    page.goto(f"/local/{project}")
    page.get_by_role("link", name="blank").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("blank")


def test_search_and_filter_leave_what_is_meant(runs: Page) -> None:
    runs.get_by_label("Search names").fill("FOX-1")
    expect(runs.get_by_text("10 runs of 60")).to_be_visible()
    assert runs.get_by_label("Search names").evaluate("node => node === document.activeElement")
    runs.get_by_label("Filter").fill("acc > 0.915 and model = mlp")
    runs.keyboard.press("Enter")
    expect(runs.get_by_text("2 runs of 60")).to_be_visible()
    assert names(runs) == ["fox-19", "fox-17"]
    shared = runs.url
    runs.goto("about:blank")
    runs.goto(shared)
    assert names(runs) == ["fox-19", "fox-17"]
    expect(runs.get_by_label("Filter")).to_have_value("acc > 0.915 and model = mlp")


def test_a_filter_that_is_none_says_where_and_how(runs: Page) -> None:
    runs.get_by_label("Filter").fill("acc => 0.9")
    runs.get_by_role("button", name="Apply").click()
    expect(runs.get_by_role("alert")).to_contain_text("Did you mean >=?")
    expect(runs.get_by_label("Filter")).to_have_attribute("aria-invalid", "true")
    runs.get_by_role("link", name="Clear the filter").click()
    expect(runs.get_by_text("60 runs", exact=True)).to_be_visible()
    runs.get_by_label("Filter").fill("acc < 0 and mdl = mlp")
    runs.keyboard.press("Enter")
    expect(runs.get_by_text("No run passes: 60 do not match.")).to_be_visible()
    expect(runs.get_by_text("No run has 'mdl'. Did you mean `model`?")).to_be_visible()


def test_groups_have_mean_and_spread_and_lead_to_their_runs(runs: Page) -> None:
    runs.get_by_label("Groups").fill("config.model")
    row = runs.get_by_role("row", name=re.compile("^Hide convnet"))
    expect(row).to_contain_text("30")
    expect(row).to_contain_text("(n = 29)")
    expect(row.get_by_text("±").first).to_be_visible()
    row.get_by_role("link", name="Show the 30 runs of this group").click()
    expect(runs.get_by_text("30 runs of 60")).to_be_visible()
    expect(runs.get_by_label("Filter")).to_have_value('config.model = "convnet"')
    assert runs.evaluate("window.stays")


def test_groups_stay_in_their_order_when_the_form_is_sent(runs: Page, digits: str) -> None:
    runs.goto(f"/local/{digits}?group=config.seed&group=config.model")
    runs.get_by_label("Filter").fill("acc > 0.915")
    runs.keyboard.press("Enter")
    expect(runs.get_by_text("10 groups", exact=True)).to_be_visible()
    expect(runs).to_have_url(re.compile(r"group=config\.seed&group=config\.model"))


def test_pages_follow_each_other(runs: Page) -> None:
    runs.get_by_label("Rows on a page").select_option("25")
    expect(runs.get_by_text("Page 1 of 3", exact=True)).to_be_visible()
    runs.get_by_role("link", name="Next").click()
    expect(runs.get_by_text("Page 2 of 3", exact=True)).to_be_visible()
    assert names(runs)[0] == "fox-34"
    runs.get_by_role("link", name="Previous").click()
    expect(runs.locator("tbody th.name").first).to_have_text("fox-59")


def test_columns_are_chosen_found_and_pinned(runs: Page) -> None:
    runs.get_by_role("link", name="Columns").click()
    dialog = runs.get_by_role("dialog", name="Columns")
    dialog.get_by_label("Find a column").fill("lr")
    expect(dialog.get_by_label("optimizer.lr", exact=True)).to_be_visible()
    expect(dialog.get_by_label("seed", exact=True)).to_be_hidden()
    expect(dialog.get_by_role("status")).to_have_text(re.compile(r"^1 of \d+$"))
    dialog.get_by_label("Find a column").fill("")
    dialog.get_by_label("created", exact=True).uncheck()
    dialog.get_by_label("host", exact=True).check()
    dialog.get_by_label("pin acc").check()
    dialog.get_by_role("button", name="Show these columns").click()
    expect(dialog).to_be_hidden()
    heads = runs.locator("table.runs thead th")
    expect(heads.filter(has_text="host")).to_be_visible()
    assert [text.strip() for text in heads.all_text_contents()][1:4] == ["run", "acc", "state"]
    assert "created" not in view(runs)
    expect(runs.get_by_role("columnheader", name="acc")).to_have_css("position", "sticky")
    runs.get_by_role("link", name="Columns").click()
    expect(dialog).to_be_visible()
    runs.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    runs.get_by_role("link", name="Columns").click()
    dialog.get_by_role("link", name="Back to the usual ones").click()
    expect(runs.get_by_role("columnheader", name="created")).to_be_visible()


def test_a_column_is_found_on_the_page_of_its_own(runs: Page, digits: str) -> None:
    runs.goto(f"/local/{digits}/columns")
    runs.get_by_label("Find a column").fill("lr")
    expect(runs.get_by_label("optimizer.lr", exact=True)).to_be_visible()
    expect(runs.get_by_label("seed", exact=True)).to_be_hidden()


def test_a_selection_stands_in_the_address_over_pages_and_filters(runs: Page) -> None:
    runs.get_by_label("Rows on a page").select_option("25")
    expect(runs.get_by_text("Page 1 of 3", exact=True)).to_be_visible()
    runs.get_by_label("Select fox-59").check()
    runs.get_by_label("Select fox-57").click(modifiers=["Shift"])
    expect(runs.get_by_text("3 selected")).to_be_visible()
    runs.get_by_role("link", name="Next").click()
    expect(runs.get_by_text("Page 2 of 3", exact=True)).to_be_visible()
    runs.get_by_label("Select fox-30").check()
    assert "runs=r59,r58,r57,r30" in view(runs).replace("%2C", ",")
    runs.get_by_role("button", name="Show selected only").click()
    expect(runs.get_by_text("4 runs of 60")).to_be_visible()
    runs.reload()
    assert names(runs) == ["fox-59", "fox-58", "fox-57", "fox-30"]
    expect(runs.get_by_label("Select all runs on this page")).to_be_checked()
    runs.get_by_role("link", name="Show all").click()
    expect(runs.get_by_text("60 runs", exact=True)).to_be_visible()
    expect(runs.get_by_text("4 selected")).to_be_visible()
    runs.get_by_role("button", name="Clear selection").click()
    expect(runs.get_by_text("0 selected")).to_be_visible()
    assert "runs=" not in view(runs)


def test_the_table_is_worked_with_the_keyboard_alone(runs: Page) -> None:
    first = runs.get_by_label("Select fox-59")
    first.focus()
    runs.keyboard.press("ArrowDown")
    expect(runs.get_by_label("Select fox-58")).to_be_focused()
    runs.keyboard.press("Space")
    expect(runs.get_by_text("1 selected")).to_be_visible()
    runs.keyboard.press("ArrowUp")
    expect(first).to_be_focused()
    runs.keyboard.press("Tab")
    expect(runs.get_by_role("link", name="fox-59")).to_be_focused()
    runs.keyboard.press("ArrowDown")
    runs.keyboard.press("Enter")
    expect(runs).to_have_title("fox-58 · Sweepyard")


def test_groups_are_hidden_in_the_table_with_mouse_and_keyboard(runs: Page) -> None:
    runs.get_by_label("Groups").fill("config.seed")
    expect(runs.get_by_text("5 groups", exact=True)).to_be_visible()
    runs.get_by_role("link", name="Hide 0").focus()
    runs.keyboard.press("ArrowDown")
    expect(runs.get_by_role("link", name="Hide 1")).to_be_focused()
    runs.keyboard.press("Enter")
    expect(runs.get_by_role("link", name="Show 1")).to_be_focused()
    expect(runs.get_by_text("1 hidden")).to_be_visible()
    runs.get_by_role("link", name="Hide 3").click()
    expect(runs.get_by_text("2 hidden")).to_be_visible()
    expect(runs.locator("tbody tr.away")).to_have_count(2)
    runs.get_by_role("link", name="Leave hidden ones out").click()
    expect(runs.get_by_text("3 groups", exact=True)).to_be_visible()
    assert runs.locator("tbody td:nth-child(2)").all_text_contents() == ["0", "2", "4"]
    assert runs.evaluate("window.stays")
    runs.reload()
    expect(runs.get_by_text("2 hidden")).to_be_visible()
    runs.get_by_role("link", name="List hidden ones too").click()
    runs.get_by_role("link", name="Show 3").click()
    expect(runs.get_by_text("1 hidden")).to_be_visible()
    runs.go_back()
    expect(runs.get_by_text("2 hidden")).to_be_visible()
    runs.get_by_role("link", name="Show all").click()
    expect(runs.get_by_text("2 hidden")).to_be_hidden()
    assert view(runs) == "group=config.seed"


def test_what_is_no_number_and_what_is_no_markup_is_shown_as_it_is(runs: Page) -> None:
    runs.get_by_label("Search names").fill("r05")
    link = runs.get_by_role("link", name="onerror")
    expect(link).to_contain_text('"quoted"')
    assert len(str(link.text_content())) <= 200
    assert link.evaluate("node => node.scrollWidth < 4000")
    runs.get_by_label("Search names").fill("r03")
    expect(runs.get_by_role("cell", name="NaN")).to_be_visible()


def test_the_view_is_downloaded(runs: Page) -> None:
    runs.get_by_label("Filter").fill("acc > 0.9565")
    runs.keyboard.press("Enter")
    expect(runs.get_by_text("4 runs of 60")).to_be_visible()
    with runs.expect_download() as begun:
        runs.get_by_role("link", name="CSV").click()
    lines = begun.value.path().read_text(encoding="utf-8").splitlines()
    assert begun.value.suggested_filename == "local-digits.csv"
    assert lines[0].startswith("id,name,state,created,duration,")
    assert [line.split(",")[0] for line in lines[1:]] == ["r59", "r58", "r57", "r04"]
    answer = runs.request.get(str(runs.get_by_role("link", name="JSON").get_attribute("href")))
    assert [row["summary.acc"] for row in answer.json()][3] == "Infinity"


def test_new_runs_and_new_numbers_come_by_themselves(page: Page, filling: Filling, project: str) -> None:
    page.goto("/")
    filling.begin(project, "one", config={"lr": 1})
    page.goto(f"/local/{project}")
    expect(page.locator("#live")).to_have_text("Live")
    page.get_by_label("Select one").check()
    page.get_by_label("Filter").fill("lr > ")
    filling.begin(project, "two", config={"lr": 2})
    filling.summarise(project, "one", {"acc": 0.5})
    expect(page.get_by_role("row", name="two")).to_contain_text("running")
    expect(page.get_by_role("row", name="one")).to_contain_text("0.5")
    expect(page.get_by_label("Select one")).to_be_checked()
    expect(page.get_by_label("Filter")).to_have_value("lr > ")
    filling.end(project, "one", exit_code=1)
    expect(page.get_by_role("row", name="one")).to_contain_text("failed")


def test_a_run_deleted_while_it_is_shown_leaves_the_table(page: Page, filling: Filling, project: str) -> None:
    filling.run(project, "one")
    filling.run(project, "two")
    page.goto(f"/local/{project}")
    expect(page.locator("#live")).to_have_text("Live")
    filling.delete(project, "one")
    expect(page.get_by_role("link", name="one")).to_be_hidden()
    filling.delete(project, "two")
    expect(page.get_by_text("No runs yet.")).to_be_visible()


def test_five_hundred_keys(page: Page, filling: Filling, project: str) -> None:
    for place in range(3):
        filling.run(project, f"r{place}", config={f"k{key:03}": key * place for key in range(500)}, summary={"acc": 1})
    page.goto(f"/local/{project}")
    assert page.locator("table.runs thead th").count() == 2 + 3 + 8 + 1
    page.get_by_role("link", name="Columns").click()
    dialog = page.get_by_role("dialog", name="Columns")
    dialog.get_by_label("Find a column").fill("k499")
    dialog.get_by_label("k499", exact=True).check()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="k499")).to_be_visible()
    expect(page.get_by_role("row", name="r2")).to_contain_text("998")


def test_what_the_demo_logs_is_compared(page: Page, client: Client, project: str) -> None:
    script = f"""
import wandb
for seed in range(3):
    config = {{"lr": 0.1, "seed": seed}}
    with wandb.init(project={project!r}, entity="local", config=config, name=f"seed-{{seed}}") as run:
        for epoch in range(3):
            run.log({{"acc": 0.5 + 0.1 * epoch + 0.01 * seed}})
"""
    client.python(script)
    page.goto(f"/local/{project}?group=config.lr")
    expect(page.locator("h1")).to_contain_text(project)
    expect(page.get_by_role("row", name=re.compile("^Hide 0.1"))).to_contain_text("0.71 ± 0.01")
    page.goto(f"/local/{project}")
    assert names(page) == ["seed-2", "seed-1", "seed-0"]


def test_the_table_without_scripts(chromium: Browser, hub: Hub, digits: str) -> None:
    context = chromium.new_context(base_url=hub.url, java_script_enabled=False)
    log_in(context, hub.url, hub.key)
    page = context.new_page()
    page.goto(f"/local/{digits}")
    page.locator("table.runs").get_by_role("link", name="acc").click()
    page.get_by_label("Filter").fill("seed = 1")
    page.get_by_role("button", name="Apply").click()
    assert names(page)[0] == "fox-56"
    assert "sort=-summary.acc" in view(page)
    page.get_by_label("Select fox-56").check()
    page.get_by_label("Select fox-51").check()
    page.get_by_role("button", name="Show selected only").click()
    assert names(page) == ["fox-56", "fox-51"]
    page.get_by_role("button", name="Compare").click()
    assert page.locator("#config thead th").all_text_contents()[1:] == ["fox-56 base", "fox-51"]
    page.go_back()
    page.get_by_role("link", name="Columns").click()
    page.get_by_label("host", exact=True).check()
    page.get_by_role("button", name="Show these columns").click()
    assert page.get_by_role("columnheader", name="host").is_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_in_tables(
    page: Page, faults_of: Callable[[Page], list[str]], digits: str, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"/local/{digits}?group=config.model")
    hidden = page.locator("tbody tr").first.get_attribute("data-key")
    for path in (
        "?runs=r59,r04&size=25&sort=-summary.acc&pin=summary.acc",
        "?group=config.model",
        f"?group=config.model&hide={hidden}",
        "?filter=a+b",
        "/columns",
    ):
        page.goto(f"/local/{digits}{path}")
        assert faults_of(page) == [], path
    page.set_viewport_size({"width": 360, "height": 700})
    for path in ("", "/columns", "?group=config.model", "?filter=a+%3E%3E+1"):
        page.goto(f"/local/{digits}{path}")
        assert faults_of(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
