"""Takes the pictures of the pages in docs/screenshots/ from a real sweep: `make screenshots`.

A demo runs in a home of its own, unless one is given (`python docs/screenshots.py HOME`); a hub serves it, and
Chromium looks at its pages. Needs Chromium: `make system-parts`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser, BrowserContext
from tests.parts.chromium import launched, log_in
from tests.parts.hub_process import Client, Hub, serving
from tests.parts.model_server import serving_model

_FOLDER = Path(__file__).with_name("screenshots")
_WIDTH = 1280
_SEVEN = [(195, 62), (150, 140), (125, 220)]
_FIND = """
import json, wandb
api = wandb.Api()
[project] = api.projects("local")
[sweep] = {run.sweep.id for run in api.runs(f"local/{project.name}")}
runs = api.runs(f"local/{project.name}", order="-summary_metrics.best/val_accuracy")
print("RESULT " + json.dumps([project.name, sweep, [run.id for run in runs]]))
"""
_NOTE = """Two models, two batch sizes, two lengths of training, on 5,000 digits. A line is the *mean* of a model's four
runs; the band says how sure that mean is.

```chart
metric: [epoch/val_accuracy, epoch/val_loss]
group: config.model
x: epoch
```

Half of the runs end after two epochs, so behind them a mean is of two runs and its band is wide. Where the time goes:

| batch size | steps an epoch |
|---:|---:|
| 64 | 63 |
| 256 | 16 |

```chart
metric: epoch/val_accuracy
runs: trainer.epochs = 4
x: time
```
"""


def main() -> None:
    """Run the demo where no home is given, and look at its pages."""
    with _home() as home, serving(home) as hub, tempfile.TemporaryDirectory() as folder:
        project, sweep, runs = Client(hub, Path(folder)).python(_FIND)
        below = f"/local/{project}"
        pages = {
            "project": (below, 1000),
            "sweep": (f"{below}/sweeps/{sweep}", 1500),
            "run": (f"{below}/runs/{runs[0]}", 1100),
            "media": (f"{below}/runs/{runs[0]}/media", 900),
            "compare": (f"{below}/compare?runs={','.join(runs[:4])}", 1100),
        }
        _FOLDER.mkdir(exist_ok=True)
        with launched() as browser, browser.new_context(base_url=hub.url) as context:
            log_in(context, hub.url, hub.key)
            pages["report"] = (_report(context, hub, f"{below}/reports/new?sweep={sweep}"), 1100)
            _look(context, pages)
            with serving_model(runs[0], environ={"SWEEPYARD_HOME": str(home)}) as server:
                _draw(browser, server.url)


@contextmanager
def _home() -> Iterator[Path]:
    if len(sys.argv) > 1:
        yield Path(sys.argv[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        subprocess.run(
            [sys.executable, "-m", "sweepyard", "demo"], env={**os.environ, "SWEEPYARD_HOME": str(home)}, check=True
        )
        yield home


def _report(context: BrowserContext, hub: Hub, form: str) -> str:
    """The address of a report that is written through a form."""
    fields = {"title": "What the demo shows", "text": _NOTE, "seen": "0"}
    answer = context.request.post(form, form=fields, headers={"Origin": hub.url}, max_redirects=0)
    if answer.status != 303:
        raise SystemExit(f"the hub refused the report ({answer.status}): {answer.text()}")
    return answer.headers["location"]


def _look(context: BrowserContext, pages: dict[str, tuple[str, int]]) -> None:
    for name, (address, height) in pages.items():
        page = context.new_page()
        page.set_viewport_size({"width": _WIDTH, "height": height})
        page.goto(address)
        page.wait_for_timeout(2000)  # Charts are drawn once their data has come.
        page.screenshot(path=_FOLDER / f"{name}.png")
        page.close()


def _draw(browser: Browser, url: str) -> None:
    """A seven, drawn on the page of a served model."""
    page = browser.new_page(base_url=url, viewport={"width": 960, "height": 700})
    page.goto("/")
    box = page.locator("#pad").bounding_box()
    if box is None:
        raise SystemExit("the page has nothing to draw on")
    page.mouse.move(box["x"] + 80, box["y"] + 70)
    page.mouse.down()
    for x, y in _SEVEN:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=8)
    page.mouse.up()
    page.locator("article").wait_for()
    page.screenshot(path=_FOLDER / "serve.png")
    page.close()


if __name__ == "__main__":
    main()
