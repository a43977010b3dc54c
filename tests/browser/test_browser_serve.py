"""The page of a served model: drawn on with a mouse and a finger, by keyboard, and without scripts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect
from tests.parts.chromium import Watch, swipe
from tests.parts.model_server import ModelServer, serving_model


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    """A server of a model that has learnt for seconds."""
    folder = tmp_path_factory.mktemp("served")
    options = ["model=lenet5", "trainer.epochs=1", "trainer.batch_size=64", "data.train_limit=256"]
    command = [sys.executable, "-P", "-m", "sweepyard", "train", *options, "tracking=disabled"]
    environ = {**os.environ, "SWEEPYARD_OFFLINE": "1"}
    subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True)
    (model,) = folder.glob("outputs/*/*/model.keras")
    with serving_model(model) as running:
        yield running


@pytest.fixture
def seven(tmp_path: Path) -> Path:
    """A picture of a seven."""
    image = Image.new("RGB", (200, 260), (240, 235, 230))
    ImageDraw.Draw(image).line([(50, 60), (150, 60), (90, 220)], fill=(20, 20, 90), width=18)
    image.save(tmp_path / "seven.png")
    return tmp_path / "seven.png"


@pytest.fixture
def watched(chromium: Browser, server: ModelServer) -> Iterator[Watch]:
    """A browser's profile in which nothing bad may happen, on a screen that takes fingers too."""
    context = chromium.new_context(base_url=server.url, viewport={"width": 1000, "height": 760}, has_touch=True)
    watch = Watch(context, server.url)
    yield watch
    context.close()
    assert not watch.faults


def places(page: Page, *shares: tuple[float, float]) -> list[tuple[float, float]]:
    """Places on the paper, by their shares of its width and height."""
    box = page.get_by_role("img", name="Paper").bounding_box()
    assert box is not None
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in shares]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_drawn_digit_gets_its_probabilities(
    watched: Watch, faults_of: Callable[[Page], list[str]], scheme: str
) -> None:
    page = watched.context.new_page()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto("/")
    expect(page.get_by_role("button", name="Clear")).to_be_disabled()
    first, *others = places(page, (0.3, 0.25), (0.7, 0.25), (0.45, 0.8))
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=5)
    page.mouse.up()
    expect(page.get_by_role("img", name="as the model sees it")).to_be_visible()
    rows = page.get_by_role("row")
    expect(rows).to_have_count(11)
    shares = [float(cell.removesuffix("%")) for cell in page.locator("td.number").all_inner_texts()]
    assert sum(shares) == pytest.approx(100, abs=1)
    best = page.locator(".best").inner_text()
    assert shares[int(best)] == max(shares)
    assert page.locator(".chosen th").inner_text() == best
    assert faults_of(page) == []
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Probabilities appear here")).to_be_visible()

    swipe(page, *places(page, (0.5, 0.2), (0.5, 0.5), (0.5, 0.8)))
    expect(page.get_by_role("img", name="as the model sees it")).to_be_visible()


def test_by_keyboard_a_picture_is_chosen_and_what_is_wrong_is_told(watched: Watch, seven: Path, tmp_path: Path) -> None:
    watched.expect("status of 400")
    page = watched.context.new_page()
    page.goto("/")
    (tmp_path / "text.png").write_text("no picture")
    button = page.get_by_role("button", name="Classify pictures")
    page.get_by_label("PNG or JPEG").set_input_files([seven, tmp_path / "text.png"])
    page.get_by_label("PNG or JPEG").focus()
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("text.png: a picture must be PNG or JPEG")
    page.get_by_label("PNG or JPEG").set_input_files([seven])
    button.press("Enter")
    expect(page.get_by_role("img", name="seven.png, as the model sees it")).to_be_visible()


def test_the_form_works_without_scripts(chromium: Browser, server: ModelServer, seven: Path) -> None:
    context = chromium.new_context(base_url=server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_role("img", name="Paper")).to_be_hidden()
    page.get_by_label("PNG or JPEG").set_input_files([seven])
    page.get_by_role("button", name="Classify pictures").click()
    expect(page.get_by_role("img", name="seven.png, as the model sees it")).to_be_visible()
    context.close()
