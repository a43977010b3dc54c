// Curves on a page: its charts follow the table's view and selection and what happens, and keep zoom and what is pointed
// at. The choices stand in the address.

import { CurveSet } from "./charts/curve_set.js";
import { mark } from "./charts/marks.js";
import { subscribe } from "./live.js";
import { follow } from "./page.js";

const SOON_MS = 150;
const USUAL_RUNS = 100; // as `curve_views.DEFAULT_RUNS`
const OF_VIEW = ["search", "filter", "sort", "group", "hide", "runs", "only", "chart-x", "chart-runs"];

const section = /** @type {HTMLDetailsElement} */ (document.getElementById("curves"));
const form = /** @type {HTMLFormElement} */ (document.getElementById("curve-view"));
const grid = /** @type {HTMLElement} */ (document.getElementById("curve-charts"));
const note = /** @type {HTMLElement} */ (document.getElementById("curves-note"));

const charts = new CurveSet(grid, {
  dataUrl: section.dataset.url ?? "",
  runsUrl: section.dataset.runsUrl ?? "",
  part: "",
  look,
  wanted,
  most: () => Number(asked().get("chart-runs")) || (form.elements.namedItem("chart-runs") ? USUAL_RUNS : 1),
  problem: () => (document.getElementById("problems") ? "The filter or a column breaks a rule, so there is nothing to draw." : ""),
  say: (text) => void (note.textContent = text),
  drew: mark,
});

/** What the address says. */
function asked() {
  return new URL(location.href).searchParams;
}

function wanted() {
  const parameters = asked();
  const chosen = new URLSearchParams();
  for (const name of OF_VIEW) for (const value of parameters.getAll(name)) chosen.append(name, value);
  return chosen;
}

/** @param {{all?: boolean}} [how] as `CurveSet.update` has it */
async function update(how) {
  if (section.open) await charts.update(how);
}

/** @returns {import("./charts/curve_chart.js").Look} */
function look() {
  const chosen = new FormData(form);
  const logarithmic = chosen.getAll("chart-log");
  const axis = /** @type {"step" | "epoch" | "time"} */ (chosen.get("chart-x"));
  const smoothing = Number(chosen.get("chart-smooth")) / 100;
  return { axis, logX: logarithmic.includes("x"), logY: logarithmic.includes("y"), smoothing };
}

/** Put the choices into the address, where the table's links find them; what is as it is by itself is left out. */
function keepChoices() {
  const url = new URL(location.href);
  const usual = { "chart-x": "step", "chart-smooth": "0", "chart-runs": String(USUAL_RUNS) };
  for (const name of ["chart-x", "chart-smooth", "chart-runs", "chart-log", "chart-size"]) url.searchParams.delete(name);
  for (const [name, value] of new FormData(form)) {
    if (name.startsWith("chart-") && value !== usual[name]) url.searchParams.append(name, String(value));
  }
  history.replaceState(history.state, "", url);
}

/** Have the choices say what the address says. */
function readChoices() {
  const parameters = asked();
  for (const field of form.elements) {
    if (field instanceof HTMLSelectElement) field.value = parameters.get(field.name) ?? (field.name === "chart-x" ? "step" : String(USUAL_RUNS));
    else if (!(field instanceof HTMLInputElement)) continue;
    else if (field.type === "checkbox") field.checked = parameters.getAll(field.name).includes(field.value);
    else if (field.type === "range") field.value = parameters.get(field.name) ?? "0";
  }
  restyle();
}

function restyle() {
  const output = form.querySelector("output");
  if (output) output.textContent = look().smoothing.toFixed(2);
  grid.classList.toggle("large", new FormData(form).has("chart-size"));
  charts.restyle();
}

/** The last chart stays. */
function showRemoving() {
  const buttons = [...grid.querySelectorAll("button[name=remove]")].filter((each) => each instanceof HTMLButtonElement);
  for (const button of buttons) button.hidden = buttons.length < 2;
}

/**
 * Draw these metrics, and no others.
 *
 * @param {string[]} chosen
 */
function choose(chosen) {
  const url = new URL(location.href);
  url.searchParams.delete("chart");
  for (const metric of chosen) url.searchParams.append("chart", metric);
  history.pushState(null, "", url);
  void follow();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("add"));
  const metric = field.value.trim();
  field.value = "";
  if (metric && !charts.metrics().includes(metric)) choose([...charts.metrics(), metric]);
});

grid.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("button[name=remove]");
  const metric = button && button.closest("figure")?.dataset.metric;
  if (button) choose(charts.metrics().filter((each) => each !== metric));
});

form.addEventListener("input", (event) => {
  const field = /** @type {HTMLInputElement} */ (event.target);
  if (field.name !== "add") {
    keepChoices();
    restyle();
    void update();
  } else if ([.../** @type {HTMLDataListElement} */ (field.list).options].some(({ value }) => value === field.value)) {
    if (!(event instanceof InputEvent) || event.inputType === "insertReplacementText") form.requestSubmit();
  }
});

/** @type {number | undefined} */
let soon;
document.addEventListener("selectionchanged", () => {
  clearTimeout(soon);
  soon = setTimeout(() => void update(), SOON_MS);
});
document.addEventListener("refreshed", () => {
  charts.sync();
  showRemoving();
  void update();
});
addEventListener("popstate", () => {
  const { href } = location;
  readChoices();
  history.replaceState(history.state, "", href); // A chart that lets go of its zoom says so there.
  charts.follow();
  if (!document.getElementById("runs")) void follow(); // else the table has the page made anew
});
section.addEventListener("toggle", () => void update());

showRemoving();
void update(); // without waiting for the first frame, which takes longer where the table is long
const { events } = document.body.dataset;
if (events) subscribe(events, () => update({ all: true }));
