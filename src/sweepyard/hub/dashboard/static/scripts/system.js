// System metrics of a run: a chart for each, a line for each part, along the time since the run began.

import { CurveSet } from "./charts/curve_set.js";
import { subscribe } from "./live.js";

const section = /** @type {HTMLElement} */ (document.getElementById("system"));
const note = /** @type {HTMLElement} */ (document.getElementById("system-note"));

const MOST_PARTS = 8; // as `run_sections.system` has it

const charts = new CurveSet(section, {
  dataUrl: section.dataset.url ?? "",
  runsUrl: "",
  part: "",
  look: () => ({ axis: "time", logX: false, logY: false, smoothing: 0, fromZero: true }),
  wanted: () => new URLSearchParams(),
  most: () => MOST_PARTS,
  problem: () => "",
  say: (text) => void (note.textContent = text),
});

document.addEventListener("refreshed", () => {
  charts.sync();
  void charts.update();
});
addEventListener("popstate", () => charts.follow());

void charts.update();
const { events } = document.body.dataset;
if (events) subscribe(events, () => charts.update({ all: true }));
