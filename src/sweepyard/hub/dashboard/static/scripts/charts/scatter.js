// Runs by two columns, coloured by a third; and slices: the result over each parameter.

import { NO_RUNS, scaleOf, shareOf, spotOf, textOf } from "./columns.js";
import { figureOf, note, part, pointsChart, urlOf } from "./figures.js";
import { countText } from "./numbers.js";
import { COLOURS, colourName, resolved } from "./palette.js";
import { PointsChart } from "./points_chart.js";
import { rampOf } from "./ramp.js";
import { extent } from "./scales.js";

/** @typedef {import("./columns.js").Column} Column */
/** @typedef {import("./columns.js").Points} Points */
/** @typedef {(run: number) => string} Paint */
/** @typedef {(run: number) => boolean} Test */

const scatter = pointsChart("scatter");
const slicesFigure = figureOf("slices");
/** @type {Map<string, PointsChart>} */
const slices = new Map();

/**
 * @param {Points} points
 * @param {Test} passes whether a run is within what is brushed
 * @param {Column | undefined} x
 * @param {Column | undefined} y
 * @param {Column | undefined} colour
 */
export function drawScatter(points, passes, x, y, colour) {
  if (!scatter || !x || !y) return;
  const marks = marksOf(points, passes, x, y, painted(scatter.figure, colour), colour);
  const missing = points.shown - marks.length;
  note(scatter.figure, points.note, missing ? `${countText(missing)} runs without a value` : "");
  scatter.chart.show({
    marks,
    x: (range) => scaleOf(x, range),
    y: (range) => scaleOf(y, range),
    xLabel: x.label,
    yLabel: y.label,
    blank: points.total ? `No run has both ${x.label} and ${y.label}.` : NO_RUNS,
  });
}

/**
 * @param {Points} points
 * @param {Test} passes whether a run is within what is brushed
 * @param {Column[]} columns
 * @param {Column | undefined} result
 * @param {Paint} colourOf
 */
export function drawSlices(points, passes, columns, result, colourOf) {
  if (!slicesFigure || !result) return;
  note(slicesFigure, `${result.label} over each parameter`);
  for (const column of columns) {
    if (column === result) continue;
    const chart = slices.get(column.name) ?? slice(slicesFigure, column);
    slices.set(column.name, chart);
    chart.show({
      marks: marksOf(points, passes, column, result, colourOf),
      x: (range) => scaleOf(column, range),
      y: (range) => scaleOf(result, range),
      xLabel: column.label,
      yLabel: "",
      blank: "No run has both.",
    });
  }
}

/**
 * @param {Points} points
 * @param {Test} passes
 * @param {Column} x
 * @param {Column} y
 * @param {Paint} colourOf
 * @param {Column} [third] is told of too
 */
function marksOf(points, passes, x, y, colourOf, third) {
  const told = third ? [x, y, third] : [x, y];
  const runs = points.ids.map((_, run) => run).filter((run) => x.values[run] !== null && y.values[run] !== null);
  return runs.map((run) => ({
    id: points.ids[run],
    name: points.names[run],
    said: told.map((each) => `${each.label} ${textOf(each, each.values[run])}`).join(", "),
    x: spotOf(x, run),
    y: spotOf(y, run),
    colour: colourOf(run),
    faint: !passes(run),
  }));
}

/**
 * The colours of runs by a column; the figure's legend tells what they mean.
 *
 * @param {HTMLElement} figure
 * @param {Column | undefined} column
 * @returns {Paint}
 */
function painted(figure, column) {
  if (!column) {
    showLegend(figure, []);
    return () => "--accent";
  }
  if (column.categories && column.categories.length <= COLOURS) {
    const names = column.categories.map((_, place) => colourName(place + 1));
    const colours = resolved(figure, [...names, "--edge"]);
    showLegend(figure, column.categories.map(({ label }, place) => [label, colours[names[place]]]));
    return (run) => colours[names[column.values[run] ?? -1] ?? "--edge"];
  }
  const [ramp, share] = [rampOf(figure), shareOf(column)];
  const ends = extent(/** @type {number[]} */ (column.values.filter((value) => value !== null)));
  showLegend(figure, ends ? ends.map((value, place) => [textOf(column, value), ramp(place)]) : []);
  return (run) => ramp(share(column.values[run]));
}

/**
 * @param {HTMLElement} figure
 * @param {[string, string][]} entries text and colour
 */
function showLegend(figure, entries) {
  part(figure, "[data-legend]").replaceChildren(
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
 * @param {HTMLElement} figure
 * @param {Column} column
 */
function slice(figure, column) {
  const host = document.createElement("div");
  host.tabIndex = 0;
  host.setAttribute("role", "application");
  host.setAttribute("aria-roledescription", "chart");
  host.setAttribute("aria-label", `Result over ${column.label}: left and right go from run to run, Enter opens the run`);
  part(figure, "[data-slices]").append(host);
  return new PointsChart(host, part(figure, "[data-said]"), urlOf);
}
