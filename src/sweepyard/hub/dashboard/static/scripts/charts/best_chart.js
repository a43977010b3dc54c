// How the best result of a sweep came about: each run's result when it ended, and the best up to then.

import { durationText, numberText } from "./numbers.js";
import { jsonOf, note, pointsChart } from "./figures.js";
import { extent, linear, roomy, time } from "./scales.js";

const best = pointsChart("best");

/** Draw what the hub has now. */
export async function loadBest() {
  if (!best) return;
  const found = await jsonOf(best.figure.dataset.url ?? "");
  /** @type {{id: string, name: string, seconds: number, value: number, best: boolean}[]} */
  const results = found.results;
  note(best.figure, found.note);
  const values = extent(results.map(({ value }) => value)) ?? [0, 1];
  const last = Math.max(1, ...results.map(({ seconds }) => seconds));
  best.chart.show({
    marks: results.map((each) => ({
      id: each.id,
      name: each.name,
      said: `${numberText(each.value)} after ${durationText(each.seconds)}${each.best ? ", the best so far" : ""}`,
      x: each.seconds,
      y: each.value,
      colour: each.best ? "--accent" : "--faint",
    })),
    x: (range) => time([0, last], range),
    y: (range) => linear(roomy(values), range),
    xLabel: "time since the first result",
    yLabel: found.objective?.label ?? "",
    blank: found.objective ? `No run has a finite value of ${found.objective.label} yet.` : "The sweep file names no metric.",
    under: (context, x, y, paint) => {
      context.strokeStyle = paint("--accent");
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
