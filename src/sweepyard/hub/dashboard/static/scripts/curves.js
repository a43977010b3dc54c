// Curves on a page: its charts ask the hub for their numbers, follow the table's view and selection and what happens,
// and keep zoom and what is pointed at. The choices stand in the address.

import { CurveChart } from "./charts/curve_chart.js";
import { linesOf } from "./charts/curve_lines.js";
import { countText, numberText } from "./charts/numbers.js";
import { coloursOf } from "./charts/palette.js";
import { FetchFailed, fetchOwn, subscribe } from "./live.js";
import { refresh } from "./page.js";

/** @typedef {import("./charts/curve_lines.js").Line} Line */

const SOON_MS = 150;
const USUAL_RUNS = 100; // as `curve_views.DEFAULT_RUNS`
const POINTS_OF_ALL = 16000; // Of one chart; so 100 curves have 160 points each.
const FEWEST_POINTS = 80;
const NEAR = 200; // pixels, as a surface has it
const OF_VIEW = ["search", "filter", "sort", "group", "runs", "only", "chart-x", "chart-runs"];

const section = /** @type {HTMLDetailsElement} */ (document.getElementById("curves"));
const form = /** @type {HTMLFormElement} */ (document.getElementById("curve-view"));
const grid = /** @type {HTMLElement} */ (document.getElementById("curve-charts"));
const note = /** @type {HTMLElement} */ (document.getElementById("curves-note"));

/** A figure, its chart, and what it has asked for. */
class Panel {
  /** @param {HTMLElement} figure */
  constructor(figure) {
    this.figure = figure;
    this.metric = figure.dataset.metric ?? "";
    this.said = /** @type {HTMLElement} */ (figure.querySelector(".said"));
    this.legend = /** @type {HTMLElement} */ (figure.querySelector(".legend"));
    this.table = /** @type {HTMLDetailsElement} */ (figure.querySelector("details"));
    this.question = "";
    /** @type {Map<string, Line>} what is drawn without a zoom */
    this.whole = new Map();
    this.chart = new CurveChart(/** @type {HTMLElement} */ (figure.querySelector(".plot")), look(), {
      sight: () => this.question || update(),
      zoom: (edges) => this.zoomed(edges),
      point: (line, index) => this.pointed(line, index),
      open: (line) => line.runs || location.assign(addressOf(line)),
    });
    figure.addEventListener("click", (event) => {
      const button = event.target instanceof Element && event.target.closest("button");
      if (button && button.name === "reset") this.chart.zoom(null);
      if (button && button.name === "remove") void choose(metrics().filter((metric) => metric !== this.metric));
    });
    this.table.addEventListener("toggle", () => this.fillTable());
    this.legend.addEventListener("pointerover", (event) => this.found(event));
    this.legend.addEventListener("focusin", (event) => this.found(event));
    this.legend.addEventListener("pointerleave", () => this.chart.point(undefined));
  }

  /** Whether it is in sight, or nearly so. */
  isNear() {
    const { top, bottom } = this.figure.getBoundingClientRect();
    return bottom > -NEAR && top < innerHeight + NEAR;
  }

  /** What it asks for, without what it knows already. */
  ask() {
    const address = new URL(location.href).searchParams;
    const asked = new URLSearchParams();
    for (const name of OF_VIEW) for (const value of address.getAll(name)) asked.append(name, value);
    const lines = Number(address.get("chart-runs")) || (form.elements.namedItem("chart-runs") ? USUAL_RUNS : 1);
    const width = Math.ceil(this.chart.plot.clientWidth / 20) * 20;
    asked.set("points", String(Math.max(FEWEST_POINTS, Math.min(width, Math.floor(POINTS_OF_ALL / lines)))));
    const { edges } = this.chart;
    if (edges) [["from", edges[0]], ["to", edges[1]]].forEach(([name, edge]) => asked.set(String(name), String(edge)));
    return asked.toString();
  }

  /** The stamps of the runs whose curves it has. */
  known() {
    return [...this.chart.lines.values()].map(({ stamp }) => stamp).filter(Boolean).join(",");
  }

  /**
   * @param {any} answer
   * @param {boolean} isNews whether it leaves out what was known
   */
  take(answer, isNews) {
    const chart = answer.charts.find((/** @type {any} */ each) => each.metric === this.metric);
    const colours = coloursOf(answer.lines.map((/** @type {Line} */ line) => line.key));
    const lines = linesOf(answer, chart, isNews ? this.chart.lines : new Map(), colours);
    if (!this.chart.edges) this.whole = lines;
    this.chart.show(lines);
    this.describe();
  }

  /** @param {[number, number] | null} edges */
  zoomed(edges) {
    this.button("reset").hidden = !edges;
    if (!edges) {
      this.chart.show(this.whole);
      this.chart.plot.focus({ preventScroll: true });
    }
    this.question = "";
    void update();
  }

  /** @param {string} name */
  button(name) {
    return /** @type {HTMLButtonElement} */ (this.figure.querySelector(`button[name=${name}]`));
  }

  /** Say what there is to see, and why it may be less than somebody expects. */
  describe() {
    const drawn = this.chart.drawn().length;
    const { blank } = this.chart;
    blank.hidden = drawn > 0;
    if (!drawn) blank.textContent = this.whyBlank();
    if (!this.chart.pointed) this.pointed(undefined, -1);
    if (this.table.open) this.fillTable();
  }

  whyBlank() {
    if (!this.chart.lines.size) return "No runs to draw.";
    if (this.chart.edges) return "Nothing was logged in this stretch.";
    const over = look().axis === "step" ? "" : ` beside ${look().axis === "time" ? "the time" : "an epoch"}`;
    return `None of ${countText(this.chart.lines.size)} has logged this${over}.`;
  }

  /**
   * Tell of what is pointed at, or of the whole.
   *
   * @param {Line | undefined} line
   * @param {number} index
   */
  pointed(line, index) {
    for (const row of this.legend.querySelectorAll("tr.near")) row.classList.remove("near");
    if (!line?.curve || index < 0) {
      this.said.replaceChildren(made("span", this.chart.drawn().length ? this.chart.remarks().join(" · ") : ""));
      return;
    }
    const { curve } = line;
    this.legend.querySelector(`tr[data-key="${CSS.escape(line.key)}"]`)?.classList.add("near");
    const value = this.chart.values(curve)[index];
    const { axis, smoothing } = this.chart.look;
    const bounds = curve.low && curve.low[index] < curve.high[index] ? [curve.low[index], curve.high[index]] : [];
    const within = bounds.length ? ` (${bounds.map((bound) => numberText(bound, 4)).join(" to ")})` : "";
    const raw = smoothing > 0 ? `, unsmoothed ${numberText(curve.mean[index], 5)}` : "";
    const count = line.runs ? `, n = ${curve.count?.[index]}` : "";
    this.said.replaceChildren(
      swatch(line.colour),
      made("bdi", line.name),
      " ",
      made("span", `${numberText(value, 5)}${raw}${within}${count}`),
      " ",
      made("span", `${axis === "time" ? "" : `${axis} `}${this.chart.place(curve.x[index])}`),
    );
  }

  /** @param {Event} event */
  found(event) {
    const row = event.target instanceof Element && event.target.closest("tr[data-key]");
    const line = row instanceof HTMLElement ? this.chart.lines.get(row.dataset.key ?? "") : undefined;
    if (line?.curve) this.chart.point(line.key, line.curve.x[line.curve.x.length - 1]);
  }

  fillTable() {
    if (!this.table.open) return;
    const groups = [...this.chart.lines.values()].some(({ runs }) => runs);
    const table = document.createElement("table");
    table.append(made("caption", this.chart.edges ? "In the stretch shown" : `${this.metric} of what is drawn`));
    table.createTHead().insertRow().append(...[groups ? "group" : "run", "last", "least", "greatest", groups ? "n" : "not finite"].map((text, place) => head(text, place > 0)));
    const body = table.createTBody();
    for (const line of this.chart.drawn()) {
      const row = body.insertRow();
      row.dataset.key = line.key;
      const name = row.appendChild(head("", false));
      name.scope = "row";
      name.append(swatch(line.colour));
      if (line.runs) name.append(made("bdi", line.name));
      else name.append(Object.assign(document.createElement("a"), { href: addressOf(line) }));
      if (!line.runs) name.lastElementChild?.append(made("bdi", line.name));
      for (const text of cellsOf(line)) {
        const cell = row.insertCell();
        cell.className = "number";
        cell.textContent = text;
      }
    }
    this.legend.replaceChildren(table);
  }

  close() {
    this.chart.close();
  }
}

/** @type {Map<HTMLElement, Panel>} */
const panels = new Map();

/** The figures are the page's; each has a panel. */
function sync() {
  const figures = [...grid.querySelectorAll("figure[data-chart=curves]")].filter((each) => each instanceof HTMLElement);
  for (const [figure, panel] of panels) {
    if (figures.includes(figure)) continue;
    panel.close();
    panels.delete(figure);
  }
  for (const figure of figures) if (!panels.has(figure)) panels.set(figure, new Panel(figure));
  for (const figure of figures) panels.get(figure).button("remove").hidden = figures.length < 2;
}

let updating = Promise.resolve();

/**
 * Bring all charts that are near what is in sight up to date: those that ask the same in one request.
 *
 * @param {{all?: boolean}} [how] `all`: those too that have what they asked for, since something has happened
 */
function update({ all = false } = {}) {
  updating = updating.then(() => ask(all)).catch(say);
  return updating;
}

/** @param {boolean} all */
async function ask(all) {
  await new Promise((resolve) => setTimeout(resolve)); // so that charts that come in sight together ask together
  if (!section.open) return;
  if (document.getElementById("problems")) return blank("The filter or a column breaks a rule, so there is nothing to draw.");
  /** @type {Map<string, Panel[]>} */
  const alike = new Map();
  for (const panel of panels.values()) {
    const question = panel.ask();
    if (!panel.isNear() || (!all && question === panel.question)) continue;
    const key = `${question}&have=${question === panel.question ? panel.known() : ""}`;
    alike.set(key, [...(alike.get(key) ?? []), panel]);
  }
  await Promise.all([...alike].map(([key, asking]) => fill(key, asking)));
}

/**
 * @param {string} key
 * @param {Panel[]} asking
 */
async function fill(key, asking) {
  const questions = asking.map((panel) => panel.ask());
  const wanted = asking.map(({ metric }) => `metric=${encodeURIComponent(metric)}`).join("&");
  const answer = await (await fetchOwn(`${section.dataset.url}?${wanted}&${key}`)).json();
  asking.forEach((panel, index) => {
    if (panel.ask() !== questions[index]) return; // The reader has gone on meanwhile; another request is on its way.
    panel.question = questions[index];
    panel.take(answer, !key.endsWith("have="));
  });
  note.textContent = answer.note;
}

/** @param {string} text */
function blank(text) {
  for (const { chart, said } of panels.values()) {
    chart.show(new Map());
    Object.assign(chart.blank, { textContent: text, hidden: false });
    said.replaceChildren();
  }
}

/** @param {unknown} error */
function say(error) {
  if (!(error instanceof FetchFailed)) throw error;
  note.textContent = error.message;
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
  const asked = new URL(location.href).searchParams;
  for (const field of form.elements) {
    if (field instanceof HTMLSelectElement) field.value = asked.get(field.name) ?? (field.name === "chart-x" ? "step" : String(USUAL_RUNS));
    else if (!(field instanceof HTMLInputElement)) continue;
    else if (field.type === "checkbox") field.checked = asked.getAll(field.name).includes(field.value);
    else if (field.type === "range") field.value = asked.get(field.name) ?? "0";
  }
  restyle();
}

function restyle() {
  const now = look();
  const output = form.querySelector("output");
  if (output) output.textContent = now.smoothing.toFixed(2);
  grid.classList.toggle("large", new FormData(form).has("chart-size"));
  for (const panel of panels.values()) {
    const before = panel.chart.look.axis;
    panel.chart.restyle(now);
    if (before !== now.axis) panel.chart.forget();
    panel.describe();
  }
}

/** The metrics of the charts, in their order. */
function metrics() {
  return [...panels.values()].map(({ metric }) => metric);
}

/**
 * Draw these metrics, and no others.
 *
 * @param {string[]} chosen
 */
async function choose(chosen) {
  const url = new URL(location.href);
  url.searchParams.delete("chart");
  for (const metric of chosen) url.searchParams.append("chart", metric);
  history.pushState(null, "", url);
  await refresh().catch(say);
}

/** @param {Line} line */
function addressOf(line) {
  return `${section.dataset.runsUrl}${encodeURIComponent(line.key)}`;
}

/** @param {Line} line */
function cellsOf({ curve, runs }) {
  const mean = [...curve.mean];
  const known = mean.filter((value) => !Number.isNaN(value));
  const ends = runs ? [mean, mean] : [curve.low ?? mean, curve.high ?? mean];
  const least = ends[0].reduce((low, value) => (value < low ? value : low), Infinity);
  const greatest = ends[1].reduce((high, value) => (value > high ? value : high), -Infinity);
  const last = known.length ? numberText(known[known.length - 1], 5) : "–";
  const bounds = known.length ? [numberText(least, 5), numberText(greatest, 5)] : ["–", "–"];
  return [last, ...bounds, countText(runs || curve.nan + curve.infinite)];
}

/**
 * @param {string} name
 * @param {string} text
 */
function made(name, text) {
  return Object.assign(document.createElement(name), { textContent: text });
}

/**
 * @param {string} text
 * @param {boolean} numeric
 */
function head(text, numeric) {
  const cell = document.createElement("th");
  return Object.assign(cell, { scope: "col", textContent: text, className: numeric ? "number" : "" });
}

/** @param {number} colour */
function swatch(colour) {
  return Object.assign(document.createElement("i"), { className: `swatch colour-${colour}` });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("add"));
  const metric = field.value.trim();
  field.value = "";
  if (metric && !metrics().includes(metric)) void choose([...metrics(), metric]);
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
  soon = setTimeout(update, SOON_MS);
});
document.addEventListener("refreshed", () => {
  sync();
  void update();
});
addEventListener("popstate", () => {
  readChoices();
  if (!document.getElementById("runs")) void refresh().catch(say); // else the table has the page made anew
});
section.addEventListener("toggle", () => section.open && update());

sync();
void update(); // without waiting for the first frame, which takes longer where the table is long
const { events } = document.body.dataset;
if (events) subscribe(events, () => update({ all: true }));
