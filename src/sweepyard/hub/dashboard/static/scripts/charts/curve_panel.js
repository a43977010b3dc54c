// A figure with a chart of curves: what it asks the hub for, what it says of what is pointed at, and its table.

import { CurveChart } from "./curve_chart.js";
import { linesIn, linesOf } from "./curve_lines.js";
import { countText, numberText } from "./numbers.js";
import { coloursOf } from "./palette.js";
import { keepZoom, zoomOf } from "./zooms.js";

/** @typedef {import("./curve_chart.js").Look} Look */
/** @typedef {import("./curve_lines.js").Line} Line */

/**
 * @typedef {object} Source what charts of the same runs have in common
 * @property {string} dataUrl where their numbers are, without a query
 * @property {string} runsUrl what the addresses of runs begin with; empty where lines are no runs
 * @property {() => Look} look
 * @property {() => URLSearchParams} wanted which runs, and along which axis
 * @property {() => number} most at most how many lines a chart has
 * @property {string} part which of the page's parts they are, before the metrics' names in its address
 * @property {() => string} problem why nothing can be drawn; empty where something can
 * @property {(text: string) => void} say which runs these are, or what went wrong
 * @property {(lines: import("./curve_lines.js").Line[]) => void} [drew] told the lines of all charts, some of them often
 */

const POINTS_OF_ALL = 16000; // Of one chart; so 100 curves have 160 points each.
const FEWEST_POINTS = 80;
const NEAR = 200; // pixels, as a surface has it

/** A figure, its chart, and what it has asked for. */
export class CurvePanel {
  /**
   * @param {HTMLElement} figure
   * @param {Source} source
   * @param {() => unknown} update has the charts that need it ask the hub
   */
  constructor(figure, source, update) {
    this.figure = figure;
    this.source = source;
    this.update = update;
    this.metric = figure.dataset.metric ?? "";
    this.name = `${source.part}${this.metric}`;
    /** @type {[number, number] | null} the address's stretch, until the whole is known that smoothing goes by */
    this.linked = zoomOf(this.name);
    this.label = figure.querySelector("figcaption bdi")?.textContent ?? "";
    this.said = /** @type {HTMLElement} */ (figure.querySelector(".said"));
    this.legend = /** @type {HTMLElement} */ (figure.querySelector(".legend"));
    this.table = /** @type {HTMLDetailsElement} */ (figure.querySelector("details"));
    this.question = "";
    /** Whether something has happened since it asked. */
    this.due = false;
    /** @type {Map<string, Line>} what is drawn without a zoom */
    this.whole = new Map();
    this.chart = new CurveChart(/** @type {HTMLElement} */ (figure.querySelector(".plot")), source.look(), {
      sight: () => update(),
      zoom: (edges) => this.zoomed(edges),
      point: (line, index) => this.pointed(line, index),
      open: (line) => this.isRun(line) && location.assign(this.addressOf(line)),
    });
    figure.addEventListener("click", (event) => {
      const button = event.target instanceof Element && event.target.closest("button");
      if (button && button.name === "reset") this.chart.zoom(null);
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
    const asked = this.source.wanted();
    const width = Math.ceil(this.chart.plot.clientWidth / 20) * 20;
    asked.set("points", String(Math.max(FEWEST_POINTS, Math.min(width, Math.floor(POINTS_OF_ALL / this.source.most())))));
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
    const colours = coloursOf(linesIn(answer, chart).map(({ key }) => key));
    const lines = linesOf(answer, chart, isNews ? this.chart.lines : new Map(), colours);
    if (!this.chart.edges) this.whole = lines;
    this.chart.show(lines);
    this.describe();
    const { linked } = this;
    this.linked = null;
    if (linked) this.chart.zoom(linked);
  }

  /** Show the stretch that the address says. */
  follow() {
    const edges = zoomOf(this.name);
    if (String(edges) !== String(this.chart.edges)) this.chart.zoom(edges);
  }

  /** @param {[number, number] | null} edges */
  zoomed(edges) {
    this.button("reset").hidden = !edges;
    keepZoom(this.name, edges);
    if (!edges) {
      this.chart.show(this.whole);
      this.chart.plot.focus({ preventScroll: true });
    }
    this.question = "";
    void this.update();
  }

  /** @param {string} name */
  button(name) {
    return /** @type {HTMLButtonElement} */ (this.figure.querySelector(`button[name=${name}]`));
  }

  /** Say what there is to see, and why it may be less than somebody expects. */
  describe() {
    const { blank } = this.chart;
    blank.hidden = this.chart.extents().upward !== undefined;
    if (!blank.hidden) blank.textContent = this.whyBlank();
    if (!this.chart.pointed) this.pointed(undefined, -1);
    if (this.table.open) this.fillTable();
  }

  whyBlank() {
    if (!this.chart.lines.size) return "No runs to draw.";
    if (this.chart.drawn().length) return "No value here has a place on the chart.";
    if (this.chart.edges) return "Nothing was logged in this stretch.";
    const { axis } = this.source.look();
    const over = axis === "step" ? "" : ` beside ${axis === "time" ? "the time" : "an epoch"}`;
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
    table.append(made("caption", this.chart.edges ? "In the stretch shown" : `${this.label} of what is drawn`));
    table.createTHead().insertRow().append(...[groups ? "group" : this.source.runsUrl ? "run" : "part", "last", "least", "greatest", groups ? "n" : "not finite"].map((text, place) => head(text, place > 0)));
    const body = table.createTBody();
    for (const line of this.chart.drawn()) {
      const row = body.insertRow();
      row.dataset.key = line.key;
      const name = row.appendChild(head("", false));
      name.scope = "row";
      name.append(swatch(line.colour));
      const label = made("bdi", line.name);
      if (!this.isRun(line)) name.append(label);
      else name.appendChild(Object.assign(document.createElement("a"), { href: this.addressOf(line) })).append(label);
      for (const text of cellsOf(line)) {
        const cell = row.insertCell();
        cell.className = "number";
        cell.textContent = text;
      }
    }
    this.legend.replaceChildren(table);
  }

  /** @param {string} reason why there is nothing to draw */
  blank(reason) {
    this.chart.show(new Map());
    Object.assign(this.chart.blank, { textContent: reason, hidden: false });
    this.said.replaceChildren();
  }

  restyle() {
    const [before, now] = [this.chart.look.axis, this.source.look()];
    this.chart.restyle(now);
    if (before !== now.axis) this.chart.forget();
    this.describe();
  }

  /** @param {Line} line */
  isRun(line) {
    return !line.runs && this.source.runsUrl !== "";
  }

  /** @param {Line} line */
  addressOf(line) {
    return `${this.source.runsUrl}${encodeURIComponent(line.key)}`;
  }

  close() {
    this.chart.close();
  }
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
