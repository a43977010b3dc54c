// What the runs of a sweep have in columns, drawn three times: parallel coordinates, a scatter, slices. What is brushed
// is a part of the table's filter, in the address.

import { readBrushes, writeBrushes } from "./charts/brush.js";
import { NO_RUNS, shareOf } from "./charts/columns.js";
import { figureOf, jsonOf, note, part, urlOf } from "./charts/figures.js";
import { countText } from "./charts/numbers.js";
import { Parallel, spanText } from "./charts/parallel.js";
import { rampOf } from "./charts/ramp.js";
import { drawScatter, drawSlices } from "./charts/scatter.js";
import { missed } from "./live.js";
import { show } from "./runs.js";

/** @typedef {import("./charts/columns.js").Column} Column */
/** @typedef {import("./charts/columns.js").Points} Points */
/** @typedef {import("./charts/parallel.js").Span} Span */

const BRUSH_SOON_MS = 150;

const pictures = document.getElementById("pictures");
/** @type {{name: string, written: string}[]} */
const axes = JSON.parse(pictures?.dataset.axes ?? "[]");
const objective = pictures?.dataset.objective ?? "";
const figure = figureOf("parallel");
const parallel = figure && new Parallel(part(figure, "[data-plot]"), part(figure, "[data-said]"), urlOf, brushed);
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("scatter"));

/** @type {Points | undefined} */
let points;
let drawnFrom = "";
/** A filter whose brush the axes cannot show: they show its runs alone. */
let unshown = "";
/** @type {number | undefined} */
let soon;

/** Draw what the hub has now. */
export async function loadPoints() {
  // A filter that breaks a rule: the table tells it, and the charts stay as they are.
  if (!figure || document.getElementById("problems")) return;
  const url = dataUrl(figure);
  drawnFrom = url;
  const found = /** @type {Points} */ (await jsonOf(url));
  if (drawnFrom !== url) return;
  points = found;
  await draw();
}

/** What the address says of these charts. */
function asked() {
  const parameters = new URL(location.href).searchParams;
  const filter = parameters.get("filter") ?? "";
  const search = parameters.get("search") ?? "";
  if (filter && filter === unshown) return { filter, search, base: filter, brushes: new Map() };
  return { filter, search, ...readBrushes(filter, axes.map(({ written }) => written)) };
}

/**
 * Where the columns are that the charts show, of the runs that pass the filter but for the brush.
 *
 * @param {HTMLElement} parallelFigure
 */
function dataUrl(parallelFigure) {
  const { base, search } = asked();
  const url = new URL(parallelFigure.dataset.url ?? "", location.href);
  const names = [...axes.map(({ name }) => name), objective, ...["x", "y", "colour"].map(scattered)];
  for (const name of new Set(names)) if (name && name !== "none") url.searchParams.append("of", name);
  if (base) url.searchParams.set("filter", base);
  if (search) url.searchParams.set("search", search);
  url.searchParams.set("sort", "+created");
  return url.href;
}

/** @param {string} name */
function scattered(name) {
  return String(new FormData(/** @type {HTMLFormElement} */ (form)).get(name) ?? "");
}

/** @param {string} name */
function columnOf(name) {
  return points?.columns.find((column) => column.name === name);
}

/**
 * What the address brushes, by columns, in their own values; undefined where the axes cannot show it.
 *
 * @returns {Map<string, Span> | undefined}
 */
function brushedSpans() {
  /** @type {Map<string, Span>} */
  const spans = new Map();
  const { brushes } = asked();
  for (const { name, written } of axes) {
    const [brush, column] = [brushes.get(written), columnOf(name)];
    if (!brush || !column) continue;
    if ("low" in brush !== !column.categories) return undefined;
    if ("low" in brush) spans.set(name, brush);
    else {
      const places = brush.literals.map((literal) => column.categories?.findIndex((each) => each.written === literal) ?? -1);
      const [first, last] = [Math.min(...places), Math.max(...places)];
      if (first < 0 || last - first + 1 !== new Set(places).size) return undefined;
      spans.set(name, { low: first - 0.5, high: last + 0.5 });
    }
  }
  return spans;
}

/** Draw the runs that there are, with what the address brushes. */
async function draw() {
  const spans = brushedSpans();
  if (spans) drawWith(spans);
  else {
    unshown = asked().filter;
    await loadPoints();
  }
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

/** @param {Map<string, Span>} spans */
function drawWith(spans) {
  if (!points || !parallel || !figure) return;
  const passes = within(spans);
  const result = columnOf(objective);
  const columns = /** @type {Column[]} */ (axes.map(({ name }) => columnOf(name)).filter(Boolean));
  const colourOf = paint(figure, result, points.objective?.goal === "minimize");
  const inside = points.ids.filter((_, run) => passes(run)).length;
  note(
    figure,
    points.note,
    spans.size ? `${countText(inside)} of ${countText(points.shown)} brushed` : "",
    result ? `coloured by ${result.label}, the best stand out` : "",
  );
  part(figure, "[data-clear]").hidden = !spans.size;
  const blank = points.total ? "No column to draw." : NO_RUNS;
  parallel.show(points, columns, spans, passes, colourOf, blank);
  const [x, y, colour] = ["x", "y", "colour"].map((name) => columnOf(scattered(name)));
  drawScatter(points, passes, x, y, colour);
  drawSlices(points, passes, columns, result, colourOf);
}

/**
 * The colours of runs by their result: the better, the more they stand out.
 *
 * @param {HTMLElement} host
 * @param {Column | undefined} result
 * @param {boolean} isLessBetter
 * @returns {(run: number) => string}
 */
function paint(host, result, isLessBetter) {
  const ramp = rampOf(host);
  if (!result) return () => ramp(0.5);
  const share = shareOf(result);
  return (run) => ramp(isLessBetter ? 1 - share(result.values[run]) : share(result.values[run]));
}

/**
 * @param {Map<string, Span>} spans
 * @param {boolean} done
 */
function brushed(spans, done) {
  drawWith(spans);
  clearTimeout(soon);
  if (done) soon = setTimeout(() => filterBy(spans), BRUSH_SOON_MS);
  const said = [...spans].map(([name, span]) => {
    const column = columnOf(name);
    return column ? `${column.label} ${spanText(column, span)}` : "";
  });
  if (figure) part(figure, "[data-said]").textContent = said.join("; ");
}

/**
 * Have the table show what is brushed.
 *
 * @param {Map<string, Span>} spans
 */
function filterBy(spans) {
  const { base, filter: before } = asked();
  const filter = writeBrushes(base, brushesOf(spans));
  if (filter === before) return;
  const url = new URL(location.href);
  if (filter) url.searchParams.set("filter", filter);
  else url.searchParams.delete("filter");
  url.searchParams.delete("page");
  const field = /** @type {HTMLFormElement | null} */ (document.getElementById("view"))?.elements.namedItem("filter");
  if (field instanceof HTMLInputElement) field.value = filter;
  void show(url.href);
}

/**
 * What is brushed, as a filter names it.
 *
 * @param {Map<string, Span>} spans
 */
function brushesOf(spans) {
  /** @type {import("./charts/brush.js").Brushes} */
  const brushes = new Map();
  for (const { name, written } of axes) {
    const [span, column] = [spans.get(name), columnOf(name)];
    if (!span || !column?.written) continue;
    const chosen = column.categories?.filter((each, place) => each.written && place >= span.low && place <= span.high);
    if (!chosen) brushes.set(written, span);
    else if (chosen.length) brushes.set(written, { literals: chosen.map((each) => each.written) });
  }
  return brushes;
}

if (figure) {
  part(figure, "[data-clear]").addEventListener("click", () => parallel?.clear([...parallel.spans.keys()]));
  form?.addEventListener("change", () => {
    const url = new URL(location.href);
    for (const name of ["x", "y", "colour"]) url.searchParams.set(name, scattered(name));
    void show(url.href);
  });
  // The table shows another view: the same runs with another brush, or others.
  document.addEventListener("refreshed", () => void (dataUrl(figure) === drawnFrom ? draw : loadPoints)().catch(missed));
  document.addEventListener("themechange", () => void draw().catch(missed));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => void draw().catch(missed));
}
