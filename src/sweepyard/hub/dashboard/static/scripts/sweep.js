// A sweep's page: its charts, kept up to date; what is brushed on them is a part of the table's filter, in the address.

import { readBrushes, writeBrushes } from "./charts/brush.js";
import { shareOf, scaleOf, textOf } from "./charts/columns.js";
import { countText, durationText, numberText } from "./charts/numbers.js";
import { Parallel, spanText } from "./charts/parallel.js";
import { colourName, resolved } from "./charts/palette.js";
import { PointsChart } from "./charts/points_chart.js";
import { rampOf } from "./charts/ramp.js";
import { extent, linear, roomy, time } from "./charts/scales.js";
import { FetchFailed, fetchOwn, subscribe } from "./live.js";
import { show } from "./runs.js";

/** @typedef {import("./charts/columns.js").Column} Column */
/** @typedef {import("./charts/columns.js").Points} Points */
/** @typedef {import("./charts/parallel.js").Span} Span */

const BRUSH_SOON_MS = 150;
const LEAST_BETWEEN_MS = 3000;
const SPREAD = 0.4; // Of the room that a category has.
const GOLDEN = 0.618033988749895; // Its multiples, without their whole parts, lie evenly.

const pictures = document.getElementById("pictures");
const page = document.getElementById("runs")?.dataset.path ?? "";
const project = page.replace(/\/sweeps\/[^/]*$/, "");
const urlOf = (/** @type {string} */ id) => `${project}/runs/${encodeURIComponent(id)}`;
/** @type {{name: string, written: string}[]} */
const axes = JSON.parse(pictures?.dataset.axes ?? "[]");
const objective = pictures?.dataset.objective ?? "";

/** @param {string} kind */
function figureOf(kind) {
  return /** @type {HTMLElement | null} */ (document.querySelector(`[data-chart="${kind}"]`));
}

/**
 * @template {HTMLElement} Kind
 * @param {HTMLElement} figure
 * @param {string} selector
 */
function part(figure, selector) {
  return /** @type {Kind} */ (figure.querySelector(selector));
}

/** @param {string} kind */
function pointsChart(kind) {
  const figure = figureOf(kind);
  if (!figure) return undefined;
  const chart = new PointsChart(part(figure, "[data-plot]"), part(figure, "[data-said]"), urlOf);
  return { figure, chart };
}

/**
 * @param {HTMLElement} figure
 * @param {string} text
 */
function note(figure, text) {
  const place = part(figure, "[data-note]");
  if (place.textContent !== text) place.textContent = text;
}

/** @param {string} url */
async function jsonOf(url) {
  return (await fetchOwn(url)).json();
}

// What the runs have in columns: parallel coordinates, scatter and slices draw the same runs.

/** What the address says of these charts. */
function asked() {
  const parameters = new URL(location.href).searchParams;
  const { base, brushes } = readBrushes(parameters.get("filter") ?? "", axes.map(({ written }) => written));
  return { base, brushes, search: parameters.get("search") ?? "" };
}

/** @type {Points | undefined} */
let points;
let drawnFrom = "";

const parallelFigure = figureOf("parallel");
const parallel =
  parallelFigure && new Parallel(part(parallelFigure, "[data-plot]"), part(parallelFigure, "[data-said]"), urlOf, brushed);
const scatter = pointsChart("scatter");
const slicesFigure = figureOf("slices");
/** @type {Map<string, PointsChart>} */
const slices = new Map();
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("scatter"));

/** @param {string} name */
function scattered(name) {
  return String(new FormData(/** @type {HTMLFormElement} */ (form)).get(name) ?? "");
}

async function loadPoints() {
  // A filter that breaks a rule: the table tells it, and the charts stay as they are.
  if (!parallelFigure || document.getElementById("problems")) return;
  const { base, search } = asked();
  const url = new URL(parallelFigure.dataset.url ?? "", location.href);
  const names = [...axes.map(({ name }) => name), objective, ...["x", "y", "colour"].map(scattered)];
  for (const name of new Set(names)) if (name && name !== "none") url.searchParams.append("of", name);
  if (base) url.searchParams.set("filter", base);
  if (search) url.searchParams.set("search", search);
  url.searchParams.set("sort", "+created");
  drawnFrom = url.href;
  const found = /** @type {Points} */ (await jsonOf(url.href));
  if (drawnFrom !== url.href) return;
  points = found;
  drawPoints();
}

/** @param {string} name */
function columnOf(name) {
  return points?.columns.find((column) => column.name === name);
}

/**
 * What the address brushes, by columns, in their own values.
 *
 * @returns {Map<string, Span>}
 */
function brushedSpans() {
  /** @type {Map<string, Span>} */
  const spans = new Map();
  const { brushes } = asked();
  for (const { name, written } of axes) {
    const [brush, column] = [brushes.get(written), columnOf(name)];
    if (!brush || !column) continue;
    if ("low" in brush) spans.set(name, brush);
    else if (column.categories) {
      const places = brush.literals.map((literal) => column.categories?.findIndex((each) => each.written === literal) ?? -1);
      spans.set(name, { low: Math.min(...places) - 0.5, high: Math.max(...places) + 0.5 });
    }
  }
  return spans;
}

/**
 * Whether a run is within all spans.
 *
 * @param {Map<string, Span>} spans
 * @returns {(run: number) => boolean}
 */
function within(spans) {
  const tests = [...spans].map(([name, span]) => ({ values: columnOf(name)?.values ?? [], ...span }));
  return (run) =>
    tests.every(({ values, low, high }) => values[run] !== null && values[run] >= low && values[run] <= high);
}

/** @param {Map<string, Span>} [spans] */
function drawPoints(spans = brushedSpans()) {
  if (!points || !parallel || !parallelFigure) return;
  const passes = within(spans);
  const inside = points.ids.filter((_, run) => passes(run)).length;
  const result = columnOf(objective);
  const ramp = rampOf(parallelFigure);
  const share = result ? shareOf(result) : undefined;
  const better = points.objective?.goal === "minimize" ? (/** @type {number} */ each) => 1 - each : (/** @type {number} */ each) => each;
  const colourOf = (/** @type {number} */ run) => ramp(share && result ? better(share(result.values[run])) : NaN);
  const columns = /** @type {Column[]} */ ([...axes.map(({ name }) => columnOf(name)), result].filter(Boolean));
  const distinct = columns.filter((column, place) => columns.indexOf(column) === place);
  parallel.show(points, distinct, spans, passes, colourOf, blankOf(points));
  const brushedText = spans.size ? `${countText(inside)} of ${countText(points.shown)} brushed` : "";
  const coloured = result ? `coloured by ${result.label}, the best stand out` : "";
  note(parallelFigure, [points.note, brushedText, coloured].filter(Boolean).join(" · "));
  part(parallelFigure, "[data-clear]").hidden = !spans.size;
  drawScatter(points, passes);
  drawSlices(points, distinct, passes, colourOf, result);
}

/** @param {Points} found */
function blankOf(found) {
  return found.total ? "No column to draw." : "No run passes the filter.";
}

/**
 * @param {Points} found
 * @param {(run: number) => boolean} passes
 */
function drawScatter(found, passes) {
  const [x, y, colour] = ["x", "y", "colour"].map((name) => columnOf(scattered(name)));
  if (!scatter || !x || !y) return;
  const paint = painter(scatter.figure, colour);
  const runs = found.ids.map((_, run) => run).filter((run) => x.values[run] !== null && y.values[run] !== null);
  const missing = found.shown - runs.length;
  note(scatter.figure, [found.note, missing ? `${countText(missing)} runs without a value` : "", paint.legend].filter(Boolean).join(" · "));
  scatter.chart.show({
    marks: runs.map((run) => ({
      id: found.ids[run],
      name: found.names[run],
      said: [x, y, ...(colour ? [colour] : [])].map((each) => `${each.label} ${textOf(each, each.values[run])}`).join(", "),
      x: spotOf(x, run),
      y: spotOf(y, run),
      colour: paint.of(run),
      faint: !passes(run),
    })),
    x: (range) => scaleOf(x, range),
    y: (range) => scaleOf(y, range),
    xLabel: x.label,
    yLabel: y.label,
    blank: found.total ? `No run has both ${x.label} and ${y.label}.` : blankOf(found),
  });
}

/**
 * Where a run's point is: those of one category beside each other, the same run always at the same place.
 *
 * @param {Column} column
 * @param {number} run that has a value there
 */
function spotOf(column, run) {
  const value = /** @type {number} */ (column.values[run]);
  return column.categories ? value + SPREAD * (((run * GOLDEN) % 1) - 0.5) : value;
}

/**
 * The colours of runs by a column, and what they mean.
 *
 * @param {HTMLElement} figure
 * @param {Column | undefined} column
 */
function painter(figure, column) {
  if (!column) {
    const colours = resolved(figure, ["--accent"]);
    return { of: () => colours["--accent"], legend: "" };
  }
  if (column.categories && column.categories.length <= 8) {
    const names = column.categories.map((_, place) => colourName(place + 1));
    const colours = resolved(figure, [...names, "--edge"]);
    legend(figure, column.categories.map(({ label }, place) => [label, colours[names[place]]]));
    return { of: (/** @type {number} */ run) => colours[names[column.values[run] ?? -1] ?? "--edge"], legend: "" };
  }
  const [ramp, share] = [rampOf(figure), shareOf(column)];
  const ends = extent(/** @type {number[]} */ (column.values.filter((value) => value !== null)));
  legend(figure, ends ? ends.map((value, place) => [textOf(column, value), ramp(place)]) : []);
  return { of: (/** @type {number} */ run) => ramp(share(column.values[run])), legend: "" };
}

/**
 * @param {HTMLElement} figure
 * @param {[string, string][]} entries text and colour
 */
function legend(figure, entries) {
  const place = part(figure, "[data-legend]");
  place.replaceChildren(
    ...entries.map(([text, colour]) => {
      const swatch = Object.assign(document.createElement("i"), { className: "swatch" });
      swatch.style.background = colour;
      const entry = document.createElement("span");
      entry.append(swatch, Object.assign(document.createElement("bdi"), { textContent: text }));
      return entry;
    }),
  );
}

/**
 * @param {Points} found
 * @param {Column[]} columns
 * @param {(run: number) => boolean} passes
 * @param {(run: number) => string} colourOf
 * @param {Column | undefined} result
 */
function drawSlices(found, columns, passes, colourOf, result) {
  if (!slicesFigure || !result) return;
  const place = part(slicesFigure, "[data-slices]");
  note(slicesFigure, `${result.label} over each parameter`);
  for (const column of columns) {
    if (column === result) continue;
    const chart = slices.get(column.name) ?? slice(place, column);
    slices.set(column.name, chart);
    const runs = found.ids.map((_, run) => run).filter((run) => column.values[run] !== null && result.values[run] !== null);
    chart.show({
      marks: runs.map((run) => ({
        id: found.ids[run],
        name: found.names[run],
        said: `${column.label} ${textOf(column, column.values[run])}, ${result.label} ${textOf(result, result.values[run])}`,
        x: spotOf(column, run),
        y: spotOf(result, run),
        colour: colourOf(run),
        faint: !passes(run),
      })),
      x: (range) => scaleOf(column, range),
      y: (range) => scaleOf(result, range),
      xLabel: column.label,
      yLabel: "",
      blank: "No run has both.",
    });
  }
}

/**
 * @param {HTMLElement} place
 * @param {Column} column
 */
function slice(place, column) {
  const host = document.createElement("div");
  host.tabIndex = 0;
  host.setAttribute("role", "application");
  host.setAttribute("aria-roledescription", "chart");
  host.setAttribute("aria-label", `Result over ${column.label}: left and right go from run to run, Enter opens the run`);
  place.append(host);
  return new PointsChart(host, part(/** @type {HTMLElement} */ (slicesFigure), "[data-said]"), urlOf);
}

/** @type {number | undefined} */
let soon;

/**
 * @param {Map<string, Span>} spans
 * @param {boolean} done
 */
function brushed(spans, done) {
  drawPoints(spans);
  clearTimeout(soon);
  if (done) soon = setTimeout(() => filterBy(spans), BRUSH_SOON_MS);
  const said = [...spans].map(([name, span]) => {
    const column = columnOf(name);
    return column ? `${column.label} ${spanText(column, span)}` : "";
  });
  if (parallelFigure) part(parallelFigure, "[data-said]").textContent = said.join("; ");
}

/**
 * Have the table show what is brushed.
 *
 * @param {Map<string, Span>} spans
 */
function filterBy(spans) {
  const { base } = asked();
  /** @type {import("./charts/brush.js").Brushes} */
  const brushes = new Map();
  for (const { name, written } of axes) {
    const [span, column] = [spans.get(name), columnOf(name)];
    if (!span || !column?.written) continue;
    if (!column.categories) brushes.set(written, span);
    else {
      const chosen = column.categories.filter((each, place) => each.written && place >= span.low && place <= span.high);
      if (chosen.length) brushes.set(written, { literals: chosen.map((each) => each.written) });
    }
  }
  const filter = writeBrushes(base, brushes);
  const url = new URL(location.href);
  if (filter === (url.searchParams.get("filter") ?? "")) return;
  if (filter) url.searchParams.set("filter", filter);
  else url.searchParams.delete("filter");
  url.searchParams.delete("page");
  const field = /** @type {HTMLFormElement | null} */ (document.getElementById("view"))?.elements.namedItem("filter");
  if (field instanceof HTMLInputElement) field.value = filter;
  void show(url.href);
}

parallelFigure?.querySelector("[data-clear]")?.addEventListener("click", () => parallel?.clear([...parallel.spans.keys()]));

form?.addEventListener("change", () => {
  const url = new URL(location.href);
  for (const name of ["x", "y", "colour"]) url.searchParams.set(name, scattered(name));
  void show(url.href).then(() => tried(loadPoints));
});

document.addEventListener("refreshed", () => {
  const before = drawnFrom;
  const { base, search } = asked();
  const now = new URL(before || location.href).searchParams;
  if ((now.get("filter") ?? "") === base && (now.get("search") ?? "") === search) drawPoints();
  else void tried(loadPoints);
});
document.addEventListener("themechange", () => drawPoints());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawPoints());

// How the best result came about.

const best = pointsChart("best");

async function loadBest() {
  if (!best) return;
  const found = await jsonOf(best.figure.dataset.url ?? "");
  /** @type {{id: string, name: string, seconds: number, value: number, best: boolean}[]} */
  const results = found.results;
  note(best.figure, found.note);
  const colours = resolved(best.figure, ["--accent", "--faint"]);
  const values = extent(results.map(({ value }) => value)) ?? [0, 1];
  const last = Math.max(1, ...results.map(({ seconds }) => seconds));
  best.chart.show({
    marks: results.map((each) => ({
      id: each.id,
      name: each.name,
      said: `${numberText(each.value)} after ${durationText(each.seconds)}${each.best ? ", the best so far" : ""}`,
      x: each.seconds,
      y: each.value,
      colour: each.best ? colours["--accent"] : colours["--faint"],
    })),
    x: (range) => time([0, last], range),
    y: (range) => linear(roomy(values), range),
    xLabel: "time since the first result",
    yLabel: found.objective?.label ?? "",
    blank: found.objective ? `No run has a finite value of ${found.objective.label} yet.` : "The sweep file names no metric.",
    under: (context, x, y) => {
      context.strokeStyle = colours["--accent"];
      context.lineWidth = 2;
      context.beginPath();
      let before;
      for (const each of results.filter((result) => result.best)) {
        if (before) context.lineTo(x.place(each.seconds), y.place(before.value));
        context.lineTo(x.place(each.seconds), y.place(each.value));
        before = each;
      }
      if (before) context.lineTo(x.place(last), y.place(before.value));
      context.stroke();
    },
  });
}

// Early termination: values and thresholds at the bands.

const bands = pointsChart("bands");

async function loadBands() {
  if (!bands) return;
  const found = await jsonOf(bands.figure.dataset.url ?? "");
  /** @type {{id: string, name: string, state: string, band: number, value: number | null, threshold: number | null, of: number}[]} */
  const runs = found.runs.filter((/** @type {{value: number | null}} */ run) => run.value !== null);
  const colours = resolved(bands.figure, ["--accent", "--bad", "--ink"]);
  const sign = found.objective?.goal === "minimize" ? 1 : -1;
  const isBehind = (/** @type {typeof runs[number]} */ run) => run.threshold !== null && sign * (/** @type {number} */ (run.value) - run.threshold) > 0;
  const values = extent(runs.flatMap(({ value, threshold }) => [/** @type {number} */ (value), threshold ?? NaN])) ?? [0, 1];
  const iterations = [...new Set(runs.map(({ band }) => band))].sort((left, right) => left - right);
  const categories = iterations.map((iteration) => ({ label: countText(iteration), written: "" }));
  const reached = runs.map(({ band }) => iterations.indexOf(band));
  /** @type {Column} */
  const column = { name: "band", label: "iteration", kind: "category", written: "", categories, values: reached };
  note(bands.figure, [found.note, "each run at the last band that it reached; lines are thresholds"].filter(Boolean).join(" · "));
  bands.chart.show({
    marks: runs.map((run, place) => ({
      id: run.id,
      name: run.name,
      said: `${numberText(/** @type {number} */ (run.value))} at iteration ${run.band}, ${thresholdText(run)}; ${run.state}`,
      x: spotOf(column, place),
      y: /** @type {number} */ (run.value),
      colour: isBehind(run) ? colours["--bad"] : colours["--accent"],
    })),
    x: (range) => scaleOf(column, range),
    y: (range) => linear(roomy(values), range),
    xLabel: "iteration",
    yLabel: found.objective?.label ?? "",
    blank: "No run has come to an iteration where the rule looks.",
    under: (context, x, y) => {
      context.strokeStyle = colours["--ink"];
      context.lineWidth = 1.5;
      const thresholds = new Set(
        runs.flatMap(({ threshold }, place) => (threshold === null ? [] : [`${reached[place]} ${threshold}`])),
      );
      for (const [place, threshold] of [...thresholds].map((each) => each.split(" ").map(Number))) {
        context.beginPath();
        context.moveTo(x.place(place - 0.35), y.place(threshold));
        context.lineTo(x.place(place + 0.35), y.place(threshold));
        context.stroke();
      }
    },
  });
}

/** @param {{threshold: number | null, of: number}} run */
function thresholdText(run) {
  return run.threshold === null ? "nothing to compare with" : `threshold ${numberText(run.threshold)} from ${run.of} runs`;
}

let loadedAt = -Infinity;
/** @type {number | undefined} */
let later;

/** Draw what the hub has now; charts of thousands of runs are not asked for at each number that one of them logs. */
async function load() {
  const wait = loadedAt + LEAST_BETWEEN_MS - performance.now();
  if (wait > 0) {
    later ??= setTimeout(() => {
      later = undefined;
      void load();
    }, wait);
    return;
  }
  loadedAt = performance.now();
  await tried(() => Promise.all([loadPoints(), loadBest(), loadBands()]));
}

/**
 * Do what needs the hub; that it is away, the page's bar says, and a next mark has it done again.
 *
 * @param {() => Promise<unknown>} work
 */
async function tried(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof FetchFailed)) throw error;
    loadedAt = -Infinity;
  }
}

const { events } = document.body.dataset;
if (events && pictures) subscribe(events, load);
if (pictures) void load();
