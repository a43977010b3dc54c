// Early termination: each run at the last band that it reached, and the thresholds there.

import { scaleOf, spotOf } from "./columns.js";
import { jsonOf, note, pointsChart } from "./figures.js";
import { countText, numberText } from "./numbers.js";
import { extent, linear, roomy } from "./scales.js";

/** @typedef {import("./columns.js").Column} Column */

const bands = pointsChart("bands");

/** Draw what the hub has now. */
export async function loadBands() {
  if (!bands) return;
  const found = await jsonOf(bands.figure.dataset.url ?? "");
  /** @type {{id: string, name: string, state: string, band: number, value: number | null, threshold: number | null, of: number}[]} */
  const runs = found.runs.filter((/** @type {{value: number | null}} */ run) => run.value !== null);
  const sign = found.objective?.goal === "minimize" ? 1 : -1;
  const isBehind = (/** @type {typeof runs[number]} */ run) => run.threshold !== null && sign * (/** @type {number} */ (run.value) - run.threshold) > 0;
  const values = extent(runs.flatMap(({ value, threshold }) => [/** @type {number} */ (value), threshold ?? NaN])) ?? [0, 1];
  const iterations = [...new Set(runs.map(({ band }) => band))].sort((left, right) => left - right);
  const categories = iterations.map((iteration) => ({ label: countText(iteration), written: "" }));
  const reached = runs.map(({ band }) => iterations.indexOf(band));
  /** @type {Column} */
  const column = { name: "band", label: "iteration", kind: "category", written: "", categories, values: reached };
  note(bands.figure, found.note, "each run at the last band that it reached; lines are thresholds");
  bands.chart.show({
    marks: runs.map((run, place) => ({
      id: run.id,
      name: run.name,
      said: `${numberText(/** @type {number} */ (run.value))} at iteration ${run.band}, ${thresholdText(run)}; ${run.state}`,
      x: spotOf(column, place),
      y: /** @type {number} */ (run.value),
      colour: isBehind(run) ? "--bad" : "--accent",
    })),
    x: (range) => scaleOf(column, range),
    y: (range) => linear(roomy(values), range),
    xLabel: "iteration",
    yLabel: found.objective?.label ?? "",
    blank: "No run has come to an iteration where the rule looks.",
    under: (context, x, y, paint) => {
      context.strokeStyle = paint("--ink");
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
