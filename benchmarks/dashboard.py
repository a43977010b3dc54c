"""How fast pages are, in Debian's Chromium: `python -m benchmarks.dashboard [--only first-row,sweep,curves,...]`.

Fills a fresh home with one project of 1,000 finished runs of a sweep, each with 1,000 points of 5 metrics (or, with
`--home`, uses one that an earlier call has filled), starts a real hub process over it, and looks at it with a browser.
Times are the browser's own, from the beginning of a navigation.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from benchmarks.hub_process import serving
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.parts.chromium import launched, log_in
from tests.parts.filling import Filling

from sweepyard.domain.history import Chunk, Stream
from sweepyard.domain.run import Run, RunPath, RunState
from sweepyard.domain.sweep import Sweep, SweepPath, SweepState
from sweepyard.jsonvalue import dumps
from sweepyard.storage.unit_of_work import open_database

RUNS, POINTS = 1_000, 1_000
METRICS = ("accuracy", "loss", "val_accuracy", "val_loss", "learning_rate")
SWEEP_ID = "sweep001"
SWEEP = """program: train.py
method: bayes
metric: {name: val_accuracy, goal: maximize}
parameters:
  lr: {distribution: log_uniform_values, min: 0.0001, max: 0.1}
  batch_size: {values: [32, 64, 128]}
  dropout: {min: 0.0, max: 0.5}
  model: {values: [mlp, convnet, lenet5]}
  seed: {values: [0, 1, 2, 3, 4]}
"""
CURVES_DRAWN = """const seek = () => {
  const plots = [...document.querySelectorAll("figure[data-chart=curves] .plot")];
  if (plots.length && plots.every((plot) => plot.ariaBusy === "false")) window.curvesDrawn = performance.now();
  else requestAnimationFrame(seek);
};
requestAnimationFrame(seek);"""
FIRST_ROW = """const look = () => {
  const row = document.querySelector("table.runs tbody tr");
  if (row && row.getBoundingClientRect().height > 0) window.firstRow = performance.now();
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);"""

BRUSHABLE = """const write = CanvasRenderingContext2D.prototype.strokeText;
CanvasRenderingContext2D.prototype.strokeText = function (...given) {
  if (!window.brushable && this.canvas.closest('[data-chart="parallel"]')) {
    window.brushable = -1;
    setTimeout(() => { window.brushable = performance.now(); });
  }
  return write.apply(this, given);
};"""


@dataclass(frozen=True)
class World:
    """A filled hub, a browser that has logged in, and what was asked for."""

    url: str
    key: str
    hub: psutil.Process
    browser: Browser
    context: BrowserContext
    options: argparse.Namespace


def main() -> int:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(FIGURES), help=f"figures, of {', '.join(FIGURES)} (all)")
    parser.add_argument("--home", type=Path, help="a home to keep and to use again (a temporary one)")
    parser.add_argument("--repeats", type=int, default=20, help="how often each page is looked at (20)")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long live pages are watched (30)")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        home = options.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not (home / "hub.db").exists():
            home.mkdir(parents=True, exist_ok=True)
            fill(home)
        url, key, hub = stack.enter_context(serving(home))
        browser = stack.enter_context(launched())
        context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 800})
        log_in(context, url, key)
        world = World(url, key, hub, browser, context, options)
        settle(hub)
        print(f"load average {os.getloadavg()[0]:.1f}")
        for name in options.only.split(","):
            for line in FIGURES[name](world):
                print(line, flush=True)
    return 0


def fill(home: Path) -> None:
    """The project `local/p`."""
    draw = random.Random(1)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    database = open_database(home)
    with database.writing() as unit:
        unit.projects.ensure("local", "p", begin)
        path = SweepPath("local", "p", SWEEP_ID)
        unit.sweeps.add(
            Sweep(path=path, state=SweepState.FINISHED, config_yaml=SWEEP, seed=0, created_at=begin, updated_at=begin)
        )
    for number in range(RUNS):
        at = begin + timedelta(minutes=number)
        config = {
            "lr": 10 ** draw.uniform(-4, -1),
            "batch_size": draw.choice([32, 64, 128]),
            "dropout": draw.uniform(0, 0.5),
            "model": draw.choice(["mlp", "convnet", "lenet5"]),
            "seed": number % 5,
        }
        rows = list(history(draw))
        run = Run(
            path=RunPath("local", "p", f"run{number:05}"),
            state=RunState.FINISHED,
            created_at=at,
            updated_at=at,
            started_at=at,
            ended_at=at + timedelta(seconds=50),
            display_name=f"{draw.choice(['calm', 'brisk', 'eager'])}-{draw.choice(['fox', 'owl', 'elm'])}-{number}",
            config=dict(config),
            wandb_config={"t": {"1": [1, 2, 3]}},
            summary=dict(rows[-1]),
            sweep_id=SWEEP_ID,
        )
        lines = tuple(dumps(row) for row in rows)
        with database.writing() as unit:
            unit.runs.add(run)
            unit.streams.write(run.path, Chunk(Stream.HISTORY, 0, lines), list(range(POINTS)))
    database.close()


def settle(hub: psutil.Process) -> None:
    """Wait until the hub has packed the histories that it found, which it does by itself after it begins."""
    hub.cpu_percent()
    time.sleep(2)
    while hub.cpu_percent() > 5:
        time.sleep(2)


def history(draw: random.Random) -> Iterator[dict[str, float]]:
    """The points of a run: curves with noise, and a spike."""
    best, speed = draw.uniform(0.9, 0.99), draw.uniform(50, 200)
    spike = draw.randrange(POINTS)
    for step in range(POINTS):
        gone = 1 - math.exp(-step / speed)
        loss = 2.3 * (1 - gone) + draw.uniform(0, 0.05) + (5 if step == spike else 0)
        accuracy = best * gone + draw.uniform(-0.01, 0.01)
        values = (accuracy, loss, accuracy - 0.01, loss + 0.02, 0.1 * (1 - step / POINTS))
        yield {"_step": step, "_runtime": step / 20, **dict(zip(METRICS, values, strict=True))}


def p95(values: list[float]) -> float:
    """The value that 95% do not exceed."""
    return sorted(values)[max(0, math.ceil(0.95 * len(values)) - 1)]


def first_and_later(milliseconds: list[float]) -> str:
    """What the first visit took, and the ones after it."""
    first, *later = milliseconds
    return f"first {first:.0f} ms, then p50 {statistics.median(later):.0f} ms, p95 {p95(later):.0f} ms"


def first_row(world: World) -> Iterator[str]:
    """How long until the first row of a project's runs is seen."""
    views = {
        "newest first": "/local/p",
        "sorted by a metric": "/local/p?sort=-summary.val_accuracy",
        "filtered, sorted, 100 rows": "/local/p?filter=lr+%3C+0.01&sort=-summary.val_accuracy&size=100",
        "grouped by a key": "/local/p?group=config.model",
    }
    page = world.context.new_page()
    page.add_init_script(FIRST_ROW)
    for name, path in views.items():
        found = []
        for _ in range(world.options.repeats + 1):
            page.goto(path)
            page.wait_for_function("window.firstRow")
            found.append(float(page.evaluate("window.firstRow")))
        yield f"first row, {name}: {first_and_later(found)} (bar 500 ms)"
    page.close()


def sweep(world: World) -> Iterator[str]:
    """How long until the parallel coordinates of a sweep can be brushed, and until its table shows what is."""
    page = world.context.new_page()
    page.add_init_script(BRUSHABLE)
    ready, filtered = [], []
    for _ in range(world.options.repeats + 1):
        page.goto(f"/local/p/sweeps/{SWEEP_ID}")
        page.wait_for_function("() => window.brushable > 0")
        ready.append(float(page.evaluate("window.brushable")))
        box = page.locator('[data-chart="parallel"] canvas').bounding_box()
        assert box is not None
        x, y = box["x"] + 36, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y + 60, steps=5)
        begun = time.perf_counter()
        page.mouse.up()
        page.locator(".count", has_text=" of ").wait_for()
        filtered.append((time.perf_counter() - begun) * 1000)
    page.close()
    for name, found, bar in (("brushable", ready, " (bar 1500 ms)"), ("brush to filtered table", filtered, "")):
        yield f"sweep of {RUNS:,} runs, {name}: {first_and_later(found)}{bar}"


def curves(world: World) -> Iterator[str]:
    """How long until the curves of 100 runs are drawn, and how much is sent for that."""
    page = world.context.new_page()
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.add_init_script(CURVES_DRAWN)
    every = "&".join(f"chart={metric}" for metric in METRICS)
    for name, path in {
        "100 runs, a chart": "/local/p?chart=val_loss",
        "100 runs, the three charts of the page by itself": "/local/p",
        "100 runs, a chart for each of 5 metrics": f"/local/p?{every}",
        "100 runs in 3 groups, three charts": "/local/p?group=config.model",
        "200 runs, three charts": "/local/p?chart-runs=200",
    }.items():
        found, sent = [], 0
        for _ in range(world.options.repeats + 1):
            page.goto(path)
            page.wait_for_function("() => window.curvesDrawn")
            found.append(float(page.evaluate("window.curvesDrawn")))
            sent = page.evaluate("performance.getEntries().reduce((sum, each) => sum + (each.transferSize ?? 0), 0)")
        yield f"curves of {name}: {first_and_later(found)} (bar 1000 ms), {sent / 1e6:.2f} MB sent (bar 2 MB)"
    page.close()
    yield from plotted(world)


def plotted(world: World) -> Iterator[str]:
    """How long from a value that is sent to a curve that has it, as the chart's table says."""
    filling = Filling(world.url, world.key)
    run = f"run{time.time_ns()}"  # The home may be one that has seen this before.
    filling.begin("plotted", run)
    page = world.context.new_page()
    found = []
    for number in range(world.options.repeats + 1):
        time.sleep(random.Random(number).uniform(0.5, 1.5))  # so that the hub is met at any moment between its looks
        begun = time.perf_counter()
        filling.log("plotted", run, [{"_step": number, "accuracy": number}], offset=number)
        filling.summarise("plotted", run, {"accuracy": number})
        if not number:
            page.goto(f"/local/plotted?runs={run}")
            page.get_by_text("Table", exact=True).click()
            expect(page.locator("#live")).to_have_text("Live")
            continue
        page.locator(".legend td").first.get_by_text(str(number), exact=True).wait_for()
        found.append((time.perf_counter() - begun) * 1000)
    page.close()
    filling.close()
    yield f"logged to drawn: p50 {statistics.median(found):.0f} ms, p95 {p95(found):.0f} ms (bar 2000 ms)"


def of_runs(world: World) -> Iterator[str]:
    """How long until a run's overview, and a comparison of twenty runs, are there to read; their curves come later."""
    ids = ",".join(f"run{number:05}" for number in range(0, 20 * 5, 5))
    page = world.context.new_page()
    for name, path in {
        "overview of a run": "/local/p/runs/run00000",
        "comparison of 20 runs": f"/local/p/compare?runs={ids}",
    }.items():
        found = []
        for _ in range(world.options.repeats + 1):
            page.goto(path, wait_until="domcontentloaded")
            found.append(float(page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")))
        yield f"{name}, readable: {first_and_later(found)}"
    page.close()


def shown(world: World) -> Iterator[str]:
    """How long from a summary that is sent to a row that shows it."""
    filling = Filling(world.url, world.key)
    filling.begin("live", "one", config={"lr": 0.1})
    filling.summarise("live", "one", {"accuracy": 0})
    page = world.context.new_page()
    page.goto("/local/live")
    expect(page.locator("#live")).to_have_text("Live")
    cell = page.get_by_role("row", name="one")
    found = []
    for number in range(1, world.options.repeats + 1):
        time.sleep(random.Random(number).uniform(0.5, 1.5))  # so that the hub is met at any moment between its looks
        begun = time.perf_counter()
        filling.summarise("live", "one", {"accuracy": number})
        cell.get_by_text(str(number), exact=True).wait_for()
        found.append((time.perf_counter() - begun) * 1000)
    page.close()
    filling.close()
    yield f"logged to shown: p50 {statistics.median(found):.0f} ms, p95 {p95(found):.0f} ms (bar 2000 ms)"


def idle(world: World) -> Iterator[str]:
    """What five open live pages cost the hub while a sweep of four runs goes on beside them."""
    stop = threading.Event()
    sweep = threading.Thread(target=running_sweep, args=(world, stop))
    sweep.start()
    time.sleep(5)
    without = processor_share(world)
    paths = ["/local/p"] * 3 + [f"/local/p/sweeps/{SWEEP_ID}", "/local/p/runs/live0"]
    pages = [opened(world, path) for path in paths]
    beside = processor_share(world)
    stop.set()
    sweep.join()
    for page in pages:
        page.close()
    yield (
        f"hub's processor: {100 * without:.0f}% of a core with a running sweep, "
        f"{100 * beside:.0f}% with 5 live pages beside it (bar 20%)"
    )


def opened(world: World, path: str) -> Page:
    """A live page, in a profile of its own: a browser gives one host six connections."""
    context = world.browser.new_context(base_url=world.url)
    log_in(context, world.url, world.key)
    page = context.new_page()
    page.goto(path)
    expect(page.locator("#live")).to_have_text("Live")
    return page


def running_sweep(world: World, stop: threading.Event) -> None:
    """Four runs that log a line and a summary every two seconds each."""
    filling = Filling(world.url, world.key)
    for run in range(4):
        filling.begin("p", f"live{run}", config={"lr": 0.1, "model": "mlp"}, sweep=SWEEP_ID)
    step = 0
    while not stop.is_set():
        for run in range(4):
            values = {"accuracy": 1 - 1 / (step + 2), "loss": 1 / (step + 1)}
            filling.log("p", f"live{run}", [{"_step": step, **values}], offset=step)
            filling.summarise("p", f"live{run}", values)
            stop.wait(0.5)
        step += 1
    filling.close()


def processor_share(world: World) -> float:
    """The hub's processor time over the time watched."""
    before, begun = sum(world.hub.cpu_times()[:2]), time.perf_counter()
    time.sleep(world.options.seconds)
    return float((sum(world.hub.cpu_times()[:2]) - before) / (time.perf_counter() - begun))


FIGURES: dict[str, Callable[[World], Iterator[str]]] = {
    "first-row": first_row,
    "sweep": sweep,
    "curves": curves,
    "runs": of_runs,
    "shown": shown,
    "idle": idle,
}

if __name__ == "__main__":
    raise SystemExit(main())
